"""Many mail transactions on one connection: what a load run spends its time in.

A refusal ends nothing but its message; only a 421 raises `Refused`.  Whatever is done here is done
for each message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from harness.errors import Refused
from harness.protocol.replies import GO_AHEAD, OUT_OF_ORDER, Reply
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
from harness.protocol.sender.transactions import end_, open_
from harness.protocol.services import Service

_IDLE: Final = "idle"  # where a connection is whose flow pauses

# A message, the reply that decided it, and for which of its recipients that speaks: a bit each, in
# their order; none where the message was refused before its end.
Tell = Callable[[Outgoing, Reply, int], None]


_MESSAGE: Final = ("message",)


@dataclass(slots=True)  # not frozen: one lasts as long as nothing is refused
class _Ending:
    """What ends a transaction: of a message, unless that was refused before; who was taken."""

    names: tuple[str, ...] = ()
    octets: bytes = b""
    message: Outgoing | None = None
    taken: int = 0  # recipients, a bit each
    each: bool = False  # a reply for each of them: RFC 2033 4.2


def stream(
    items: Iterable[Outgoing | Pause],
    *,
    pipeline: bool,
    tell: Tell,
    service: Service = Service.SMTP,
) -> PausingFlow[None]:
    """Transactions by DATA; `tell` hears the reply that decided each message.

    Pipelined, the text of a message and the opening of the next go in one write (RFC 2920 3.1), so
    the next is asked for before the last has gone.  To whoever calls such an opening out of order
    (503) it is said once more, and from then on apart.  Nothing is kept back by a pause.
    """
    by = _stream_in_groups if pipeline else _stream_one_by_one
    return by(items, tell, service is Service.LMTP)


def _stream_in_groups(
    items: Iterable[Outgoing | Pause], tell: Tell, each: bool
) -> PausingFlow[None]:
    ending = _Ending()
    usual = _Usual()
    apart = False  # each opening waits for the reply to the text before it
    for item in items:
        if isinstance(item, Pause):
            yield from _finish(ending, tell)
            yield from pause(item)
            ending, usual = _Ending(), _Usual()
            continue
        if apart:
            yield from _finish(ending, tell)
            ending = _Ending()
        first, *others = item.opening.groups
        both = Exchange(ending.names + first.names, ending.octets + first.octets)
        replies = yield both
        if ending.message is not None and usual.is_met_by(both, replies):
            tell(ending.message, replies[0], ending.taken)
            ending.message, ending.octets = item, item.octets
            continue
        answers = _hear(ending, both, replies, tell)
        if ending.names and _came_too_early(answers):
            apart = True
            answers = unless_closing(first, (yield first))
        if others:
            answers = yield from open_(others, answers)
        is_usual = not (each or others) and ending.message is not None and _all_done(replies)
        usual = _Usual(both.names, replies) if is_usual else _Usual()
        ending = _end(item, answers, tell, each)
    yield from _finish(ending, tell)


class _Usual:
    """What is answered to a message that is taken and to the next opening, which is accepted."""

    __slots__ = ("_names", "_others", "_replies")

    def __init__(self, names: tuple[str, ...] = (), replies: tuple[Reply, ...] = ()) -> None:
        self._names = names
        self._replies = replies
        self._others = replies[1:]  # the first one may bear a number of its own

    def is_met_by(self, exchange: Exchange, replies: tuple[Reply, ...]) -> bool:
        """Whether they mean the same as before; a driver may send back the very same ones."""
        if exchange.names != self._names:
            return False
        return replies is self._replies or (replies[1:] == self._others and is_done(replies[0]))


def _stream_one_by_one(
    items: Iterable[Outgoing | Pause], tell: Tell, each: bool
) -> PausingFlow[None]:
    for item in items:
        if isinstance(item, Pause):
            yield from pause(item)
            continue
        steps = item.opening.steps
        last = steps[-1]
        replies: tuple[Reply, ...] = ()
        for step in steps:
            answer = yield step
            replies += answer
            if answer[0].code // 100 != (3 if step is last else 2):
                unless_closing(step, answer)
                replies = yield from open_(steps[len(replies) :], replies)
                ending = _end(item, replies, tell, each)
                break
        else:
            recipients = len(steps) - 2  # all but MAIL and DATA
            names, taken = _MESSAGE * recipients if each else _MESSAGE, (1 << recipients) - 1
            both = Exchange(names, item.octets)
            replies = yield both
            if not each and 200 <= replies[0].code < 300:
                tell(item, replies[0], taken)
                continue
            _hear(_Ending(names, item.octets, item, taken, each), both, replies, tell)
            continue
        yield from _finish(ending, tell)


def stream_chunks(
    items: Iterable[Outgoing | Pause],
    *,
    pipeline: bool,
    tell: Tell,
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
        replies = yield from say_for_whom(item, pipeline=pipeline, tell=tell)
        if taken := _bits(replies[1:]):
            yield from _send_chunks(item, taken, tell, pipeline=pipeline, each=each, size=size)
        elif is_done(replies[0]):
            yield RSET


def say_for_whom(message: Outgoing, *, pipeline: bool, tell: Tell) -> Flow[tuple[Reply, ...]]:
    """The replies to MAIL and RCPT; `tell` hears of the first refusal where nobody is accepted."""
    opening = message.opening
    replies = yield from open_(opening.addressed if pipeline else opening.steps[:-1])
    if not any(map(is_done, replies[1:])):
        tell(message, next(reply for reply in replies if not is_done(reply)), 0)
    return replies


def pause(item: Pause) -> PausingFlow[None]:
    """Be silent; raises `Refused` if the peer was not, or is lost."""
    replies = yield item
    if replies:
        raise Refused(_IDLE, replies[0])


def _finish(ending: _Ending, tell: Tell) -> Flow[None]:
    """Ends a transaction for itself."""
    if ending.names:
        exchange = Exchange(ending.names, ending.octets)
        replies = yield exchange
        _hear(ending, exchange, replies, tell)


def _hear(
    ending: _Ending, both: Exchange, replies: tuple[Reply, ...], tell: Tell
) -> tuple[Reply, ...]:
    """Tells what became of the message that has ended; the replies to what stood behind it."""
    count = len(ending.names)
    if ending.message is not None:
        _tell(ending, ending.message, replies[:count], tell)
    return unless_closing(both, replies)[count:]


def _all_done(replies: tuple[Reply, ...]) -> bool:
    *dones, last = replies
    return all(map(is_done, dones)) and last.code == GO_AHEAD


def _came_too_early(answers: tuple[Reply, ...]) -> bool:
    """Whether an opening was out of order only because it came with the text before it.

    RFC 2920 3.1 allows that; Haraka, for one, does not.
    """
    return answers[0].code == OUT_OF_ORDER and answers[-1].code != GO_AHEAD


def _tell(ending: _Ending, message: Outgoing, replies: tuple[Reply, ...], tell: Tell) -> None:
    if ending.each and any(map(is_done, replies)):
        pairs = zip(_each(ending.taken), replies, strict=False)  # the peer may be lost meanwhile
        has = sum(bit for bit, reply in pairs if is_done(reply))
        tell(message, next(filter(is_done, replies)), has)
    else:
        tell(message, replies[-1], ending.taken)


def _end(message: Outgoing, replies: tuple[Reply, ...], tell: Tell, each: bool) -> _Ending:
    exchange, refusal = end_(message, replies)
    if refusal is not None:
        tell(message, refusal, 0)
        return _Ending(exchange.names, exchange.octets)
    taken = _bits(replies[1:-1])
    names = exchange.names * taken.bit_count() if each else exchange.names
    return _Ending(names, exchange.octets, message, taken, each)


def _bits(replies: tuple[Reply, ...]) -> int:
    """Those that say done, a bit each."""
    return sum(1 << number for number, reply in enumerate(replies) if is_done(reply))


def _each(bits: int) -> Iterator[int]:
    """The bits that are set, each alone, from the lowest on."""
    while bits:
        yield bits & -bits
        bits &= bits - 1


def _send_chunks(
    message: Outgoing, taken: int, tell: Tell, *, pipeline: bool, each: bool, size: int
) -> Flow[None]:
    *chunks, last = make_chunks(message.octets, size)
    for part in windows(chunks) if pipeline else chunks:
        replies = yield from ask(part)
        refusal = next((reply for reply in replies if not is_done(reply)), None)
        if refusal is not None:
            tell(message, refusal, 0)
            yield RSET  # RFC 3030 2: no more chunks, and RSET before anything else
            return
    names = last.names * (taken.bit_count() if each else 1)
    ending = _Ending(names, last.octets, message, taken, each)
    last = Exchange(ending.names, ending.octets)
    replies = yield last
    _hear(ending, last, replies, tell)
    if not any(map(is_done, replies)):
        yield RSET
