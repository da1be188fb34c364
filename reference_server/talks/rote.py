"""Rote: what clients say over and over, and what it is answered.

That is a message spelled plainly: MAIL that says no more than its size, RCPT without parameters,
DATA, a text that comes whole.
What is spelled here is a part of what an honest receiver takes, so whatever is not found here is
for the receiver to judge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Final

from harness.protocol.commands import Parameters
from harness.protocol.order import State
from harness.protocol.receiver import RULES, Limits, Receiver, Rules
from harness.protocol.receiver.rules import anything_goes, refuse_bare_line_ends
from reference_server.server import Desk

# Nothing here is possessive: CPython before 3.11.3 matches what such patterns do not (its issue
# 100061), and what parts words is in no word, so there is nothing to go back to anyway.
_ATOM = rb"[-A-Za-z0-9!#$%&'*+/=?^_`{|}~]+"
# No label of a domain of 63 octets can be too long: RFC 1035 2.3.4.
_PATH = (
    rb"<(?=[^@>]{1,64}@[^>]{1,63}>)"
    rb"%b(?:\.%b)*@[A-Za-z0-9]+(?:[-.][A-Za-z0-9]+)*>" % (_ATOM, _ATOM)
)
_LONGEST: Final = 180  # octets that a command line may have which is spelled like this
_SIZE: Final = b" SIZE="
_RCPTS = rb"(?:RCPT TO:%b\r\n)+" % _PATH
_DATA = rb"DATA\r\n"


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """How far a message has come."""

    # What may be said next; the last of its groups that is there tells where it leads.
    read: Callable[[bytes], re.Match[bytes] | None]


def _stage(pattern: bytes) -> Stage:
    return Stage(re.compile(pattern).fullmatch)


@lru_cache
def _ready(digits: int) -> Stage:
    """MAIL may come, and declare a size of so many digits at most; 0 if it may not."""
    size = rb"(?:%b[0-9]{1,%d})?" % (_SIZE, digits) if digits else b""
    mail = rb"MAIL FROM:(?:<>|%b)%b\r\n" % (_PATH, size)
    return _stage(rb"(%b)(?:(%b)(%b)?)?" % (mail, _RCPTS, _DATA))


SENDER: Final = _stage(rb"()(%b)(%b)?" % (_RCPTS, _DATA))
RECIPIENTS: Final = _stage(rb"()(%b)?(%b)?" % (_RCPTS, _DATA))
TEXT: Final = _stage(rb"(?!)")
SENDS_DATA: Final = 3
LEADS_TO: Final = {1: SENDER, 2: RECIPIENTS, SENDS_DATA: TEXT}


def sender_of(line: bytes) -> tuple[bytes, Parameters]:
    """The path that a line of MAIL names, and what it says besides."""
    path, _, size = line[len("MAIL FROM:") : -len("\r\n")].partition(_SIZE)
    return path, (("SIZE", size.decode()),) if size else ()


def plain_text(octets: bytes) -> int:
    """How many octets of content come before its end; none if that is not for us to say."""
    at = octets.find(b"\r\n.")
    is_end = octets.startswith(b"\r\n", at + 3)  # so that no doubled dot comes before it
    if at < 0 or not is_end or octets.startswith(b"."):
        return 0
    size = at + 2
    return 0 if refuse_bare_line_ends(octets[:size]) else size


@dataclass(frozen=True, slots=True, kw_only=True)
class Rote:
    """What all clients of one service are answered."""

    sender: bytes
    recipient: bytes
    go_ahead: bytes
    accepted: tuple[bytes, ...]  # what stands before the message's id and behind it
    limits: Limits
    takes_size: bool  # of who has said EHLO

    def ready(self, *, extended: bool) -> Stage:
        """What a client may begin with, who has said EHLO or HELO."""
        # All numbers of fewer digits are within the limit; the others are for the receiver.
        digits = len(str(self.limits.message)) - 1
        return _ready(digits if extended and self.takes_size else 0)


# --- learning it --------------------------------------------------------------------------------

# What may differ from honest rules.  Limits are looked at one by one, answers are heard; neither
# extensions nor other verbs, parameters and arguments add anything to what is spelled plainly
# (but see `_reads_size`).
_MAY_DIFFER: Final = frozenset(
    {"answers", "limits", "extensions", "allows_auth_in_clear", "stamp", "pass_over"}
    | {"verbs", "check_parameters", "without_argument", "order", "object_to_content"}
)
_BEHIND_HELLO: Final = (State.READY, State.SENDER, State.RECIPIENTS)
_ID: Final = "-the-id-"
_REHEARSALS: Final = (
    (b"EHLO one.test\r\n", b"MAIL FROM:<one@one.test>\r\n", b"RCPT TO:<one@two.test>\r\n"),
    (b"HELO two.test\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<two@one.test>\r\n"),
    (b"EHLO one.test\r\n", b"MAIL FROM:<one@one.test> SIZE=1\r\n", b"RCPT TO:<one@two.test>\r\n"),
)


def learn(desk: Desk) -> Rote | None:
    """What an obliging server answers at this desk; None if that is no matter of rote."""
    if not _is_plain(desk.rules):
        return None
    one, other, sized = (
        _rehearse(Receiver(desk.rules, speech=desk.speech), lines) for lines in _REHEARSALS
    )
    if one is None or one != other:  # refused, or a matter of who says it
        return None
    sender, recipient, go_ahead, accepted = one
    return Rote(
        sender=sender,
        recipient=recipient,
        go_ahead=go_ahead,
        accepted=tuple(accepted.split(_ID.encode())),
        limits=desk.rules.limits,
        takes_size=sized == one and _reads_size(desk.rules),
    )


def _reads_size(rules: Rules) -> bool:
    """Whether a size that is within the limit is all the same to these rules."""
    ours = (rules.check_parameters, rules.extensions.get("SIZE"))
    return ours == (RULES.check_parameters, RULES.extensions["SIZE"])


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
