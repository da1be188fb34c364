"""The sink: all mail is taken, counted and thrown away, about as fast as a client can send it.

A message that is accepted leaves the receiver as it was before, so it need not hear of those that
can be taken by rote.  Whatever else is said goes to the receiver, as on any other server, once it
has been told what it missed.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.protocol.receiver import Envelope
from harness.protocol.receiver.events import Mail
from harness.protocol.sasl.sides import Bindings
from harness.protocol.services import Service
from harness.protocol.trace import Trace
from reference_server.connection import Connection, Waiting
from reference_server.doors import Door
from reference_server.intake import Intake
from reference_server.listener import Connect
from reference_server.policy import House
from reference_server.rote import Recital, Rote, Takings, learn
from reference_server.server import Desk, Server
from reference_server.storage import Nowhere


def unstamped(trace: Trace, content: bytes) -> bytes:
    """The content without a trace line, which nobody would read."""
    return content


class Sink(Intake):
    """Where messages are counted and go no further."""

    def __init__(self, house: House, *, serial: Iterator[int] | None = None) -> None:
        super().__init__(house, Nowhere(), serial=serial)
        self.takings = Takings()

    def objection_to(self, mail: Mail) -> None:
        """There is room for any message."""

    def take_now(self, envelope: Envelope, content: bytes, id: str) -> None:
        """Count a message."""
        self.takings.add(len(content))


def connect_to(server: Server) -> Connect:
    """What makes the connections of that server: those of a sink, if it is one."""
    return _Hostess(server.intake) if isinstance(server.intake, Sink) else Connection


class _Hostess:
    """Makes the connections of a sink, and learns by rote what they answer."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._desk: Desk | None = None  # whose answers have been learned
        self._rote: Rote | None = None

    def __call__(self, server: Server, peer: str, door: Door, bindings: Bindings) -> Connection:
        if door.service is not Service.SMTP or server.watchers:  # who watches wants to see all
            return Connection(server, peer, door, bindings)
        rote = self._learned(server.desks[Service.SMTP])
        if rote is None:
            return Connection(server, peer, door, bindings)
        return SinkConnection(rote, server, peer, door, bindings)

    def _learned(self, desk: Desk) -> Rote | None:
        if desk is not self._desk:  # the first one, or rules have been renewed
            sink = self._sink
            self._desk = desk
            self._rote = learn(desk, takings=sink.takings, new_id=sink.next_id)
        return self._rote


class SinkConnection(Connection):
    """One client of a sink."""

    def __init__(
        self, rote: Rote, server: Server, peer: str, door: Door, bindings: Bindings
    ) -> None:
        super().__init__(server, peer, door, bindings)
        self._rote = rote
        self._recital: Recital | None = None  # while the receiver is not asked
        self._said = b""

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is under way, so that nothing is lost if the client must leave."""
        return super().is_idle if self._recital is None else self._recital.is_idle

    @property
    def is_midway(self) -> bool:
        """Whether a line or a text is under way, so that silence is slowness."""
        return super().is_midway if self._recital is None else self._recital.is_in_text

    def hear(self, octets: bytes) -> Waiting | None:
        """Take what the client says and answer it, up to what has to wait."""
        self.pace.octets += len(octets)
        if self._recital is None:
            return self._ask(octets)
        self._said, rest = self._recital.take(octets)
        return self._hand_over(self._recital, rest) if rest else None

    def output(self) -> bytes:
        """What is to be sent now."""
        said, self._said = self._said, b""
        return said if self._recital is not None else said + super().output()

    def _hand_over(self, recital: Recital, rest: bytes) -> Waiting | None:
        self._recital = None
        if recital.has_taken:
            self._receiver.let_pass()
        if recital.missed:
            self.pace.commands -= recital.lines  # it counts them itself
            self._receiver.feed(recital.missed)
            self.go_on()
            super().output()  # it was said already
        return self._ask(rest)

    def _ask(self, octets: bytes) -> Waiting | None:
        self._receiver.feed(octets)
        waiting = self.go_on()
        if waiting is None and self._receiver.is_at_rest:
            self._said += super().output()
            self._recital = Recital(self._rote, self.pace)
        return waiting
