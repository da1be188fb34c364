"""One client: what it says goes to a receiver, policy answers, messages go to mailboxes.

Answering waits for nothing but the disk and the TLS handshake; what has to wait is given back as
an event, so that one task can serve a crowd of clients and give a task only to those who wait.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import trio

from harness.protocol.completing import as_it_came
from harness.protocol.options import mail_options
from harness.protocol.order import IN_TRANSACTION
from harness.protocol.receiver import Event, Occasion
from harness.protocol.receiver.events import (
    Chunk,
    Etrn,
    LogIn,
    Mail,
    Message,
    Recipient,
    StartTls,
    Verify,
)
from harness.protocol.replies import Reply
from harness.protocol.sasl.sides import Bindings
from harness.protocol.services import Service
from harness.protocol.trace import Trace
from harness.wire.tls import channel_bindings
from reference_server.dates import date
from reference_server.doors.budget import Share
from reference_server.doors.door import Door
from reference_server.doors.handshakes import Sieve, shake_hands, suite_of
from reference_server.doors.limits import Pace
from reference_server.doors.sockets import SocketStream
from reference_server.intake.policy import Guest
from reference_server.server import Server
from reference_server.watching.visits import WatchedReceiver

OCTETS: Final = 65_536  # the most that we take at once


@dataclass(frozen=True, slots=True)
class Arrival:
    """The client is there, and its greeting is due."""


@dataclass(frozen=True, slots=True)
class Lingering:
    """A last word is due, and whoever hangs up before it comes goes without (`Rules.lingers`)."""


Waiting = Event | Arrival | Lingering  # one whose answer takes time
Grant = Callable[[float], None]  # gives the client so many seconds more, because we take them


class Connection:
    """One client of the server."""

    def __init__(
        self, server: Server, peer: str, door: Door, bindings: Bindings | None = None
    ) -> None:
        self.tls = server.tls
        self.suite: str | None = None  # of ciphers, inside TLS
        self.pace = Pace(server.allowance, trio.current_time())
        self._share = Share(server.budget)
        self._guesser = server.guesses.guesser(peer)
        self._server = server
        self._peer = peer
        self._door = door
        desk = server.desks[door.service or Service.SMTP]
        self._receiver = server.receiver(peer, door)(
            desk.rules,
            speech=desk.speech,
            credentials=server.house.accounts,
            has_tls=server.tls is not None,
            secure=door.implicit_tls,
            bindings=bindings or {},
            now=time.time,
        )
        self._next_event = self._receiver.next_event  # faults stand in between
        self._is_last = False  # whether what we say next ends a message
        self._lingers = False

    @property
    def is_over(self) -> bool:
        """Whether the last reply has been said."""
        return self._receiver.closing

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is under way, so that nothing is lost if the client must leave."""
        return self._receiver.memory.state not in IN_TRANSACTION

    @property
    def is_midway(self) -> bool:
        """Whether a line or a text is under way, so that silence is slowness."""
        return self._receiver.is_midway

    def lateness(self, now: float) -> Occasion | None:
        """Why the client has to go now, if it has to."""
        return self.pace.look(now, is_midway=self.is_midway)

    @property
    def session(self) -> str:
        """The id that the log knows this client by; empty if nobody watches."""
        return self._receiver.visit.id if isinstance(self._receiver, WatchedReceiver) else ""

    def close(self) -> None:
        """The client is gone."""
        if self._server.rules.stream_end:
            unsaid = self.hear(self._server.rules.stream_end)
            if isinstance(unsaid, Message):
                self._take_now(unsaid)
        self._share.hold(0)
        self._guesser.passed()
        if isinstance(self._receiver, WatchedReceiver):
            self._receiver.visit.octets = self.pace.octets
            self._receiver.close()

    def greet(self) -> bytes:
        """The greeting, or why there is none."""
        attendance, allowance = self._server.attendance, self._server.allowance
        if not self._server.house.takes_mail and self._door.service is Service.SMTP:
            return self.say(Occasion.NO_MAIL_HERE)
        may_stay = attendance.is_within(allowance, self._peer) and self._server.rules.admits(
            attendance.total
        )
        return self.say(Occasion.GREETING if may_stay else Occasion.TOO_MANY_CONNECTIONS)

    def begin(self, grant: Grant) -> tuple[bytes, Waiting | None]:
        """The first words, and what has to wait, where the talk has a task of its own."""
        return self.greet(), None

    def say(self, occasion: Occasion) -> bytes:
        """Something that the client did not ask for."""
        self._receiver.say(occasion)
        return self._receiver.output()

    def hear(self, octets: bytes) -> Waiting | None:
        """Take what the client says and answer it, up to what has to wait."""
        self.pace.octets += len(octets)
        self._receiver.feed(octets)
        return self.go_on()

    def go_on(self) -> Waiting | None:
        """Answer what is left, up to what has to wait."""
        receiver, server, next_event = self._receiver, self._server, self._next_event
        while (event := next_event()) is not None:
            self.pace.commands += 1
            match event:
                case Recipient(addressee=addressee):
                    objection = server.house.objection_to(addressee.path, self._guest)
                    receiver.answer(objection or event.said)
                case Mail():
                    receiver.answer(self._objection_to(event) or event.said)
                case Verify():
                    receiver.answer(self._told(event))
                case Etrn():
                    receiver.answer(self._turned(event))
                case Message() | Chunk() if not self.has_room():
                    receiver.answer(Occasion.NO_SPACE)
                case Message() if not server.intake.waits:
                    self._take_now(event)
                case Message() | StartTls() | LogIn():
                    return event
                case _:
                    receiver.answer(event.said)
        if not self.has_room():  # RFC 5321 4.5.3.1.9: said at the end of the text
            receiver.forgo(Occasion.NO_SPACE)
            self.has_room()
        if server.rules.lingers and (self._is_last or receiver.closing) and not self._lingers:
            self._lingers = True
            return Lingering()
        self._is_last = self._lingers = False
        return None

    def has_room(self) -> bool:
        """Whether all of a message that has come so far fits into what all may have; it is counted.

        Called whenever some has come or is answered, so no end of a transaction can be forgotten.
        """
        return self._share.hold(self._receiver.held)

    def output(self) -> bytes:
        """What is to be sent now."""
        return b"" if self._lingers else self._receiver.output()

    async def attend(self, event: Waiting, stream: trio.abc.Stream) -> trio.abc.Stream:
        """Do what has to wait and answer it; gives the stream that the talk goes on over."""
        match event:
            case Message():
                await self._take(event)
                return stream
            case StartTls():
                return await self._secure(event, stream)
            case LogIn():
                self._receiver.answer(await self._judged(event))
                return stream
            case Lingering():
                await self._linger(stream)
                return stream
            case _:
                raise AssertionError(f"{event} is answered at once")

    async def _judged(self, event: LogIn) -> Occasion:
        verdict = await self._guesser.ask(
            event.judge, takes_time=event.takes_time, judges=self._server.judges
        )
        if verdict is None:
            return Occasion.LOG_IN_LATER
        if verdict.said is Occasion.WRONG_PASSWORD:
            await trio.sleep(self._guesser.failed())
        elif verdict.said is not Occasion.CHALLENGE:
            self._guesser.passed()
        return verdict.said

    @property
    def _guest(self) -> Guest:
        memory = self._receiver.memory
        return Guest(self._peer, memory.user, self._server.rules.vouches(memory.reverse_path))

    def _objection_to(self, mail: Mail) -> Occasion | None:
        server = self._server
        return (
            server.house.objection_to_sender(mail.reverse_path)
            or server.intake.objection_to(mail)
            or self._objection_to_size(mail)
        )

    def _objection_to_size(self, mail: Mail) -> Occasion | None:
        """RFC 1870 6.1: what cannot be taken now need not be sent."""
        size = mail_options(mail.parameters).size or 0
        return None if self._server.budget.has_room(size) else Occasion.NO_SPACE

    def _told(self, event: Verify) -> Occasion | Reply:
        told = self._server.house.told_of(event, self._guest)
        if isinstance(told, Occasion):
            return told
        return self._receiver.compose(250, "2.1.5", *(f"<{address}>" for address in told))

    def _turned(self, event: Etrn) -> Occasion:
        relay = self._server.relay
        if relay is None or not self._server.house.may_turn(event.node, self._guest):
            return event.said
        return Occasion.QUEUE_STARTED if relay.retry(event.node) else Occasion.NOTHING_QUEUED

    # --- a message -----------------------------------------------------------------------------

    async def _take(self, event: Message) -> None:
        self._is_last = True
        id = self._server.intake.next_id()
        try:
            await self._server.intake.take(event.envelope, self._stamped(event, id), id)
        except OSError:
            self._receiver.answer(Occasion.NO_SPACE)
        else:
            self._receiver.answer(event.said, id=id)  # kept, then said: a 250 is a promise

    def _take_now(self, event: Message) -> None:
        self._is_last = True
        id = self._server.intake.next_id()
        try:
            self._server.intake.take_now(event.envelope, self._stamped(event, id), id)
        except OSError:
            self._receiver.answer(Occasion.NO_SPACE)
        else:
            self._receiver.answer(event.said, id=id)

    def _stamped(self, event: Message, id: str) -> bytes:
        memory, recipients = self._receiver.memory, event.envelope.recipients
        trace = Trace(
            client=memory.client,
            peer=f"IPv6:{self._peer}" if ":" in self._peer else self._peer,
            by=self._server.house.domain,
            protocol=self._receiver.protocol,
            id=id,
            date=_date(int(time.time())),
            recipient=self._server.rules.named_in_trace(recipients),
            suite=self.suite,
            priority=mail_options(event.envelope.parameters).priority,
        )
        rules = self._server.rules
        complete = rules.complete.get(self._door.service or Service.SMTP, as_it_came)
        return rules.stamp(trace, complete(trace, event.content))

    async def _linger(self, stream: trio.abc.Stream) -> None:
        if isinstance(stream, SocketStream):
            with trio.move_on_after(self._server.rules.lingers):
                await stream.wait_for_more()

    # --- TLS -----------------------------------------------------------------------------------

    async def _secure(self, event: StartTls, stream: trio.abc.Stream) -> trio.abc.Stream:
        self._receiver.answer(event.said)
        await stream.send_all(self._receiver.output())
        sieve = Sieve(stream, self._server.rules.handshake_at)
        try:
            secured = await shake_hands(
                self._server, sieve, self._peer, self._door, session=self.session, tls=self.tls
            )
        except trio.BrokenResourceError:
            if not self._server.rules.goes_on_without_tls:
                raise
            self._receiver.say(Occasion.TLS_UNAVAILABLE)
            return stream
        self.suite = suite_of(secured)
        self._receiver.secured(channel_bindings(secured))
        self._receiver.feed(sieve.kept)
        return secured


@functools.lru_cache(maxsize=1)
def _date(second: int) -> str:
    return date(second)
