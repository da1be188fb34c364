"""A POP3 server, seen from a client: flows over a stream, with patience, TLS and a log (trio)."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Mapping
from typing import TypeVar

import trio

from harness.errors import PeerClosed, PeerSilent
from harness.protocol.pop3.flow import Ask, Flow, Secure
from harness.protocol.pop3.responses import Response, ResponseReader
from harness.visible import excerpt
from harness.wire import Log, Tap, channel_bindings, handshake_error

T = TypeVar("T")

_RECEIVE = 65_536
_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


class PopWire:
    """One connection."""

    def __init__(
        self, stream: trio.abc.Stream, log: Log, *, context: ssl.SSLContext, name: str
    ) -> None:
        self._stream = stream
        self._log = log
        self._context = context
        self._name = name  # whose certificate it must be
        self._reader = ResponseReader()

    async def drive(self, flow: Flow[T], patience: float) -> T:
        """Run a flow to its end; each answer must come within our patience of the last octet."""
        try:
            action = next(flow)
            while True:
                if isinstance(action, Secure):
                    action = flow.send(await self.start_tls(patience))
                else:
                    action = flow.send(await self._ask(action, patience))
        except StopIteration as done:
            result: T = done.value
            return result

    async def start_tls(self, patience: float) -> Mapping[str, bytes]:
        """Shake hands; the channel bindings.  What came before is dropped (RFC 2595 4)."""
        dropped = self._reader.clear()
        if dropped:
            self._log.happened(f"dropped what came before TLS: {excerpt(dropped)}")
        tap = Tap(self._stream)
        secured = trio.SSLStream(
            tap, self._context, server_hostname=self._name, https_compatible=True
        )
        with trio.move_on_after(patience) as waiting:
            try:
                await secured.do_handshake()
            except _GONE as problem:
                error = handshake_error(problem, tap.first)
                self._log.happened(f"no TLS: {error}")
                raise error from problem
        if waiting.cancelled_caught:
            raise self._silent(patience)
        self._stream = secured
        self._log.happened(f"{secured.version()}, {(secured.cipher() or ('',))[0]}")
        return channel_bindings(secured)

    async def aclose(self) -> None:
        """Let go of the connection."""
        self._log.happened("we close")
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(self._stream)

    async def _ask(self, action: Ask, patience: float) -> Response:
        if action.octets:
            self._log.spoke("C", action.shown)
            with trio.move_on_after(patience) as waiting:
                with contextlib.suppress(*_GONE):  # what it said before it went is read first
                    await self._stream.send_all(action.octets)
            if waiting.cancelled_caught:
                raise PeerSilent(f"what we say has not been read for {patience:g} s")
        response = self._reader.take(has_content=action.has_content)
        while response is None:
            await self._pull(patience)
            response = self._reader.take(has_content=action.has_content)
        self._log.spoke("S", response.octets)
        return response

    async def _pull(self, patience: float) -> None:
        with trio.move_on_after(patience) as waiting:
            try:
                octets = bytes(await self._stream.receive_some(_RECEIVE))
            except _GONE:
                octets = b""
            if not octets:
                left = excerpt(self._reader.left)
                self._log.happened("closed by the other end")
                raise PeerClosed(
                    f"closed in the middle of a response: {left}" if left else "closed"
                )
            self._reader.feed(octets)
        if waiting.cancelled_caught:
            raise self._silent(patience)

    def _silent(self, patience: float) -> PeerSilent:
        left = excerpt(self._reader.left)
        words = f"nothing for {patience:g} s{f', but for the beginning {left}' if left else ''}"
        self._log.happened(words)
        return PeerSilent(words)
