"""POP3: the owner's door to a Maildir.  A task for a client, from greeting to the last word."""

from __future__ import annotations

import contextlib
import functools
from typing import Final

import trio

from harness.protocol.pop3.events import Enter, Event, LogIn, Retrieve, StartTls, Update
from harness.protocol.pop3.session import Limits, Refusal, Session
from harness.protocol.sasl import Denied, Granted, ServerSide
from harness.wire.tls import channel_bindings
from reference_server.doors.door import Door, Kind
from reference_server.doors.handshakes import shake_hands
from reference_server.pop3.maildrop import InUse, Maildrop
from reference_server.server import Server
from reference_server.users.book import folded
from reference_server.watching.popping import PopCounter

OCTETS: Final = 4_096  # the most that we take at once: commands are short
STANDARD: Final = Door(Kind.POP3)
_TOO_MANY: Final = b"-ERR [SYS/TEMP] too many connections\r\n"

_GONE: Final = (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError)


async def serve_pop3(
    server: Server, stream: trio.abc.Stream, peer: str, door: Door = STANDARD
) -> None:
    """Talk to one client until it leaves, goes quiet, or we shut down."""
    server.attendance.enter(peer)
    visit: Visit | None = None
    counter = PopCounter(server.metrics, door)
    counter.opened()
    try:
        with contextlib.suppress(*_GONE):  # it went away, or shakes no hands: nobody to tell
            if door.implicit_tls:
                stream = await shake_hands(server, stream, peer, door)
            if not server.attendance.is_within(server.allowance, peer):
                await stream.send_all(_TOO_MANY)
                return
            visit = Visit(server, stream, peer, door, counter)
            with trio.move_on_after(server.allowance.seconds):
                await visit.run()
    finally:
        counter.closed()
        server.attendance.leave(peer)
        await _hang_up(server, stream if visit is None else visit.stream)


class Visit:
    """A session over a stream, and the mailbox that is open in it."""

    def __init__(
        self, server: Server, stream: trio.abc.Stream, peer: str, door: Door, counter: PopCounter
    ) -> None:
        assert server.house.accounts is not None, "POP3 is spoken where there are users"
        self.stream = stream
        self._server = server
        self._peer = peer
        self._door = door
        self._counter = counter
        self._id = server.intake.next_id()
        self._guesser = server.guesses.guesser(peer)
        self._maildrop: Maildrop | None = None
        self._patience = trio.CancelScope()
        self._is_listening = False
        self._session = Session(
            ServerSide(
                credentials=server.house.accounts,
                bindings=channel_bindings(stream),
                host=server.house.domain,
            ),
            has_tls=server.tls is not None,
            secure=door.implicit_tls,
            allows_login_in_clear=server.rules.allows_auth_in_clear,
            limits=Limits(commands=server.allowance.commands),
            heard=counter.heard,
        )

    async def run(self) -> None:
        """To the end; RFC 1939 3: who goes without QUIT, or is silent too long, deletes nothing."""
        guests = self._server.attendance.guests
        guests.add(self)
        self._session.greet()
        try:
            with self._patience:
                await self._converse()
        finally:
            guests.discard(self)
            self._guesser.passed()
            if self._maildrop is not None:
                self._maildrop.close()

    def ask_to_leave(self) -> None:
        """The server stops: what is being told is told to its end, and nothing is deleted."""
        if self._is_listening:
            self._patience.cancel()

    async def _converse(self) -> None:
        session = self._session
        while True:
            while (event := session.next_event()) is not None:
                await self._do(event)
                await self._say()
            await self._say()
            if session.is_over or self._server.is_stopping:
                return
            self._is_listening = True
            octets = await self.stream.receive_some(OCTETS)
            self._is_listening = False
            if not octets:
                return
            self._counter.received(len(octets))
            session.feed(bytes(octets))

    async def _say(self) -> None:
        """Send what there is; a client that has been answered gets its time again."""
        octets = self._session.output()
        if octets:
            self._patience.deadline = trio.current_time() + self._server.patience.mailbox
            await self.stream.send_all(octets)
            self._counter.sent(len(octets))

    async def _do(self, event: Event) -> None:
        match event:
            case LogIn():
                await self._log_in(event)
            case Enter():
                await self._enter(event)
            case Retrieve():
                await self._retrieve(event)
            case Update():
                await self._update(event)
            case StartTls():
                await self._secure()

    async def _log_in(self, event: LogIn) -> None:
        outcome = await self._guesser.ask(
            event.judge, takes_time=event.takes_time, judges=self._server.judges
        )
        if outcome is None:
            self._counter.tried("put off")
            self._session.refuse(Refusal.LATER)
            return
        if isinstance(outcome, Denied):
            self._counter.tried("failed")
            self._server.tell("pop3-login-failed", session=self._id, peer=self._peer)
            await trio.sleep(self._guesser.failed())
        elif isinstance(outcome, Granted):
            self._counter.tried("succeeded")
            self._guesser.passed()
        self._session.judged(outcome)

    async def _enter(self, event: Enter) -> None:
        maildrops = self._server.maildrops
        if maildrops is None:
            self._session.refuse(Refusal.NO_MAILBOX)
            return
        try:
            opening = functools.partial(maildrops.open, folded(event.user))
            self._maildrop = await trio.to_thread.run_sync(opening)
        except InUse:
            self._session.refuse(Refusal.IN_USE)
        except OSError:
            self._session.refuse(Refusal.NO_MAILBOX)
        else:
            self._server.tell("pop3-login", session=self._id, peer=self._peer, user=event.user)
            self._session.entered(self._maildrop.entries)

    async def _retrieve(self, event: Retrieve) -> None:
        assert self._maildrop is not None, "messages are told of an open mailbox"
        try:
            content = await trio.to_thread.run_sync(self._maildrop.read, event.entry)
        except OSError:
            self._session.refuse(Refusal.GONE)
        else:
            self._counter.told()
            self._session.told(content)

    async def _update(self, event: Update) -> None:
        assert self._maildrop is not None, "messages are deleted from an open mailbox"
        with trio.CancelScope(shield=True):  # the client has said QUIT: it is done or not done
            is_complete = await trio.to_thread.run_sync(self._maildrop.delete, event.entries)
        self._server.tell(
            "pop3-done", session=self._id, user=self._session.user, deleted=len(event.entries)
        )
        self._counter.deleted(len(event.entries) if is_complete else 0)
        self._session.updated(is_complete=is_complete)

    async def _secure(self) -> None:
        await self._say()
        secured = await shake_hands(
            self._server, self.stream, self._peer, self._door, session=self._id
        )
        self.stream = secured
        self._session.secured(channel_bindings(secured))


async def _hang_up(server: Server, stream: trio.abc.Stream) -> None:
    """Close the stream; TLS says so first (RFC 8446 6.1), if the client still reads."""
    with (
        contextlib.suppress(trio.BrokenResourceError),
        trio.move_on_after(server.patience.farewell, shield=True),
    ):
        await stream.aclose()
