"""Arrivals: every message that came somewhere is noted, and none is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from harness.accounting.altered import alteration
from harness.accounting.copies import Copies, bits
from harness.accounting.identifying import Returned, identify
from harness.accounting.moments import Moments
from harness.load_results import Misfortune

NAMED: Final = 100  # misfortunes of each kind that are named; all are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message as it was sent."""

    sender: int
    serial: int
    content: bytes
    recipients: tuple[str, ...]  # of its envelope, accepted or not


class Mail(Protocol):
    """What a run sends, made again from a token."""

    def sent(self, token: str) -> Sent | None:
        """What was sent under a token; None if it is none of this run's."""

    def token(self, sender: int, serial: int) -> str:
        """The token of one message."""


class Arrivals:
    """What has arrived so far of one run's mail."""

    def __init__(self, mail: Mail, heard: Callable[[], object] = lambda: None) -> None:
        self.delivered, self.returned = Copies(), Copies()
        self.duplicates = self.altered = self.foreign = 0
        self.named: list[Misfortune] = []
        self.times: Moments[tuple[int, int]] = Moments()  # by sender and number of the copy
        self._mail = mail
        self._heard = heard  # called for each copy that is new to us
        self._kinds: Counter[str] = Counter()

    def note(
        self,
        octets: bytes,
        recipients: Iterable[str | None],
        moment: int,
        *,
        reverse_path: str | None = None,
        compares: bool = True,
    ) -> None:
        """A message is there, for these recipients (None: who knows), since so many microseconds.

        Without `compares`, its store is known to change octets.
        """
        match identify(octets, reverse_path):
            case None:
                self.foreign += 1
            case Returned() as report:
                self._note_report(report)
            case ours:
                sent = self._mail.sent(ours.token)
                if sent is None:
                    self.foreign += 1
                    return
                changed = alteration(sent.content, octets) if compares else None
                for recipient in recipients:
                    self._note_copy(ours.token, sent, recipient, changed, moment)

    def _note_copy(
        self, token: str, sent: Sent, recipient: str | None, changed: str | None, moment: int
    ) -> None:
        message = sent.sender, sent.serial
        of = len(sent.recipients)
        copy = self._copy(sent, recipient)
        if copy is None:
            self._misfortune("unknown", token, recipient or "", "it was not sent to this recipient")
            return
        whom = recipient or sent.recipients[copy]
        if not self.delivered.add(message, copy, of):
            self.duplicates += 1
            self._misfortune("duplicate", token, whom)
            return
        self.times.note(sent.serial, (sent.sender, copy), moment)
        self._heard()
        if changed:
            self.altered += 1
            self._misfortune("altered", token, whom, changed)

    def _copy(self, sent: Sent, recipient: str | None) -> int | None:
        """The number of a recipient's copy; of an unknown one the first that is not there yet."""
        if recipient is not None:
            return _number(sent.recipients, recipient)
        of = len(sent.recipients)
        return _first_unset(self.delivered.seen((sent.sender, sent.serial), of), of)

    def _note_report(self, report: Returned) -> None:
        found = (self._mail.sent(token) for token in report.tokens)
        sent = next((each for each in found if each is not None), None)
        if sent is None:
            self.foreign += 1
        elif report.is_final:
            message, of = (sent.sender, sent.serial), len(sent.recipients)
            for copy in self._given_up(report, sent):
                if self.returned.add(message, copy, of):
                    self._heard()

    def _given_up(self, report: Returned, sent: Sent) -> list[int]:
        """The copies that will not come any more: those that are named, or all of the rest."""
        numbers = {_number(sent.recipients, address) for address in report.failed} - {None}
        if numbers:
            return sorted(number for number in numbers if number is not None)
        message, of = (sent.sender, sent.serial), len(sent.recipients)
        known = self.delivered.seen(message, of) | self.returned.seen(message, of)
        rest = list(bits((1 << of) - 1 & ~known))
        # An alias may have become an address that we never heard of: it was one of ours.
        return rest[: len(set(report.failed))] if report.failed else rest

    def _misfortune(self, kind: str, token: str, recipient: str, detail: str = "") -> None:
        self._kinds[kind] += 1
        if self._kinds[kind] <= NAMED:
            self.named.append(
                Misfortune(kind=kind, token=token, recipient=recipient, detail=detail)
            )


def _number(recipients: tuple[str, ...], address: str) -> int | None:
    wanted = address.casefold()
    for number, recipient in enumerate(recipients):
        if recipient.casefold() == wanted:
            return number
    return None


def _first_unset(seen: int, of: int) -> int:
    """The first copy that was not seen; the last one if all were, which makes it a duplicate."""
    return next((copy for copy in range(of) if not seen >> copy & 1), of - 1)
