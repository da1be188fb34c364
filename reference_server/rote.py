"""Rote: what is said over and over, and what is answered to it without asking the receiver.

That is a message spelled plainly, in which nothing is to be objected to: MAIL and RCPT without
parameters, DATA, a text that comes whole.  What is spelled here is a part of what an honest
receiver takes, so whatever is not found here is for the receiver to judge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Final

from harness.protocol.order import State
from harness.protocol.receiver import RULES, Limits, Receiver, Rules
from harness.protocol.receiver.rules import anything_goes, refuse_bare_line_ends
from reference_server.limits import Pace
from reference_server.server import Desk

_ATOM = rb"[-A-Za-z0-9!#$%&'*+/=?^_`{|}~]++"
# No label of a domain of 63 octets can be too long: RFC 1035 2.3.4.
_PATH = (
    rb"<(?=[^@>]{1,64}@[^>]{1,63}>)"
    rb"%b(?:\.%b)*+@[A-Za-z0-9]++(?:[-.][A-Za-z0-9]++)*+>" % (_ATOM, _ATOM)
)
_LONGEST: Final = 160  # octets that a command line may have which is spelled like this
_MAIL = rb"MAIL FROM:(?:<>|%b)\r\n" % _PATH
_RCPTS = rb"(?:RCPT TO:%b\r\n)++" % _PATH
_DATA = rb"DATA\r\n"


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """How far a message has come."""

    # What may be said next; the last of its groups that is there tells where it leads.
    read: Callable[[bytes], re.Match[bytes] | None]


def _stage(pattern: bytes) -> Stage:
    return Stage(re.compile(pattern).fullmatch)


_READY: Final = _stage(rb"(%b)(?:(%b)(%b)?+)?+" % (_MAIL, _RCPTS, _DATA))
_SENDER: Final = _stage(rb"()(%b)(%b)?+" % (_RCPTS, _DATA))
_RECIPIENTS: Final = _stage(rb"()(%b)?+(%b)?+" % (_RCPTS, _DATA))
_TEXT: Final = _stage(rb"(?!)")
_SENDS_DATA: Final = 3
_LEADS_TO: Final = {1: _SENDER, 2: _RECIPIENTS, _SENDS_DATA: _TEXT}


@dataclass(slots=True)
class Takings:
    """What has been taken and thrown away."""

    messages: int = 0
    octets: int = 0  # of their content

    def __str__(self) -> str:
        return f"{self.messages} messages, {self.octets} octets"

    def add(self, octets: int) -> None:
        """One more message."""
        self.messages += 1
        self.octets += octets


@dataclass(frozen=True, slots=True, kw_only=True)
class Rote:
    """What all clients of one service are answered."""

    sender: bytes
    recipient: bytes
    go_ahead: bytes
    accept: Callable[[], bytes]  # names the message's id
    limits: Limits
    takings: Takings


class Recital:
    """Answers one client, as long as it says what is known by rote."""

    __slots__ = ("_missed", "_pace", "_rote", "_stage", "has_taken", "lines")

    def __init__(self, rote: Rote, pace: Pace) -> None:
        self.has_taken = False  # a message
        self.lines = 0  # in what was missed
        self._rote = rote
        self._pace = pace
        self._stage = _READY
        self._missed: list[bytes] = []

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is under way."""
        return self._stage is _READY

    @property
    def is_in_text(self) -> bool:
        """Whether the text of a message is under way."""
        return self._stage is _TEXT

    @property
    def missed(self) -> bytes:
        """What the receiver must hear to be where we are; a message that is over is no part."""
        return b"".join(self._missed)

    def take(self, octets: bytes) -> tuple[bytes, bytes]:
        """What is answered, and those octets at the end that only the receiver can answer."""
        stage = self._stage
        if stage is _TEXT:
            return self._take_text(octets)
        found = stage.read(octets)
        if found is None:
            return b"", octets
        lines = octets.count(b"\n")
        if self.lines + lines > self._rote.limits.recipients:  # to be on the safe side
            return b"", octets
        self.lines += lines
        self._pace.commands += lines
        self._missed.append(octets)
        last = found.lastindex
        assert last is not None, "no command is empty"
        self._stage = _LEADS_TO[last]
        return self._replies(stage is _READY, lines, last == _SENDS_DATA), b""

    def _replies(self, has_mail: bool, lines: int, has_data: bool) -> bytes:
        rote = self._rote
        if lines == 1:
            return rote.sender if has_mail else rote.go_ahead if has_data else rote.recipient
        recipients = rote.recipient * (lines - has_mail - has_data)
        return rote.sender * has_mail + recipients + rote.go_ahead * has_data

    def _take_text(self, octets: bytes) -> tuple[bytes, bytes]:
        size = _plain_text(octets)
        if not size or size > self._rote.limits.message:
            return b"", octets
        self._rote.takings.add(size)
        self.has_taken = True
        self._stage, self.lines = _READY, 0
        self._pace.commands += 1
        self._missed.clear()
        said = self._rote.accept()
        if len(octets) == size + 3:
            return said, b""
        more, rest = self.take(octets[size + 3 :])
        return said + more, rest


def _plain_text(octets: bytes) -> int:
    """How many octets of content come before the end; none if that is not for us to say."""
    at = octets.find(b"\r\n.")
    is_end = octets.startswith(b"\r\n", at + 3)  # and no doubled dot comes before it
    if at < 0 or not is_end or octets.startswith(b"."):
        return 0
    size = at + 2
    return 0 if refuse_bare_line_ends(octets[:size]) else size


# --- learning it --------------------------------------------------------------------------------

# What may differ from honest rules.  Limits are looked at one by one, answers are heard; neither
# extensions nor other verbs, parameters and arguments add anything to what is spelled plainly.
_MAY_DIFFER: Final = frozenset(
    {"answers", "limits", "extensions", "allows_auth_in_clear", "stamp"}
    | {"verbs", "check_parameters", "without_argument", "order", "object_to_content"}
)
_BEHIND_HELLO: Final = (State.READY, State.SENDER, State.RECIPIENTS)
_ID: Final = "-the-id-"
_REHEARSALS: Final = (
    (b"EHLO one.test\r\n", b"MAIL FROM:<one@one.test>\r\n", b"RCPT TO:<one@two.test>\r\n"),
    (b"HELO two.test\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<two@one.test>\r\n"),
)


def learn(desk: Desk, *, takings: Takings, new_id: Callable[[], str]) -> Rote | None:
    """What an obliging server answers at this desk; None if that is no matter of rote."""
    if not _is_plain(desk.rules):
        return None
    one, other = (
        _rehearse(Receiver(desk.rules, speech=desk.speech), lines) for lines in _REHEARSALS
    )
    if one is None or one != other:  # refused, or a matter of who says it
        return None
    sender, recipient, go_ahead, accepted = one
    return Rote(
        sender=sender,
        recipient=recipient,
        go_ahead=go_ahead,
        accept=_naming(accepted, new_id),
        limits=desk.rules.limits,
        takings=takings,
    )


def _naming(accepted: bytes, new_id: Callable[[], str]) -> Callable[[], bytes]:
    before, mark, behind = accepted.partition(_ID.encode())
    return (lambda: before + new_id().encode() + behind) if mark else (lambda: before)


def _is_plain(rules: Rules) -> bool:
    """Whether all that is spelled plainly here is taken by these rules, and none is counted."""
    limits = rules.limits
    names = {field.name for field in fields(rules)} - _MAY_DIFFER
    return (
        all(getattr(rules, name) == getattr(RULES, name) for name in names)
        and all(rules.order[state] == RULES.order[state] for state in _BEHIND_HELLO)
        and rules.object_to_content in (RULES.object_to_content, anything_goes)
        and limits.command_line >= _LONGEST
        and (limits.text_line, limits.mails, limits.domains) == (None, None, None)
    )


def _rehearse(receiver: Receiver, lines: Sequence[bytes]) -> list[bytes] | None:
    """The answers to MAIL, RCPT, DATA and a text; None if they do not come to a message."""
    answers: list[bytes] = []
    for octets in (*lines, b"DATA\r\n", b".\r\n"):
        receiver.feed(octets)
        event = receiver.next_event()
        if event is None or not receiver.answer(event.said, id=_ID).is_positive:
            return None
        answers.append(receiver.output())
    return answers[1:] if receiver.is_at_rest else None
