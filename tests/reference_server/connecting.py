"""A client of a few lines for a server on memory streams."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
import trio.testing

from reference_server.configuration import Config, make_server
from reference_server.doors.door import PLAIN, Door
from reference_server.doors.listener import serve
from reference_server.server import Server


def config(spool: Path, **changed) -> Config:
    settings = {
        "domain": "example.test",
        "users": {"alice": "secret", "bob": None},
        "anyone_at": ("many.example.test",),
        "spool": spool,
        "sync": False,
    }
    return Config(**{**settings, **changed})


class Client:
    """Says lines, reads replies."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._buffer = b""

    async def reply(self) -> bytes:
        """The last line of the next reply; empty once the server has hung up."""
        while True:
            line, found, rest = self._buffer.partition(b"\r\n")
            if found:
                self._buffer = rest
                if line[3:4] != b"-":
                    return line
                continue
            octets = await self.stream.receive_some(65_536)
            if not octets:
                return b""
            self._buffer += bytes(octets)

    async def say(self, octets: bytes) -> bytes:
        await self.stream.send_all(octets)
        return await self.reply()

    async def send(self, to: str, content: bytes, *, hello: bytes = b"EHLO c.test\r\n") -> bytes:
        """A whole transaction; the reply to its end."""
        await self.say(hello)
        await self.say(b"MAIL FROM:<sender@c.test>\r\n")
        await self.say(f"RCPT TO:<{to}>\r\n".encode())
        await self.say(b"DATA\r\n")
        return await self.say(content + b".\r\n")


@asynccontextmanager
async def connected(
    server: Server, *, greeted: bool = True, door: Door = PLAIN
) -> AsyncIterator[Client]:
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, server, theirs, "127.0.0.1", door)
        client = Client(ours)
        if greeted:
            await client.reply()
        yield client
        await ours.aclose()


def mail_of(spool: Path, name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((spool / "mail" / name / "new").iterdir())]


def server_in(spool: Path, **changed) -> Server:
    return make_server(config(spool, **changed))
