"""The account at the end of a run: accepted = delivered + bounced + still queued + lost.

All of it is in copies: a message has one for each recipient who was not refused.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from harness.accounting.arrivals import NAMED, Arrivals, Mail
from harness.accounting.copies import Copies, Message
from harness.accounting.ranges import Ranges
from harness.accounting.receipts import Accepted
from harness.accounting.waiting import Waiting
from harness.histogram import Histogram
from harness.load_results import Accounting, Misfortune

NOTHING: Final = Waiting()


def account(
    where: str, accepted: Accepted, arrivals: Arrivals, mail: Mail, *, waiting: Waiting = NOTHING
) -> Accounting:
    """Where every accepted copy is; so much was waiting at the target when nothing more came."""
    books = _Books(accepted, arrivals, mail)
    books.settle()
    queued = waiting.most(books.missing)
    lost = sum(copies * many for copies, many in books.missing.items()) - queued
    return Accounting(
        where=where,
        accepted=accepted.copies,
        delivered=books.delivered,
        bounced=books.bounced,
        queued=queued,
        lost=lost,
        duplicates=arrivals.duplicates,
        altered=arrivals.altered,
        unanswered=accepted.unanswered,
        unsure=books.unsure,
        unknown=books.unknown + arrivals.unknown,
        foreign=arrivals.foreign,
        named=(*books.absent(queued, lost), *arrivals.named, *books.strangers),
        latency=_latency(accepted, arrivals),
    )


@dataclass(slots=True)
class _Books:
    """Counts, while the messages are gone through."""

    accepted: Accepted
    arrivals: Arrivals
    mail: Mail
    delivered: int = 0
    bounced: int = 0
    missing: Counter[int] = field(default_factory=Counter)  # how many miss how many copies
    unsure: int = 0
    unknown: int = 0
    strangers: list[Misfortune] = field(default_factory=list)
    _absent: list[tuple[Message, int]] = field(default_factory=list)  # and which copies, a bit each
    _doubts: defaultdict[int, list[tuple[int, Ranges]]] = field(
        default_factory=lambda: defaultdict(list)
    )  # by sender: recipients and serials

    def settle(self) -> None:
        """Go through what was accepted, and through what has arrived besides."""
        wholes = _by_sender(self.arrivals.delivered)
        for (sender, taken), doubted in self.accepted.unsure.items():
            self._doubts[sender].append((taken, doubted))
        for (sender, taken), serials in self.accepted.runs.items():
            rest = serials
            for of, whole in wholes.get(sender, ()):
                there = rest & whole
                self._settle_whole(sender, there, (1 << of) - 1, taken)
                rest = rest - there
            for serial in rest.numbers():
                self._settle_one((sender, serial), taken)
        self._settle_others(wholes)

    def _settle_whole(self, sender: int, serials: Ranges, seen: int, taken: int) -> None:
        """Messages that arrived for all of their recipients."""
        self.delivered += len(serials) * (seen & taken).bit_count()
        if seen & ~taken:
            for serial in serials.numbers():
                self._settle_surplus((sender, serial), seen & ~taken)

    def _settle_one(self, message: Message, taken: int) -> None:
        """A message that has not arrived for all of its recipients."""
        seen = self.arrivals.delivered.part.get(message, 0)
        settled = seen | self.arrivals.returned.found(message)
        settled |= self.arrivals.guessed(message, (taken | self._doubted(message)) & ~settled)
        absent = taken & ~settled
        delivered = (seen & taken).bit_count()
        self.delivered += delivered
        self.bounced += taken.bit_count() - delivered - absent.bit_count()
        if absent:
            self.missing[absent.bit_count()] += 1
            if len(self._absent) < NAMED:
                self._absent.append((message, absent))
        if seen & ~taken:
            self._settle_surplus(message, seen & ~taken)

    def _settle_surplus(self, message: Message, seen: int) -> None:
        """Copies of those who were refused, of a message that others have."""
        if not self.arrivals.is_shared(message):  # else it may be theirs who were accepted
            self._settle_other(message, seen)

    def absent(self, queued: int, lost: int) -> Iterator[Misfortune]:
        """The first of those that are lost or queued, by name; which are which, nobody can say."""
        kind = "lost" if lost else "queued"
        detail = f"or one of {queued:,} still in the target's queue" if lost and queued else ""
        for message, absent in self._absent:
            token, recipients = self._named(message, absent)
            for recipient in recipients:
                yield Misfortune(kind=kind, token=token, recipient=recipient, detail=detail)

    def _named(self, message: Message, copies: int) -> tuple[str, list[str]]:
        """Its token, and the recipients of these copies."""
        token = self.mail.token(*message)
        sent = self.mail.sent(token)
        whose = enumerate(sent.recipients if sent else ())
        return token, [recipient for copy, recipient in whose if copies >> copy & 1]

    # --- what arrived, and nobody had said 250 ----------------------------------------------------

    def _settle_others(self, wholes: Mapping[int, list[tuple[int, Ranges]]]) -> None:
        taken: defaultdict[int, list[Ranges]] = defaultdict(list)
        for (sender, _), serials in self.accepted.runs.items():
            taken[sender].append(serials)
        for sender, seen in wholes.items():
            for of, whole in seen:
                rest = whole
                for serials in taken[sender]:
                    rest = rest - serials
                for serial in rest.numbers():
                    self._settle_other((sender, serial), (1 << of) - 1)
        for message, seen_of_it in self.arrivals.delivered.part.items():
            sender, serial = message
            if not any(serial in serials for serials in taken[sender]):
                self._settle_other(message, seen_of_it)

    def _settle_other(self, message: Message, seen: int) -> None:
        """Copies that have come and were not accepted."""
        unsure = seen & self._doubted(message)
        refused = seen & ~unsure
        self.unsure += unsure.bit_count()
        self.unknown += refused.bit_count()
        if refused and len(self.strangers) < NAMED:
            token, recipients = self._named(message, refused)
            detail = "it arrived, and was never accepted"
            self.strangers += [
                Misfortune(kind="unknown", token=token, recipient=recipient, detail=detail)
                for recipient in recipients
            ]

    def _doubted(self, message: Message) -> int:
        """Those of whom nobody knows whether they were taken, a bit each."""
        sender, serial = message
        return next((taken for taken, serials in self._doubts[sender] if serial in serials), 0)


def _by_sender(copies: Copies) -> dict[int, list[tuple[int, Ranges]]]:
    found: dict[int, list[tuple[int, Ranges]]] = {}
    for (sender, of), serials in copies.whole.items():
        found.setdefault(sender, []).append((of, serials))
    return found


def _latency(accepted: Accepted, arrivals: Arrivals) -> Histogram:
    """From the final dot to the arrival, of those messages whose moments were kept."""
    latency = Histogram()
    for (serial, (sender, _)), moment in arrivals.times.items():
        sent = accepted.times.find(serial, sender)
        if sent is not None:
            latency.record(max(0, moment - sent))  # a store may have it before we hear the 250
    return latency
