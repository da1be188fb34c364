"""A talk: flows over a wire, each reply awaited for as long as RFC 5321 gives it, and noted.

What was answered before a connection broke decides what has become of the message, so it is kept
here, where no exception can lose it.
"""

from __future__ import annotations

import ssl
from collections.abc import Generator
from typing import TypeVar

from harness.client import drive
from harness.errors import PeerClosed, PeerError, PeerSilent, TlsFailed
from harness.protocol.replies import CLOSING, Reply
from harness.protocol.sender import Exchange, Flow, Secure
from harness.wire import Log, Wire
from reference_server.relay.settings import Timeouts

T = TypeVar("T")


class Unkept(Log):
    """A log that keeps nothing: a connection may last, and messages may be large."""

    def spoke(self, who: str, octets: bytes, connection: str = "") -> int:
        """Not kept."""
        return -1

    def happened(self, what: str, connection: str = "") -> int:
        """Not kept."""
        return -1


class Talk:
    """One connection, and what has been said on it since `forget`."""

    def __init__(
        self, wire: Wire, timeouts: Timeouts, context: ssl.SSLContext | None, server_name: str
    ) -> None:
        self.wire = wire
        self.heard: list[tuple[str, Reply]] = []
        self.awaited = ""  # the name of the reply that was asked for last
        self._timeouts = timeouts
        self._context = context
        self._server_name = server_name

    def forget(self) -> None:
        """A new transaction begins."""
        self.heard.clear()
        self.awaited = ""

    async def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end."""
        try:
            action = next(flow)
            while True:
                try:
                    replies = await self._act(action)
                except PeerError as lost:
                    action = flow.throw(lost)
                else:
                    action = flow.send(replies)
        except StopIteration as done:
            result: T = done.value
            return result

    async def _act(self, action: Exchange | Secure) -> tuple[Reply, ...]:
        if isinstance(action, Secure):
            await self._drive(action, self._timeouts.handshake)
            return ()
        await self._drive(Exchange((), action.octets), self._timeouts.block)
        replies: list[Reply] = []
        for name in action.names:
            self.awaited = name
            replies += await self._drive(Exchange((name,), b""), self._timeouts.of(name))
            self.heard.append((name, replies[-1]))
            if replies[-1].code == CLOSING:
                break
        return tuple(replies)

    async def _drive(self, action: Exchange | Secure, patience: float) -> tuple[Reply, ...]:
        return await drive(_only(action), self.wire, patience=patience, secure=self.secure)

    async def secure(self) -> None:
        """Shake hands; raises TlsFailed, whatever went wrong."""
        assert self._context is not None, "TLS is not begun where it is switched off"
        try:
            await self.wire.start_tls(
                self._context, self._timeouts.handshake, server_name=self._server_name
            )
        except (PeerClosed, PeerSilent) as lost:
            raise TlsFailed(f"no handshake: {lost}") from lost


def _only(
    action: Exchange | Secure,
) -> Generator[Exchange | Secure, tuple[Reply, ...], tuple[Reply, ...]]:
    return (yield action)
