"""Connections: a task each, which feeds a receiver and answers by policy."""

from __future__ import annotations

import email.utils
import functools
import itertools
import math
import ssl
import time
from dataclasses import dataclass, field

import trio

from harness.protocol.receiver import Envelope, Occasion, Receiver, Rules, Speech
from harness.protocol.receiver.events import Message, Recipient, StartTls
from harness.protocol.trace import Trace, protocol_name, return_path
from reference_server.mailboxes import Mailboxes
from reference_server.policy import House


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long we wait, in seconds, and for how many connections at once."""

    idle: float = 301.0  # for the next octets, within a second: RFC 5321 4.5.3.2.7 wants 300
    handshake: float = 30.0
    farewell: float = 0.2  # to get a last 421 out when we shut down
    connections: int = 500


@dataclass(slots=True, kw_only=True)
class Server:
    """Everything that connections share."""

    house: House
    mailboxes: Mailboxes
    rules: Rules
    tls: ssl.SSLContext | None = None
    patience: Patience = field(default_factory=Patience)
    open_connections: int = 0
    speech: Speech = field(init=False)
    _serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.speech = Speech(self.rules.answers, self.house.domain)

    def next_id(self) -> str:
        """An id for a message, unique on this machine."""
        return f"{time.time_ns() // 1_000_000:x}-{next(self._serial):x}"

    async def serve(self, stream: trio.abc.Stream, peer: str) -> None:
        """Talk to one client until it leaves, goes quiet, or we shut down."""
        self.open_connections += 1
        try:
            await _Connection(self, stream, peer).run()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            pass  # it went away, or reads nothing: there is nobody to tell
        finally:
            self.open_connections -= 1


class _Connection:
    """One client."""

    def __init__(self, server: Server, stream: trio.abc.Stream, peer: str) -> None:
        self._server = server
        self._stream = stream
        self._peer = peer
        self._patience = trio.CancelScope()
        self._heard = -math.inf  # when the deadline was moved last
        self._receiver = Receiver(
            server.rules,
            speech=server.speech,
            check_password=server.house.knows_password,
            has_tls=server.tls is not None,
        )

    async def run(self) -> None:
        """The whole of it, from greeting to close."""
        try:
            with trio.CancelScope() as self._patience:
                await self._converse()
            if self._patience.cancelled_caught:
                await self._last_words(Occasion.IDLE)
        except trio.Cancelled:
            await self._last_words(Occasion.SHUTTING_DOWN)
            raise
        finally:
            await trio.aclose_forcefully(self._stream)

    async def _converse(self) -> None:
        self._wait_on()
        server = self._server
        too_many = server.open_connections > server.patience.connections
        self._receiver.say(Occasion.TOO_MANY_CONNECTIONS if too_many else Occasion.GREETING)
        await self._flush()
        while not self._receiver.closing:
            self._wait_on()
            octets = await self._stream.receive_some(65_536)
            if not octets:
                return
            self._receiver.feed(octets if type(octets) is bytes else bytes(octets))
            await self._answer_all()
            await self._flush()

    def _wait_on(self) -> None:
        """Give the client its time again.  Moving a deadline costs, so it moves once a second."""
        now = trio.current_time()
        if now - self._heard >= 1.0:
            self._heard = now
            self._patience.deadline = now + self._server.patience.idle

    async def _answer_all(self) -> None:
        receiver = self._receiver
        while (event := receiver.next_event()) is not None:
            match event:
                case Recipient(forward_path=path):
                    receiver.answer(self._server.house.objection_to(path) or event.said)
                case Message():
                    await self._keep(event)
                case StartTls():
                    await self._secure(event)
                case _:
                    receiver.answer(event.said)

    async def _flush(self) -> None:
        output = self._receiver.output()
        if output:
            await self._stream.send_all(output)

    async def _last_words(self, occasion: Occasion) -> None:
        self._receiver.say(occasion)
        with trio.move_on_after(self._server.patience.farewell, shield=True):
            await self._flush()

    async def _secure(self, event: StartTls) -> None:
        assert self._server.tls is not None, "STARTTLS is offered where there is a certificate"
        if not self._receiver.answer(event.said).is_positive:
            return
        await self._flush()
        stream = trio.SSLStream(
            self._stream, self._server.tls, server_side=True, https_compatible=True
        )
        with trio.fail_after(self._server.patience.handshake):
            await stream.do_handshake()
        self._stream = stream
        self._receiver.secured()

    async def _keep(self, event: Message) -> None:
        """Store the message first, then say so: a 250 is a promise."""
        names = self._mailboxes(event.envelope)
        id = self._server.next_id()
        octets = self._stamped(event, id)
        store = self._server.mailboxes.store
        try:
            if self._server.mailboxes.syncs:
                await trio.to_thread.run_sync(store, names, octets)
            else:
                store(names, octets)
        except OSError:
            self._receiver.answer(Occasion.NO_SPACE)
        else:
            self._receiver.answer(event.said, id=id)

    def _mailboxes(self, envelope: Envelope) -> list[str]:
        # A recipient named twice, or under two names, gets one copy (RFC 5321 4.1.1.3 allows it).
        found = map(self._server.house.mailbox_of, envelope.recipients)
        return list(dict.fromkeys(name for name in found if name is not None))

    def _stamped(self, event: Message, id: str) -> bytes:
        memory, recipients = self._receiver.memory, event.envelope.recipients
        trace = Trace(
            client=memory.client,
            peer=f"IPv6:{self._peer}" if ":" in self._peer else self._peer,
            by=self._server.house.domain,
            protocol=protocol_name(
                extended=memory.extended,
                secure=self._receiver.secure,
                authenticated=memory.user is not None,
            ),
            id=id,
            date=_date(int(time.time())),
            recipient=str(recipients[0]) if len(recipients) == 1 else None,
        )
        path = return_path(str(event.envelope.reverse_path))
        return path + self._server.rules.stamp(trace, event.content)


@functools.lru_cache(maxsize=1)
def _date(second: int) -> str:
    return email.utils.formatdate(second, localtime=False)
