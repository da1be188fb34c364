"""The sink: all mail is taken, counted and thrown away, about as fast as a client can send it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.protocol.receiver import Envelope
from harness.protocol.receiver.events import Mail
from harness.protocol.trace import Trace
from reference_server.doors.limits import Pace
from reference_server.intake.intake import Intake
from reference_server.intake.policy import House
from reference_server.server import Server
from reference_server.storage.storage import Nowhere
from reference_server.talks.recital import Recital
from reference_server.talks.reciting import RecitingConnection
from reference_server.talks.rote import Rote


@dataclass(slots=True)
class Takings:
    """What has been taken and thrown away."""

    messages: int = 0
    octets: int = 0  # of their content

    def __str__(self) -> str:
        return f"{self.messages} messages, {self.octets} octets"


class Sink(Intake):
    """Where messages are counted and go no further."""

    def __init__(self, house: House, *, serial: Iterator[int] | None = None) -> None:
        super().__init__(house, Nowhere(), serial=serial)
        self.takings = Takings()

    def objection_to(self, mail: Mail) -> None:
        """There is room for any message."""

    def take_now(self, envelope: Envelope, content: bytes, id: str) -> None:
        """Count a message."""
        self.count(len(content))

    def count(self, octets: int) -> None:
        """One more message."""
        self.takings.messages += 1
        self.takings.octets += octets


def unstamped(trace: Trace, content: bytes) -> bytes:
    """The content without a trace line, which nobody would read."""
    return content


class SinkRecital(Recital):
    """Objects to nothing, and keeps nothing."""

    __slots__ = ("_sink", "has_taken")

    def __init__(
        self, rote: Rote, pace: Pace, server: Server, sink: Sink, *, extended: bool
    ) -> None:
        super().__init__(rote, pace, server, extended=extended)
        self.has_taken = False  # a message
        self._sink = sink

    def admits(self, found: re.Match[bytes]) -> bool:
        """Everybody may send mail to anybody."""
        return True

    def end(self, content: bytes) -> bytes:
        """It is taken."""
        self.has_taken = True
        self._sink.count(len(content))
        return self._sink.next_id().encode().join(self._rote.accepted)


class SinkConnection(RecitingConnection):
    """One client of a sink."""

    def recite(self) -> Recital:
        """Begin to answer by rote."""
        sink = self._server.intake
        assert isinstance(sink, Sink), "this is a connection of sinks"
        return SinkRecital(
            self._rote, self.pace, self._server, sink, extended=self._receiver.memory.extended
        )

    def hand_over(self, recital: Recital) -> None:
        """Have the receiver be where the recital was."""
        assert isinstance(recital, SinkRecital), "we have made it"
        if recital.has_taken:
            self._receiver.let_pass()
        super().hand_over(recital)
