"""The trio driver of sending flows: writes what they yield, and gives them the replies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from harness.errors import PeerError
from harness.protocol.replies import CLOSING, Reply
from harness.protocol.sender import Exchange, Flow, Secure
from harness.wire import Wire

T = TypeVar("T")


# An action, what was answered, and how many seconds it took.
Observe = Callable[[Exchange | Secure, tuple[Reply, ...], float], None]


def _look_away(action: Exchange | Secure, replies: tuple[Reply, ...], seconds: float) -> None:
    pass


async def drive(
    flow: Flow[T],
    wire: Wire,
    *,
    patience: float,
    secure: Callable[[], Awaitable[None]],
    observe: Observe = _look_away,
) -> T:
    """Run a flow over a wire to its end; `secure` does the handshake where the flow wants one."""
    try:
        action = next(flow)
        while True:
            began = trio.current_time()
            try:
                replies = await _act(action, wire, patience, secure)
            except PeerError as lost:
                # A flow may know what to keep of what was answered before.
                action = flow.throw(lost)
            else:
                observe(action, replies, trio.current_time() - began)
                action = flow.send(replies)
    except StopIteration as done:
        result: T = done.value
        return result


async def _act(
    action: Exchange | Secure,
    wire: Wire,
    patience: float,
    secure: Callable[[], Awaitable[None]],
) -> tuple[Reply, ...]:
    if isinstance(action, Secure):
        await secure()
        return ()
    await wire.send(action.octets, patience)
    replies: list[Reply] = []
    while len(replies) < len(action.names):
        replies.append(await wire.reply(patience))
        if replies[-1].code == CLOSING:
            break
    return tuple(replies)
