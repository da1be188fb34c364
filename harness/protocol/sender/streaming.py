"""Many mail transactions on one connection: what a load run spends its time in.

A refusal ends nothing but its message; only a 421 raises `Refused`.  Whatever is done here is done
for each message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from harness.errors import Refused
from harness.protocol.replies import Reply
from harness.protocol.sender.chunking import CHUNK, make_chunks, windows
from harness.protocol.sender.flow import (
    RSET,
    Exchange,
    Flow,
    Pause,
    PausingFlow,
    ask,
    is_done,
    unless_closing,
)
from harness.protocol.sender.opening import Outgoing
from harness.protocol.sender.transactions import NOTHING, end_, open_
from harness.protocol.services import Service

IDLE: Final = "idle"  # where a connection is whose flow pauses

# A message, the reply that decided it, and for how many of its recipients the server has it now.
Tell = Callable[[Outgoing, Reply, int], None]


@dataclass(frozen=True, slots=True)
class _Ending:
    """What ends a transaction: of a message, unless that was refused before; its copies."""

    exchange: Exchange
    message: Outgoing | None = None
    copies: int = 0
    each: bool = False  # a reply for each copy: RFC 2033 4.2


_DONE: Final = _Ending(NOTHING)


def _say_nothing(message: Outgoing, reply: Reply, copies: int) -> None:
    pass


def stream(
    items: Iterable[Outgoing | Pause],
    *,
    pipeline: bool,
    tell: Tell = _say_nothing,
    service: Service = Service.SMTP,
) -> PausingFlow[None]:
    """Transactions by DATA; `tell` hears the reply that decided each message.

    Pipelined, the text of a message and the opening of the next go in one write (RFC 2920 3.1), so
    the next is asked for before the last has gone.  Nothing is kept back by a pause.
    """
    each = service is Service.LMTP
    ending = _DONE
    for item in items:
        if isinstance(item, Pause):
            yield from _finish(ending, NOTHING, tell)
            yield from pause(item)
            ending = _DONE
            continue
        first, *others = item.opening.groups if pipeline else (NOTHING, *item.opening.steps)
        replies = yield from _finish(ending, first, tell)
        replies = yield from open_(others, replies)
        ending = _end(item, replies, tell, each)
        if not pipeline:
            yield from _finish(ending, NOTHING, tell)
            ending = _DONE
    yield from _finish(ending, NOTHING, tell)


def stream_chunks(
    items: Iterable[Outgoing | Pause],
    *,
    pipeline: bool,
    tell: Tell = _say_nothing,
    service: Service = Service.SMTP,
    size: int = CHUNK,
) -> PausingFlow[None]:
    """Transactions by BDAT (RFC 3030); the octets of the messages are contents as they are.

    No chunk shares its write with the next opening: one that fails wants RSET before anything else.
    """
    each = service is Service.LMTP
    for item in items:
        if isinstance(item, Pause):
            yield from pause(item)
            continue
        replies = yield from open_(item.opening.addressed if pipeline else item.opening.steps[:-1])
        refusal = next((reply for reply in replies if not is_done(reply)), None)
        accepted = sum(map(is_done, replies[1:]))
        if not accepted:
            assert refusal is not None, "somebody said no"
            tell(item, refusal, 0)
            if is_done(replies[0]):
                yield RSET
            continue
        yield from _send_chunks(item, accepted, tell, pipeline=pipeline, each=each, size=size)


def pause(item: Pause) -> PausingFlow[None]:
    """Be silent; raises `Refused` if the peer was not, or is lost."""
    replies = yield item
    if replies:
        raise Refused(IDLE, replies[0])


def _finish(ending: _Ending, behind: Exchange, tell: Tell) -> Flow[tuple[Reply, ...]]:
    """Ends a transaction, with what stands behind it in the same write; the replies to that."""
    first = ending.exchange
    both = Exchange(first.names + behind.names, first.octets + behind.octets)
    if not both.names:
        return ()
    replies = yield both
    if ending.message is not None:
        _tell(ending, ending.message, replies[: len(first.names)], tell)
    return unless_closing(both, replies)[len(first.names) :]


def _tell(ending: _Ending, message: Outgoing, replies: tuple[Reply, ...], tell: Tell) -> None:
    if ending.each:
        taken = [reply for reply in replies if is_done(reply)]
        tell(message, taken[0] if taken else replies[-1], len(taken))
    else:
        tell(message, replies[0], ending.copies if is_done(replies[0]) else 0)


def _end(message: Outgoing, replies: tuple[Reply, ...], tell: Tell, each: bool) -> _Ending:
    exchange, refusal = end_(message, replies)
    if refusal is not None:
        tell(message, refusal, 0)
        return _Ending(exchange)
    copies = sum(map(is_done, replies[1:-1]))
    if each:
        exchange = Exchange(exchange.names * copies, exchange.octets)
    return _Ending(exchange, message, copies, each)


def _send_chunks(
    message: Outgoing, copies: int, tell: Tell, *, pipeline: bool, each: bool, size: int
) -> Flow[None]:
    *chunks, last = make_chunks(message.octets, size)
    for part in windows(chunks) if pipeline else chunks:
        replies = yield from ask(part)
        refusal = next((reply for reply in replies if not is_done(reply)), None)
        if refusal is not None:
            tell(message, refusal, 0)
            yield RSET  # RFC 3030 2: no more chunks, and RSET before anything else
            return
    last = Exchange(last.names * (copies if each else 1), last.octets)
    replies = yield last
    _tell(_Ending(last, message, copies, each), message, replies, tell)
    unless_closing(last, replies)
    if not any(map(is_done, replies)):
        yield RSET
