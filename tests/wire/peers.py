"""The other end of a wire: in memory on virtual time, or on a real loopback socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio
import trio.testing

from harness.target import Address
from harness.wire import Log, Wire

Serve = Callable[[trio.abc.Stream], Awaitable[None]]


def in_memory(we: str = "C") -> tuple[Wire, trio.abc.HalfCloseableStream]:
    """A wire, and the stream at its other end."""
    ours, theirs = trio.testing.memory_stream_pair()
    return Wire(ours, Log(), we=we), theirs


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[Address]:
    """A real listener on a free loopback port, a task for each connection."""

    async def handle(stream: trio.SocketStream) -> None:
        async with stream:
            await serve(stream)

    failure = None
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, handle, listeners)
        try:
            yield Address("127.0.0.1", port)
        except Exception as error:
            failure = error  # raised outside of the nursery, which would wrap it into a group
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure
