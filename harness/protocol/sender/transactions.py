"""One mail transaction by DATA, and what opens and ends each of many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from harness.errors import Refused
from harness.protocol.replies import Reply
from harness.protocol.sender.flow import RSET, Exchange, Flow, ask, insisted, is_done
from harness.protocol.sender.handover import Handover
from harness.protocol.sender.opening import Outgoing

_DATA: Final = ("DATA",)
_LONE_DOT: Final = Exchange(("message",), b".\r\n")
_NOTHING: Final = Exchange((), b"")


def hand_over(message: Outgoing, *, pipeline: bool) -> Flow[Handover]:
    """One mail transaction, after which another may begin; raises `Refused` if all of it failed.

    Refused recipients are values, even when nobody is left.
    """
    opening = message.opening
    replies = yield from open_(opening.groups if pipeline else opening.steps)
    ending, refusal = end_(message, replies)
    # A 421 to RSET changes nothing any more: who says the next command meets the end.
    done = (yield ending) if ending.names else ()
    insisted("MAIL", replies[0], 2)
    answers = dict(zip(opening.recipients, replies[1:], strict=False))  # DATA's comes behind
    refused = {to: answer for to, answer in answers.items() if not is_done(answer)}
    accepted = tuple(to for to in answers if to not in refused)
    if not accepted:
        return Handover((), refused, None)
    if refusal is not None:
        raise Refused("DATA", refusal)
    return Handover(accepted, refused, insisted("message", done[0], 2))


def open_(parts: Iterable[Exchange], replies: tuple[Reply, ...] = ()) -> Flow[tuple[Reply, ...]]:
    """The replies to MAIL, RCPT and DATA; fewer where there was no use in going on."""
    for part in parts:
        if replies and not is_done(replies[0]):
            break
        if part.names == _DATA and not any(map(is_done, replies[1:])):
            break
        replies += yield from ask(part)
    return replies


def end_(message: Outgoing, replies: tuple[Reply, ...]) -> tuple[Exchange, Reply | None]:
    """What ends the transaction, and the reply that has refused the message, if one has already."""
    asked = len(replies) == len(message.opening.steps)
    mail, answers = replies[0], replies[1:-1] if asked else replies[1:]
    is_wanted = is_done(mail) and any(map(is_done, answers))
    goes_ahead = asked and replies[-1].code // 100 == 3
    if is_wanted and goes_ahead:
        return Exchange(("message",), message.octets), None
    refusal = replies[-1] if is_wanted else next(r for r in replies if not is_done(r))
    if goes_ahead:
        # RFC 2920 3.1: 354 with nobody to write to is ended by a lone dot.
        return _LONE_DOT, refusal
    return RSET if is_done(mail) else _NOTHING, refusal
