"""A server to be looked at: it says by verb what it is told to, on a loopback port."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from harness.target import Target, Timeouts
from tests.wire.peers import listening

Say = str | Callable[[str], str]  # a reply, or what makes one of the command's line
HANGS_UP = ""
PATIENCE = Timeouts(greeting=2, reply=2, delivery=2)


@dataclass
class Peer:
    """Answers by verb; what is not named is 500, but for the simplest of things."""

    offers: tuple[str, ...] = ()
    answers: Mapping[str, Say] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    inside: tuple[str, ...] = ()  # what is offered within TLS
    implicit: bool = False
    heard: list[str] = field(default_factory=list)
    connections: int = 0

    async def serve(self, stream: trio.abc.Stream) -> None:
        """One connection."""
        self.connections += 1
        try:
            if self.implicit:
                stream = await self._shaken(stream)
            await self._talk(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # who does not trust us goes away

    async def _shaken(self, stream: trio.abc.Stream) -> trio.abc.Stream:
        assert self.context is not None
        secured = trio.SSLStream(stream, self.context, server_side=True, https_compatible=True)
        await secured.do_handshake()
        return secured

    async def _talk(self, stream: trio.abc.Stream) -> None:
        if not isinstance(stream, trio.SSLStream) or self.implicit:
            await stream.send_all(f"{self.answers.get('greeting', '220 mx.test')}\r\n".encode())
        buffer = b""
        while True:
            while b"\n" not in buffer:
                octets = await stream.receive_some()
                if not octets:
                    return
                buffer += bytes(octets)
            line, _, buffer = buffer.partition(b"\n")
            text = line.decode("utf-8", "backslashreplace").rstrip("\r")
            self.heard.append(text)
            verb = text.partition(" ")[0].upper()
            if verb == "BDAT" and "BDAT" in self.answers:
                size = int(text.split()[1])
                while len(buffer) < size:
                    buffer += bytes(await stream.receive_some())
                buffer = buffer[size:]
            reply = self._reply(verb, text, stream)
            if reply == HANGS_UP:
                return
            await stream.send_all(f"{reply}\r\n".encode())
            if verb == "STARTTLS" and reply.startswith("220"):
                await self._talk(await self._shaken(stream))
                return
            if reply.startswith(("221", "421")):
                return

    def _reply(self, verb: str, text: str, stream: trio.abc.Stream) -> str:
        if verb == "EHLO" and "EHLO" not in self.answers:
            inside = isinstance(stream, trio.SSLStream)
            return "\r\n".join(_listed("mx.test", self.inside if inside else self.offers))
        said = {**_USUAL, **self.answers}.get(verb, "500 what?")
        return said if isinstance(said, str) else said(text)

    @asynccontextmanager
    async def target(self, scheme: str = "smtp", **changed: object) -> AsyncIterator[Target]:
        """The peer as a target, as long as the context lasts."""
        from dataclasses import replace

        from harness.target import Scheme

        async with listening(self.serve) as address:
            address = replace(address, scheme=Scheme(scheme))
            yield Target(address=address, timeouts=PATIENCE, **changed)  # type: ignore[arg-type]


def _listed(name: str, keywords: tuple[str, ...]) -> list[str]:
    *first, last = [name, *keywords]
    return [*(f"250-{word}" for word in first), f"250 {last}"]


def strict(*known: str) -> Callable[[str], str]:
    """MAIL or RCPT by a server that refuses any parameter but these words."""

    def reply(line: str) -> str:
        words = line.partition(">")[2].split()
        wrong = [word for word in words if word not in known]
        return f"555 5.5.4 what is {wrong[0]}" if wrong else "250 2.1.0 fine"

    return reply


_USUAL: Mapping[str, Say] = {
    "HELO": "250 mx.test",
    "LHLO": "250 mx.test",
    "MAIL": strict(),
    "RCPT": lambda line: "501 no" if "<>" in line else strict()(line),
    "RSET": "250 2.0.0 fine",
    "NOOP": "250 2.0.0 fine",
    "QUIT": "221 bye",
}
