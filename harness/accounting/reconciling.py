"""The account at the end of a run: accepted = delivered + bounced + still queued + lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.accounting.arrivals import NAMED, Arrivals, Mail
from harness.accounting.copies import Copies, Message, bits
from harness.accounting.ranges import Ranges
from harness.accounting.receipts import Accepted
from harness.histogram import Histogram
from harness.load_results import Accounting, Misfortune

QUEUED = "lost, or still in the target's queue"


def account(
    where: str, accepted: Accepted, arrivals: Arrivals, mail: Mail, *, queued: int = 0
) -> Accounting:
    """Where every accepted copy is; so many messages were still queued when nothing more came."""
    books = _Books(accepted, arrivals, mail)
    books.settle()
    still = min(queued, books.missing)
    return Accounting(
        where=where,
        accepted=accepted.copies,
        delivered=books.delivered,
        bounced=books.bounced,
        queued=still,
        lost=books.missing - still,
        duplicates=arrivals.duplicates,
        altered=arrivals.altered,
        unsure=books.unsure,
        unknown=books.unknown,
        foreign=arrivals.foreign,
        named=(*books.losses(QUEUED if still else ""), *arrivals.named, *books.strangers),
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
    missing: int = 0
    unsure: int = 0
    unknown: int = 0
    strangers: list[Misfortune] = field(default_factory=list)
    _lost: list[tuple[Message, int]] = field(default_factory=list)  # and how many copies

    def settle(self) -> None:
        """Go through what was accepted, and through what has arrived besides."""
        wholes = _by_sender(self.arrivals.delivered)
        for (sender, copies), serials in self.accepted.runs.items():
            rest = serials
            for of, whole in wholes.get(sender, ()):
                there = rest & whole
                self.delivered += len(there) * min(copies, of)
                rest = rest - there
            for serial in rest.numbers():
                self._settle_one((sender, serial), copies)
        self._settle_others(wholes)

    def _settle_one(self, message: Message, copies: int) -> None:
        """A message of which not all copies have arrived."""
        seen = self.arrivals.delivered.part.get(message, 0)
        back = self.arrivals.returned.found(message) & ~seen
        delivered = min(seen.bit_count(), copies)
        bounced = min(back.bit_count(), copies - delivered)
        self.delivered += delivered
        self.bounced += bounced
        missing = copies - delivered - bounced
        self.missing += missing
        if missing and len(self._lost) < NAMED:
            self._lost.append((message, missing))

    def losses(self, detail: str) -> Iterator[Misfortune]:
        """The first of them, by name."""
        for message, missing in self._lost:
            token = self.mail.token(*message)
            sent = self.mail.sent(token)
            recipients = sent.recipients if sent else ()
            seen = self.arrivals.delivered.part.get(message, 0)
            seen |= self.arrivals.returned.found(message)
            absent = [recipients[copy] for copy in bits((1 << len(recipients)) - 1 & ~seen)]
            words = f"{missing} of these" if len(absent) > missing else ""  # others were refused
            for recipient in absent if not words else [", ".join(absent)]:
                yield Misfortune(
                    kind="lost",
                    token=token,
                    recipient=recipient,
                    detail="; ".join(filter(None, (words, detail))),
                )

    # --- what arrived, and nobody had said 250 ----------------------------------------------------

    def _settle_others(self, wholes: dict[int, list[tuple[int, Ranges]]]) -> None:
        taken: defaultdict[int, list[Ranges]] = defaultdict(list)
        for (sender, _), serials in self.accepted.runs.items():
            taken[sender].append(serials)
        for sender, seen in wholes.items():
            for of, whole in seen:
                rest = whole
                for serials in taken[sender]:
                    rest = rest - serials
                for serial in rest.numbers():
                    self._settle_other((sender, serial), of)
        for message, bit in self.arrivals.delivered.part.items():
            sender, serial = message
            if not any(serial in serials for serials in taken[sender]):
                self._settle_other(message, bit.bit_count())

    def _settle_other(self, message: Message, copies: int) -> None:
        sender, serial = message
        if serial in self.accepted.unsure.get(sender, Ranges()):
            self.unsure += copies
            return
        self.unknown += copies
        if len(self.strangers) < NAMED:
            token = self.mail.token(*message)
            sent = self.mail.sent(token)
            recipient = ", ".join(sent.recipients) if sent else ""
            detail = "it arrived, and was never accepted"
            self.strangers.append(
                Misfortune(kind="unknown", token=token, recipient=recipient, detail=detail)
            )


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
