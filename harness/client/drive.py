"""The trio driver of sending flows: writes what they yield, and gives them the replies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from harness.errors import PeerError
from harness.protocol.replies import CLOSING, Reply
from harness.protocol.sender import Exchange, Flow, Secure
from harness.wire import Wire

T = TypeVar("T")


async def drive(
    flow: Flow[T], wire: Wire, *, patience: float, secure: Callable[[], Awaitable[None]]
) -> T:
    """Run a flow over a wire to its end; `secure` does the handshake where the flow wants one."""
    try:
        action = next(flow)
        while True:
            try:
                replies = await _act(action, wire, patience, secure)
            except PeerError as lost:
                # A flow may know what to keep of what was answered before.
                action = flow.throw(lost)
            else:
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
