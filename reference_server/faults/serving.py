"""A task for a client that accidents happen to, from the first moment on."""

from __future__ import annotations

from functools import partial

import trio

from reference_server.doors.door import PLAIN, Door
from reference_server.doors.listener import serve
from reference_server.faults import tricks
from reference_server.faults.connection import FaultyConnection
from reference_server.faults.faults import Faults
from reference_server.faults.model import Facts, Stage, Trick
from reference_server.server import Server


async def serve_with_faults(
    server: Server, faults: Faults, stream: trio.abc.Stream, peer: str, door: Door = PLAIN
) -> None:
    """Talk to one client as `serve` does, but for what the faults have in store for it."""
    visit = Facts(client=peer, connection=faults.next_connection())
    trick = faults.meet(Stage.CONNECT, visit, trio.current_time())
    handshake: Trick | None = None
    server.attendance.enter(peer)
    try:
        stream = await _meet(trick, stream)
        if door.implicit_tls:
            handshake = faults.meet(Stage.TLS, visit, trio.current_time())
            stream = await _meet(handshake, stream)
    except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
        await trio.aclose_forcefully(stream)
        return
    except trio.Cancelled:
        await trio.aclose_forcefully(stream)
        raise
    finally:
        server.attendance.leave(peer)
    tls = faults.certificates.context(handshake.certificate if handshake else None, server.tls)
    slowed = stream if isinstance(stream, tricks.Slow) else None
    connect = partial(FaultyConnection, faults=faults, number=visit.connection, slowed=slowed)
    await serve(server, stream, peer, door, connect=connect, tls=tls)


async def _meet(trick: Trick | None, stream: trio.abc.Stream) -> trio.abc.Stream:
    if trick is None:
        return stream
    await trio.sleep(trick.delay)
    await tricks.interrupt(trick, stream)
    if trick.reply is not None:
        raise tricks.LetGo("told so instead of a greeting")
    return tricks.Slow(stream, trick.slow) if trick.slow else stream
