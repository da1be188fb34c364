"""A task for a client: over any stream, with a deadline, from TLS or greeting to the last word."""

from __future__ import annotations

import contextlib
import math
import ssl
from collections.abc import Callable

import trio

from harness.protocol.receiver import Occasion
from harness.protocol.sasl.sides import Bindings
from harness.wire.tls import channel_bindings
from reference_server.doors.door import PLAIN, Door
from reference_server.doors.handshakes import impatience, shake_hands, suite_of
from reference_server.server import Server
from reference_server.talks.connection import OCTETS, Connection, Waiting

Connect = Callable[[Server, str, Door, Bindings], Connection]


async def serve(
    server: Server,
    stream: trio.abc.Stream,
    peer: str,
    door: Door = PLAIN,
    *,
    connect: Connect = Connection,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Talk to one client until it leaves, goes quiet, or we shut down."""
    server.attendance.enter(peer)
    try:
        secured: trio.abc.Stream | None = stream
        if door.implicit_tls and not server.attendance.is_within(server.allowance, peer):
            await trio.aclose_forcefully(stream)  # no word of ours would be understood
            return
        if door.implicit_tls:
            async with impatience(server, stream):
                secured = await _secured(server, stream, peer, door, tls)
        if secured is not None:
            connection = connect(server, peer, door, channel_bindings(secured))
            connection.suite = suite_of(secured)
            talk = Talk(server, connection, secured)
            await talk.run(*connection.begin(talk.grant))
    finally:
        server.attendance.leave(peer)


async def _secured(
    server: Server, stream: trio.abc.Stream, peer: str, door: Door, tls: ssl.SSLContext | None
) -> trio.abc.Stream | None:
    """The stream inside TLS; None, and it is closed, if there is nobody to talk to there."""
    try:
        return await shake_hands(server, stream, peer, door, tls=tls)
    except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
        await trio.aclose_forcefully(stream)
        return None
    except trio.Cancelled:
        await trio.aclose_forcefully(stream)
        raise


class Talk:
    """A connection over a stream, with the client's time running."""

    def __init__(self, server: Server, connection: Connection, stream: trio.abc.Stream) -> None:
        self._server = server
        self._connection = connection
        self._stream = stream
        self._patience = trio.CancelScope()
        self._heard = -math.inf  # when the deadline was moved last
        self._parting: Occasion | None = None  # said if our patience is cancelled, if not for time
        self._is_listening = False

    async def run(
        self, unsent: bytes = b"", waiting: Waiting | None = None, *, listens: bool = True
    ) -> bool:
        """From wherever the talk is now to its end; the stream is closed then.

        Where somebody else listens, only until nothing has to wait any longer; true if it came to
        that, and the client still talks in the clear.
        """
        guests = self._server.attendance.guests
        guests.add(self)
        goes_on = False
        try:
            with self._patience:
                goes_on = await self._converse(unsent, waiting, listens)
            if self._patience.cancelled_caught:
                late = self._connection.lateness(trio.current_time()) or Occasion.IDLE
                await self._last_words(self._parting or late)
        except trio.Cancelled:
            await self._last_words(Occasion.SHUTTING_DOWN)
            raise
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            pass  # it went away, or shakes no hands: there is nobody to tell
        finally:
            guests.discard(self)
            if not goes_on:
                self._connection.close()
                await self._hang_up()
        return goes_on

    def ask_to_leave(self) -> None:
        """Say 421 and end, as soon as no transaction is under way."""
        if self._is_listening and self._connection.is_idle:
            self._parting = Occasion.SHUTTING_DOWN
            self._patience.cancel()

    def grant(self, seconds: float) -> None:
        """Give the client so much more time: we are about to take that long ourselves."""
        self._heard = trio.current_time()
        self._connection.pace.excuse(seconds)
        self._patience.deadline = self._heard + seconds + self._server.patience.idle

    async def _converse(self, unsent: bytes, waiting: Waiting | None, listens: bool) -> bool:
        connection, in_the_clear = self._connection, self._stream
        self._wait_on()
        while True:
            while waiting is not None:
                await self._send(unsent)
                self._stream = await connection.attend(waiting, self._stream)
                waiting = connection.go_on()
                unsent = connection.output()
            await self._send(unsent)
            if connection.is_over:
                return False
            if (parting := self._why_to_part()) is not None:
                await self._last_words(parting)
                return False
            if not listens and self._stream is in_the_clear:
                return True
            octets = await self._listen()
            if not octets:
                return False
            waiting = connection.hear(octets)
            unsent = connection.output()

    def _why_to_part(self) -> Occasion | None:
        excess = self._connection.pace.excess
        is_to_leave = self._server.is_stopping and self._connection.is_idle
        return excess or (Occasion.SHUTTING_DOWN if is_to_leave else None)

    async def _listen(self) -> bytes:
        self._wait_on()
        self._is_listening = True
        octets = await self._stream.receive_some(OCTETS)
        self._is_listening = False
        return bytes(octets)

    def _wait_on(self) -> None:
        """Give the client its time again.  Moving a deadline costs, so it moves once a second."""
        now = trio.current_time()
        if now - self._heard >= 1.0:
            self._heard = now
            if self._connection.lateness(now):
                self._patience.cancel()
            idle = now + self._server.patience.idle
            self._patience.deadline = min(idle, self._connection.pace.deadline)

    async def _send(self, octets: bytes) -> None:
        if octets:
            await self._stream.send_all(octets)

    async def _last_words(self, occasion: Occasion) -> None:
        with (
            contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError),
            trio.move_on_after(self._server.patience.farewell, shield=True),
        ):
            await self._send(self._connection.say(occasion))

    async def _hang_up(self) -> None:
        """Close the stream; TLS says so first (RFC 8446 6.1), if the client still reads."""
        with (
            contextlib.suppress(trio.BrokenResourceError),
            trio.move_on_after(self._server.patience.farewell, shield=True),
        ):
            if self._server.rules.says_close_notify:
                await self._stream.aclose()
            else:
                await trio.aclose_forcefully(self._stream)
