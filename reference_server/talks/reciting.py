"""Reciting: a connection that asks its receiver only about what is not said every day.

A message that is over leaves the receiver as it was before, so it need not hear of the commands
that led there.  Whatever is not known by rote goes to the receiver, as with any other connection,
once it has been told what it missed.
"""

from __future__ import annotations

from typing import Final

from harness.protocol.receiver import Occasion
from harness.protocol.receiver.events import Message
from harness.protocol.sasl.sides import Bindings
from harness.protocol.services import Service
from reference_server.doors.door import Door
from reference_server.server import Desk, Server
from reference_server.talks.connection import Connection, Waiting
from reference_server.talks.recital import CarefulRecital, Recital
from reference_server.talks.rote import Rote, learn

_END: Final = b"\r\n.\r\n"  # of a text


class RecitingConnection(Connection):
    """One client of a server."""

    def __init__(
        self, rote: Rote, server: Server, peer: str, door: Door, bindings: Bindings
    ) -> None:
        super().__init__(server, peer, door, bindings)
        self._rote = rote
        self._recital: Recital | None = None  # while the receiver is not asked
        self._said = b""
        self._unheard = b""  # behind a message that waits for the disk

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
        return self._hear(octets)

    def go_on(self) -> Waiting | None:
        """Answer what is left, up to what has to wait."""
        octets, self._unheard = self._unheard, b""
        if self._recital is None:
            return self._ask(b"", octets)
        self._said += super().output()
        self.has_room()  # again: what waited for the disk is answered
        return None if self.is_over else self._hear(octets)

    def output(self) -> bytes:
        """What is to be sent now."""
        said, self._said = self._said, b""
        return said if self._recital is not None else said + super().output()

    def recite(self) -> Recital:
        """Begin to answer by rote."""
        return CarefulRecital(
            self._rote,
            self.pace,
            self._server,
            self._guest,
            extended=self._receiver.memory.extended,
        )

    def hand_over(self, recital: Recital) -> None:
        """Have the receiver be where the recital was."""
        if not recital.missed:
            return
        # Policy has admitted all of it, and that was said: it is not asked once more, for what it
        # would say by now is another matter.
        receiver = self._receiver
        receiver.feed(recital.missed)
        while (event := self._next_event()) is not None:
            receiver.answer(event.said)
        super().output()

    def _hear(self, octets: bytes) -> Waiting | None:
        while octets:
            recital = self._recital
            if recital is None:
                return self._ask(*self._cut(octets))
            said, rest = recital.take(octets)
            if rest is octets:
                self._recital = None
                self.hand_over(recital)
                continue
            self._said += said
            octets = rest
            message = recital.message
            if message is not None:
                recital.message = None
                if self._meet(message):
                    self._unheard = octets
                    return message
                if self.is_over:
                    return None
        return None

    def _cut(self, octets: bytes) -> tuple[bytes, bytes]:
        """What is for the receiver, and what may be known by rote again.

        Who pipelines says the next MAIL together with the end of a text: the receiver would
        never be at rest, had it to hear both.
        """
        end = octets.find(_END) + len(_END)
        if end < len(_END) or not self._receiver.is_in_text:
            return octets, b""
        return octets[:end], octets[end:]

    def _meet(self, message: Message) -> bool:
        """Keep a message and answer it; or it has to wait."""
        self._receiver.meet(message)
        if not self.has_room():
            self._receiver.answer(Occasion.NO_SPACE)
        elif self._server.intake.waits:
            return True
        else:
            self._take_now(message)
        self._said += super().output()
        return False

    def _ask(self, octets: bytes, rest: bytes) -> Waiting | None:
        self._receiver.feed(octets)
        waiting = super().go_on()
        if isinstance(waiting, Message):
            self._unheard = rest
            return waiting
        if waiting is not None:
            self._receiver.feed(rest)  # RFC 3207 4.2: it forgets what came in the clear
            return waiting
        if self._receiver.is_at_rest:
            self._said += super().output()
            self._recital = self.recite()
            return self._hear(rest)
        return self._ask(rest, b"") if rest and not self.is_over else None


class Hostess:
    """Makes the connections of a server: those that recite, where there is anything to recite."""

    def __init__(self, recites: type[RecitingConnection] = RecitingConnection) -> None:
        self._recites = recites
        self._desk: Desk | None = None  # whose answers have been learned
        self._rote: Rote | None = None

    def __call__(self, server: Server, peer: str, door: Door, bindings: Bindings) -> Connection:
        """A connection for a client that has come in at that door."""
        if door.service is not Service.SMTP or server.watchers:  # who watches wants to see all
            return Connection(server, peer, door, bindings)
        desk = server.desks[Service.SMTP]
        if desk is not self._desk:  # the first one, or rules have been renewed
            self._desk, self._rote = desk, learn(desk)
        if self._rote is None:
            return Connection(server, peer, door, bindings)
        return self._recites(self._rote, server, peer, door, bindings)
