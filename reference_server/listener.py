"""A task for a client: over any stream, with a deadline, from TLS or greeting to the last word."""

from __future__ import annotations

import contextlib
import math

import trio

from harness.protocol.receiver import Occasion
from harness.wire.tls import channel_bindings
from reference_server.connection import OCTETS, Connection, Waiting
from reference_server.doors import PLAIN, Door
from reference_server.server import Server


async def serve(server: Server, stream: trio.abc.Stream, peer: str, door: Door = PLAIN) -> None:
    """Talk to one client until it leaves, goes quiet, or we shut down."""
    server.open_connections += 1
    try:
        secured = await shake_hands(server, stream) if door.implicit_tls else stream
        if secured is not None:
            connection = Connection(server, peer, door, channel_bindings(secured))
            await Talk(server, connection, secured).run(connection.greet())
    finally:
        server.open_connections -= 1


async def shake_hands(server: Server, stream: trio.abc.Stream) -> trio.abc.Stream | None:
    """The stream inside TLS; None, and it is closed, if the client cannot or takes too long."""
    assert server.tls is not None, "a door with TLS is opened where there is a certificate"
    secured = trio.SSLStream(stream, server.tls, server_side=True, https_compatible=True)
    try:
        with trio.fail_after(server.patience.handshake):
            await secured.do_handshake()
    except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
        await trio.aclose_forcefully(stream)
        return None
    except trio.Cancelled:
        await trio.aclose_forcefully(stream)
        raise
    return secured


class Talk:
    """A connection over a stream, with the client's time running."""

    def __init__(self, server: Server, connection: Connection, stream: trio.abc.Stream) -> None:
        self._server = server
        self._connection = connection
        self._stream = stream
        self._patience = trio.CancelScope()
        self._heard = -math.inf  # when the deadline was moved last

    async def run(self, unsent: bytes = b"", waiting: Waiting | None = None) -> None:
        """From wherever the talk is now to its end; the stream is closed then."""
        try:
            with trio.CancelScope() as self._patience:
                await self._converse(unsent, waiting)
            if self._patience.cancelled_caught:
                await self._last_words(Occasion.IDLE)
        except trio.Cancelled:
            await self._last_words(Occasion.SHUTTING_DOWN)
            raise
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            pass  # it went away, or shakes no hands: there is nobody to tell
        finally:
            await trio.aclose_forcefully(self._stream)

    async def _converse(self, unsent: bytes, waiting: Waiting | None) -> None:
        connection = self._connection
        self._wait_on()
        while True:
            while waiting is not None:
                await self._send(unsent)
                self._stream = await connection.attend(waiting, self._stream)
                waiting = connection.go_on()
                unsent = connection.output()
            await self._send(unsent)
            if connection.is_over:
                return
            self._wait_on()
            octets = await self._stream.receive_some(OCTETS)
            if not octets:
                return
            waiting = connection.hear(bytes(octets))
            unsent = connection.output()

    def _wait_on(self) -> None:
        """Give the client its time again.  Moving a deadline costs, so it moves once a second."""
        now = trio.current_time()
        if now - self._heard >= 1.0:
            self._heard = now
            self._patience.deadline = now + self._server.patience.idle

    async def _send(self, octets: bytes) -> None:
        if octets:
            await self._stream.send_all(octets)

    async def _last_words(self, occasion: Occasion) -> None:
        with (
            contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError),
            trio.move_on_after(self._server.patience.farewell, shield=True),
        ):
            await self._send(self._connection.say(occasion))
