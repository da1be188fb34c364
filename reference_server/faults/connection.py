"""A connection that accidents happen to: what a fault may touch waits, and is done on the stream.

Events that nothing happens to go to the connection that this one is, as ever.  What happens is
decided when the event comes, and done when all that was said before it has been sent.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import trio

from harness.protocol.order import IN_TRANSACTION, Verb
from harness.protocol.receiver import Envelope, Event, Occasion
from harness.protocol.receiver.events import (
    Chunk,
    Etrn,
    Hello,
    LogIn,
    Mail,
    Message,
    Objected,
    Plain,
    Recipient,
    StartTls,
    Text,
    Unfit,
    Verify,
)
from harness.protocol.replies import CLOSING, Reply
from harness.protocol.sasl.sides import Bindings
from harness.protocol.services import Service
from reference_server.doors.door import Door
from reference_server.faults import messages, tricks
from reference_server.faults.deciding import together
from reference_server.faults.faults import Faults
from reference_server.faults.model import Facts, Stage, Trick
from reference_server.server import Server
from reference_server.talks.connection import Arrival, Connection, Grant, Waiting

_STAGES: Final[Mapping[type, Stage]] = {
    Mail: Stage.MAIL,
    Recipient: Stage.RCPT,
    Text: Stage.DATA,
    Chunk: Stage.BDAT,
    Message: Stage.DOT,
    Unfit: Stage.DOT,
    StartTls: Stage.STARTTLS,
    LogIn: Stage.AUTH,
    Etrn: Stage.ETRN,
}


@dataclass(frozen=True, slots=True)
class _Held:
    """An event that waits for what happens to it; None is nothing, but we want to know."""

    event: Event
    stage: Stage
    trick: Trick | None = None
    each: tuple[Trick, ...] = ()  # of the end of a text: for each reply that is due


class FaultyConnection(Connection):
    """One client of a server with faults."""

    def __init__(
        self,
        server: Server,
        peer: str,
        door: Door,
        bindings: Bindings,
        *,
        faults: Faults,
        number: int,
        slowed: tricks.Slow | None = None,
    ) -> None:
        super().__init__(server, peer, door, bindings)
        self._faults = faults
        self._number = number
        self._slowed = slowed  # from the first moment on
        self._is_lmtp = door.service is Service.LMTP
        self._grant: Grant = _grant_nothing
        self._receive = self._next_event
        self._next_event = self._watched
        self._passed: Event | None = None  # the one event that is for the connection itself
        self._alone = False  # whether it is the only one for now
        self._held: _Held | None = None
        self._unhindered: trio.abc.Stream | None = None  # what we read from before a text began

    # --- what comes, and what waits --------------------------------------------------------------

    def begin(self, grant: Grant) -> tuple[bytes, Waiting | None]:
        """Nothing is said before the faults have had their say."""
        self._grant = grant
        if self._slowed is not None:
            self._slowed.excuse = grant
        return b"", Arrival()

    def close(self) -> None:
        """The client is gone, and what it has sent is freed: not in a circle, for the collector."""
        super().close()
        self._next_event, self._grant, self._slowed = self._receive, _grant_nothing, None

    def go_on(self) -> Waiting | None:
        """Answer what is left, up to what has to wait."""
        waiting = super().go_on()
        if waiting is None and self._held is not None:
            return self._held.event
        return waiting

    def _watched(self) -> Event | None:
        """The next event that nothing happens to; None where one is held, or none has come."""
        if self._passed is not None:
            event, self._passed = self._passed, None
            return event
        if self._alone or self._held is not None:
            return None
        next_event = self._receive()
        stage = None if next_event is None else self._stage_of(next_event)
        if next_event is None or stage is None:
            return next_event
        held = self._decided(next_event, stage)
        if held.trick is None and not self._is_of_interest(stage):
            return next_event
        self._held = held
        return None

    def _decided(self, event: Event, stage: Stage) -> _Held:
        if stage is Stage.AUTH:
            # Nothing can be decided before a password is checked, which takes time.
            return _Held(event, stage)
        if stage is not Stage.DOT:
            return _Held(event, stage, self._meet(stage, event))
        each = self._meet_each(event)
        trick = together(each)
        return _Held(event, stage, None if trick == Trick() else trick, each)

    def _stage_of(self, event: Event) -> Stage | None:
        """The stage that the event is met at; None for what the protocol itself refuses."""
        match event:
            case Objected():
                return None
            case Hello(extended=extended):
                return Stage.LHLO if self._is_lmtp else Stage.EHLO if extended else Stage.HELO
            case Plain(verb=verb) | Verify(verb=verb):
                return _PLAIN.get(verb)
            case _:
                return _STAGES.get(type(event))

    def _is_of_interest(self, stage: Stage) -> bool:
        """Whether something is to be done at the stage even if nothing goes wrong there."""
        if stage is Stage.DOT:
            return self._faults.received is not None or self._unhindered is not None
        return stage in _OPENING

    def _meet(self, stage: Stage, event: Event | None = None) -> Trick | None:
        return self._faults.meet(stage, self._facts(event), trio.current_time())

    def _facts(self, event: Event | None) -> Facts:
        memory = self._receiver.memory
        sender = str(memory.reverse_path) if memory.state in IN_TRANSACTION else None
        recipients = tuple(str(addressee.path) for addressee in memory.recipients)
        user = memory.user
        match event:
            case Mail(reverse_path=path):
                sender, recipients = str(path), ()
            case Recipient(addressee=addressee):
                recipients = (str(addressee.path),)
            case LogIn():
                user = event.judge().user or None
        return Facts(
            client=self._peer,
            connection=self._number,
            user=user,
            sender=sender,
            recipients=recipients,
        )

    # --- doing it --------------------------------------------------------------------------------

    async def attend(self, event: Waiting, stream: trio.abc.Stream) -> trio.abc.Stream:
        """Do what happens, and what has to be done all the same."""
        if isinstance(event, Arrival):
            return await self._greet(stream)
        held, self._held = self._held, None
        if held is None:
            return await super().attend(event, stream)
        if held.stage is Stage.DOT and self._unhindered is not None:
            stream, self._unhindered = self._unhindered, None
        trick = held.trick or Trick()
        if isinstance(event, LogIn):
            trick = await self._judge(event)
        await self._delay(trick)
        if isinstance(event, StartTls) and trick.reply is None:
            return await self._start_tls(event, trick, stream)
        stream, octets = await self._answer(held, trick, stream)
        stream = await self._say(trick, octets, stream)
        _end_if_said(*held.each)
        if held.stage is Stage.QUIT and trick.reply is not None and trick.reply.is_positive:
            raise tricks.LetGo("QUIT in other words")
        if isinstance(event, Text) and octets.startswith(b"3"):
            stream = await self._meet_text(stream)
        return stream

    async def _judge(self, event: LogIn) -> Trick:
        """What goes wrong with a log-in once its outcome is known: only then is the user."""
        if event.takes_time:
            await trio.to_thread.run_sync(event.judge, limiter=self._server.judges)
        if event.said is Occasion.CHALLENGE:
            return Trick()
        return self._meet(Stage.AUTH, event) or Trick()

    async def _delay(self, trick: Trick) -> None:
        self._grant(trick.delay)
        await trio.sleep(trick.delay)

    async def _greet(self, stream: trio.abc.Stream) -> trio.abc.Stream:
        trick = self._meet(Stage.GREETING) or Trick()
        await self._delay(trick)
        octets = self.greet()
        if trick.reply is not None:
            octets = trick.reply.octets
        stream = await self._say(trick, octets, stream)
        _end_if_said(trick)
        return stream

    async def _answer(
        self, held: _Held, trick: Trick, stream: trio.abc.Stream
    ) -> tuple[trio.abc.Stream, bytes]:
        if held.stage is Stage.DOT:
            return await self._answer_message(held, trick, stream)
        if trick.reply is not None:
            return stream, self._tell(trick.reply)
        return await self._oblige(held.event, stream), self.output()

    async def _say(self, trick: Trick, octets: bytes, stream: trio.abc.Stream) -> trio.abc.Stream:
        if tricks.speaks(trick):
            await tricks.say(trick, octets, stream)
        self._grant(tricks.LONGEST_SILENCE if trick.silent else 0.0)
        await tricks.end(trick, stream)
        return tricks.Slow(stream, trick.slow, self._grant) if trick.slow else stream

    def _tell(self, told: Reply) -> bytes:
        """Answer with that reply, octet for octet, even where a log adds to replies."""
        self._receiver.answer(told)
        said = self.output().splitlines(keepends=True)
        return told.octets + b"".join(said[len(told.lines) :])

    async def _oblige(self, event: Event, stream: trio.abc.Stream) -> trio.abc.Stream:
        """Answer the event as if there were no faults."""
        self._passed, self._alone = event, True
        waiting = super().go_on()
        self._alone = False
        return stream if waiting is None else await super().attend(waiting, stream)

    # --- messages --------------------------------------------------------------------------------

    def _meet_each(self, event: Event) -> tuple[Trick, ...]:
        """What goes wrong with each reply that is due; in LMTP each recipient has one."""
        if not self._is_lmtp:
            return (self._meet(Stage.DOT, event) or Trick(),)
        facts, now = self._facts(event), trio.current_time()
        tricks = (
            self._faults.meet(Stage.DOT, replace(facts, recipients=(one,)), now)
            for one in facts.recipients
        )
        return tuple(trick or Trick() for trick in tricks)

    async def _answer_message(
        self, held: _Held, trick: Trick, stream: trio.abc.Stream
    ) -> tuple[trio.abc.Stream, bytes]:
        refused = messages.refusals(held.each, trick)
        if refused and all(refused):
            replies = self._refuse(held.each)
        else:
            facts, hello = self._facts(held.event), self._receiver.memory.client
            kept = list(messages.kept(held.event, held.each, refused))
            again = [self._written(event) for event in kept[1:] if isinstance(event, Message)]
            if not kept:  # it is lost, and nobody is told
                self._receiver.answer(held.event.said, id=self._server.intake.next_id())
            else:
                stream = await self._oblige(kept[0], stream)
            replies = messages.read_replies(self.output())
            if any(one.is_positive for one in replies):
                for copy in again:
                    await self._keep(*copy)
                for event in kept:
                    if isinstance(event, Message):
                        self._remember(event, facts, hello)
        said = messages.told(replies, held.each)
        return stream, b"".join(one.octets for one in said)

    def _refuse(self, each: Sequence[Trick]) -> list[Reply]:
        replies = [trick.reply or messages.LOST for trick in each]
        if self._is_lmtp:
            self._receiver.answer_each(replies)
        else:
            self._receiver.answer(replies[0])
        return messages.read_replies(self.output())

    def _written(self, event: Message) -> tuple[Envelope, bytes, str]:
        """A message as it goes to disk, while we still know who brought it."""
        id = self._server.intake.next_id()
        return event.envelope, self._stamped(event, id), id

    async def _keep(self, envelope: Envelope, content: bytes, id: str) -> None:
        intake = self._server.intake
        with contextlib.suppress(OSError):  # nobody was promised a second copy
            if intake.waits:
                await intake.take(envelope, content, id)
            else:
                intake.take_now(envelope, content, id)

    def _remember(self, event: Message, facts: Facts, hello: str) -> None:
        if self._faults.received is not None:
            self._faults.received.add(
                client=facts.client,
                hello=hello,
                user=facts.user,
                sender=facts.sender or "",
                recipients=tuple(map(str, event.envelope.recipients)),
                content=event.content,
            )

    # --- a text that arrives ---------------------------------------------------------------------

    async def _meet_text(self, stream: trio.abc.Stream) -> trio.abc.Stream:
        """What happens while the text arrives: now, or once some of it has been read."""
        trick = self._meet(Stage.TEXT)
        if trick is None:
            return stream
        self._unhindered = stream
        if trick.slow:
            stream = tricks.Slow(stream, trick.slow, self._grant)

        async def interrupt(below: trio.abc.Stream) -> None:
            await self._delay(trick)
            self._grant(tricks.LONGEST_SILENCE if trick.silent else 0.0)
            await tricks.interrupt(trick, below)

        if trick.after:
            return tricks.Midway(stream, trick.after, interrupt)
        await interrupt(stream)
        return stream

    # --- TLS -------------------------------------------------------------------------------------

    async def _start_tls(
        self, event: StartTls, trick: Trick, stream: trio.abc.Stream
    ) -> trio.abc.Stream:
        handshake = self._meet(Stage.TLS) or Trick()
        self.tls = self._faults.certificates.context(handshake.certificate, self.tls)

        async def say(octets: bytes, below: trio.abc.Stream) -> None:
            await self._say(trick, octets, below)
            await self._delay(handshake)
            self._grant(tricks.LONGEST_SILENCE if handshake.silent else 0.0)
            await tricks.interrupt(handshake, below)

        if rate := trick.slow or handshake.slow:
            stream = tricks.Slow(stream, rate, self._grant)
        return await self._oblige(event, tricks.FirstWords(stream, say))


def _end_if_said(*said: Trick) -> None:
    """Nothing follows a 421 (RFC 5321 3.8), also where the receiver did not say it."""
    if any(trick.reply is not None and trick.reply.code == CLOSING for trick in said):
        raise tricks.LetGo("421")


# After these another stage is met: the text, the handshake, the outcome.
_OPENING: Final = frozenset({Stage.DATA, Stage.STARTTLS, Stage.AUTH})

_PLAIN: Final = {
    verb: Stage(verb.value)
    for verb in (Verb.RSET, Verb.NOOP, Verb.QUIT, Verb.HELP, Verb.VRFY, Verb.EXPN)
}


def _grant_nothing(_seconds: float) -> None:
    """Where nobody waits for us."""
