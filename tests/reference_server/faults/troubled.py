"""A client of a few lines for a server with faults, on memory streams or on sockets."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
import trio.testing

from reference_server.doors.door import PLAIN
from reference_server.doors.sockets import SocketStream
from reference_server.faults.certificates import Certificates
from reference_server.faults.faults import Faults
from reference_server.faults.reading import parse_table
from reference_server.faults.received import Received
from reference_server.faults.serving import serve_with_faults
from reference_server.server import Server
from tests.reference_server.connecting import Client, server_in


def faults_in(spool: Path, text: str) -> Faults:
    return Faults(parse_table(text), Certificates(spool), Received())


@asynccontextmanager
async def meeting(server: Server, faults: Faults, door=PLAIN) -> AsyncIterator[Client]:
    """A client on a memory stream, not greeted yet."""
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_with_faults, server, faults, theirs, "127.0.0.1", door)
        yield Client(ours)
        await ours.aclose()


@asynccontextmanager
async def troubled(spool: Path, text: str, *, greeted=True, **changed) -> AsyncIterator[Client]:
    """A client of a server with these faults."""
    async with meeting(server_in(spool, **changed), faults_in(spool, text)) as client:
        if greeted:
            await client.reply()
        yield client


@asynccontextmanager
async def on_a_socket(spool: Path, text: str) -> AsyncIterator[socket.socket]:
    """A client's TCP socket: what resets it and how much it may send are the system's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    theirs.setblocking(False)
    ours.setblocking(False)
    server, faults = server_in(spool), faults_in(spool, text)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_with_faults, server, faults, SocketStream(theirs), "127.0.0.1")
        with ours:
            yield ours
        nursery.cancel_scope.cancel()


async def receive(sock: socket.socket) -> bytes:
    await trio.lowlevel.wait_readable(sock)
    return sock.recv(65_536)
