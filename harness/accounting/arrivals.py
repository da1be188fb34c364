"""Arrivals: every message that came somewhere is noted, and none is kept.

What was taken before the run began is no mail of this run, whatever token it bears.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from harness.accounting.altered import alteration
from harness.accounting.copies import Copies, Message, bits
from harness.accounting.earlier import taken_at
from harness.accounting.identifying import Returned, identify, named_in_trace
from harness.accounting.times import Times
from harness.content import begin_of
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

    def __init__(
        self, mail: Mail, heard: Callable[[], object] = lambda: None, *, since: int = 0
    ) -> None:
        """`since` is when the run began, in whole seconds after the epoch: dates have no others."""
        self.delivered, self.returned = Copies(), Copies()
        self.duplicates = self.altered = self.unknown = self.foreign = 0
        self.earlier = 0  # of the foreign: what an earlier run had sent
        self.named: list[Misfortune] = []
        self.times: Times[tuple[int, int]] = Times()  # by sender and number of the copy
        self._mail = mail
        self._since = since
        self._heard = heard  # called for each copy, and report, that is new to us
        # Arrivals where several share a store, by those whose copy it may be: a store has its own.
        self._shared: Counter[tuple[Message, tuple[int, ...]]] = Counter()
        self._together: set[Message] = set()
        # Came back for addresses that nobody sent it to, or for none that are named.
        self._strangers: defaultdict[Message, set[str]] = defaultdict(set)
        self._nameless: set[Message] = set()
        self._kinds: Counter[str] = Counter()

    def note(
        self, octets: bytes, recipients: Iterable[str], moment: int, *, reverse_path: str
    ) -> None:
        """A message is there, with its envelope, since so many microseconds after the epoch."""
        found = self._ours(octets, reverse_path)
        if found is None:
            return
        token, sent = found
        changed = alteration(sent.content, octets)
        for recipient in recipients:
            copy = _number(sent.recipients, recipient)
            if copy is None:
                self.unknown += 1
                self._misfortune("unknown", token, recipient, "it was not sent to this recipient")
            else:
                self._note_copy(token, sent, copy, changed, moment)

    def note_stored(
        self, octets: bytes, whose: Collection[str], moment: int, *, compares: bool = True
    ) -> None:
        """A message lies where the mail of these recipients lies; nobody knows its envelope.

        Without `compares`, its store is known to change octets.
        """
        found = self._ours(octets, None)
        if found is None:
            return
        token, sent = found
        changed = alteration(sent.content, octets) if compares else None
        copies = self._copies_here(octets, sent, whose)
        message = sent.sender, sent.serial
        if len(copies) > 1:
            # A store may keep one for all, or one for each: only what is more is one too many.
            self._together.add(message)
            self._shared[message, copies] += 1
            if 1 < self._shared[message, copies] <= len(copies):
                return
        for copy in copies if self._shared[message, copies] <= 1 else copies[:1]:
            self._note_copy(token, sent, copy, changed, moment)

    def is_shared(self, message: Message) -> bool:
        """Whether it lay in a store of several recipients, and nobody can say for whom."""
        return message in self._together

    def guessed(self, message: Message, copies: int) -> int:
        """Which of these copies came back, a bit each, as far as reports name none of them.

        An alias may have become an address that we never heard of: each stands for one of ours.
        """
        if message in self._nameless:
            return copies
        strangers = self._strangers.get(message, ())
        return sum(1 << copy for copy, _ in zip(bits(copies), strangers, strict=False))

    def _ours(self, octets: bytes, reverse_path: str | None) -> tuple[str, Sent] | None:
        """The message's token and what was sent; None for others, which are seen to."""
        what = identify(octets, reverse_path)
        if isinstance(what, Returned):
            self._note_report(what)
            return None
        for token in what.tokens if what else ():
            sent = self._mail.sent(token)
            if sent is not None:
                taken = taken_at(octets[: begin_of(sent.content, octets)])
                return None if self._is_earlier(taken) else (token, sent)
        self.foreign += 1
        return None

    def _is_earlier(self, taken: float | None) -> bool:
        """Whether it was taken before the run began; then it is counted as others' mail."""
        if taken is None or taken >= self._since:
            return False
        self.foreign += 1
        self.earlier += 1
        return True

    def _note_copy(
        self, token: str, sent: Sent, copy: int, changed: str | None, moment: int
    ) -> None:
        whom = sent.recipients[copy]
        if not self.delivered.add((sent.sender, sent.serial), copy, len(sent.recipients)):
            self.duplicates += 1
            self._misfortune("duplicate", token, whom)
            return
        self.times.note(sent.serial, (sent.sender, copy), moment)
        self._heard()
        if changed:
            self.altered += 1
            self._misfortune("altered", token, whom, changed)

    def _copies_here(self, octets: bytes, sent: Sent, whose: Collection[str]) -> tuple[int, ...]:
        """The numbers of those whose copy this may be."""
        if len(sent.recipients) == 1:
            return (0,)
        for address in named_in_trace(octets):
            copy = _number(sent.recipients, address)
            if copy is not None:
                return (copy,)
        here = {address.casefold() for address in whose}
        numbers = range(len(sent.recipients))
        found = tuple(n for n in numbers if sent.recipients[n].casefold() in here)
        return found or tuple(numbers)

    def _note_report(self, report: Returned) -> None:
        found = (self._mail.sent(token) for token in report.tokens)
        sent = next((each for each in found if each is not None), None)
        if sent is None:
            self.foreign += 1
        elif (
            not self._is_earlier(report.taken)
            and report.is_final
            and self._note_given_up(report, sent)
        ):
            self._heard()

    def _note_given_up(self, report: Returned, sent: Sent) -> bool:
        """Whether it says anything new of copies that will not come any more."""
        message, of = (sent.sender, sent.serial), len(sent.recipients)
        numbers = {_number(sent.recipients, address) for address in report.failed} - {None}
        if numbers:
            # All of them are noted, not only until the first that is new.
            new = [
                self.returned.add(message, number, of) for number in numbers if number is not None
            ]
            return any(new)
        if not report.failed:
            is_new = message not in self._nameless
            self._nameless.add(message)
            return is_new
        strangers = self._strangers[message]
        known = len(strangers)
        strangers.update(map(str.casefold, report.failed))
        return len(strangers) > known

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
