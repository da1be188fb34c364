"""Recital: messages that a client spells plainly, taken without asking the receiver.

Policy is asked all the same.  Where it objects the receiver says so, which is told first what it
has missed.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from functools import lru_cache

from harness.protocol.addresses import NULL_PATH, ReversePath, read_forward_path, read_reverse_path
from harness.protocol.commands import Objection, Parameters
from harness.protocol.extensions import declared_size
from harness.protocol.receiver import Addressee, Envelope
from harness.protocol.receiver.events import Mail, Message
from reference_server.doors.limits import Pace
from reference_server.intake.policy import Guest
from reference_server.server import Server
from reference_server.talks.rote import LEADS_TO, SENDS_DATA, TEXT, Rote, plain_text, sender_of


class Recital(ABC):
    """Answers one client as long as all goes well; what was taken is left to whoever inherits."""

    __slots__ = ("_missed", "_pace", "_ready", "_rote", "_server", "_stage", "lines", "message")

    def __init__(self, rote: Rote, pace: Pace, server: Server, *, extended: bool) -> None:
        """`extended` says that the client has said EHLO."""
        self._server = server
        self.message: Message | None = None  # to be answered before anything else
        self.lines = 0  # in what the receiver has missed
        self._rote = rote
        self._pace = pace
        self._stage = self._ready = rote.ready(extended=extended)
        self._missed: list[bytes] = []

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is under way."""
        return self._stage is self._ready

    @property
    def is_in_text(self) -> bool:
        """Whether the text of a message is under way."""
        return self._stage is TEXT

    @property
    def missed(self) -> bytes:
        """What the receiver must hear to be where we are; a message that is over is no part."""
        return b"".join(self._missed)

    def take(self, octets: bytes) -> tuple[bytes, bytes]:
        """What is answered, and the octets that are left; all of them if none can be taken."""
        stage = self._stage
        if stage is TEXT:
            return self._take_text(octets)
        found = stage.read(octets)
        if found is None:
            return b"", octets
        lines = octets.count(b"\n")
        too_many = self.lines + lines > self._rote.limits.recipients  # on the safe side
        mail = found[1]
        if too_many or (mail and not self._has_room_for(mail)) or not self.admits(found):
            return b"", octets
        self.lines += lines
        self._pace.commands += lines
        self._missed.append(octets)
        last = found.lastindex
        assert last is not None, "no command is empty"
        self._stage = LEADS_TO[last]
        return self._replies(stage is self._ready, lines, last == SENDS_DATA), b""

    @abstractmethod
    def admits(self, found: re.Match[bytes]) -> bool:
        """Whether nobody objects to MAIL (group 1) and RCPTs (group 2)."""

    @abstractmethod
    def end(self, content: bytes) -> bytes:
        """What is answered to the end of a text."""

    def _replies(self, has_mail: bool, lines: int, has_data: bool) -> bytes:
        rote = self._rote
        if lines == 1:
            return rote.sender if has_mail else rote.go_ahead if has_data else rote.recipient
        recipients = rote.recipient * (lines - has_mail - has_data)
        return rote.sender * has_mail + recipients + rote.go_ahead * has_data

    def _has_room_for(self, mail: bytes) -> bool:
        """Whether all may have as much as a line of MAIL declares (RFC 1870 6.1)."""
        _, parameters = sender_of(mail)
        return self._server.budget.has_room(declared_size(parameters))

    def _take_text(self, octets: bytes) -> tuple[bytes, bytes]:
        size = plain_text(octets)
        has_room = size <= self._rote.limits.message and self._server.budget.has_room(size)
        if not size or not has_room:
            return b"", octets
        said = self.end(octets[:size])
        self._stage, self.lines = self._ready, 0
        self._pace.commands += 1
        self._missed.clear()
        return said, octets[size + 3 :]


class CarefulRecital(Recital):
    """Asks the house about each recipient, and leaves messages to whoever keeps them."""

    __slots__ = ("_guest", "_parameters", "_recipients", "_sender")

    def __init__(
        self, rote: Rote, pace: Pace, server: Server, guest: Guest, *, extended: bool
    ) -> None:
        super().__init__(rote, pace, server, extended=extended)
        self._guest = guest
        self._sender = b""
        self._parameters: Parameters = ()
        self._recipients: list[Addressee] = []

    def admits(self, found: re.Match[bytes]) -> bool:
        """Whether nobody objects to MAIL (group 1) and RCPTs (group 2)."""
        mail, recipients = found[1], found[2]
        if mail:
            self._sender, self._parameters = sender_of(mail)
            self._recipients = []
            server = self._server
            if server.intake.objection_to(Mail(NULL_PATH, self._parameters)) is not None:
                return False
            if server.house.objection_to_sender(_reverse_path(self._sender)) is not None:
                return False
        return not recipients or all(map(self._may_have_mail, recipients.splitlines()))

    def end(self, content: bytes) -> bytes:
        """Nothing is answered as long as the message is not kept."""
        path, recipients = _reverse_path(self._sender), tuple(self._recipients)
        envelope = Envelope(path, recipients, self._parameters)
        self.message = Message(envelope, content)
        return b""

    def _may_have_mail(self, line: bytes) -> bool:
        recipient = _addressee(line[len("RCPT TO:") :])
        self._recipients.append(recipient)
        return self._server.house.objection_to(recipient.path, self._guest) is None


@lru_cache(maxsize=4_096)
def _addressee(octets: bytes) -> Addressee:
    path = read_forward_path(octets)
    assert not isinstance(path, Objection), "it is spelled plainly"
    return Addressee(path)


@lru_cache(maxsize=4_096)
def _reverse_path(octets: bytes) -> ReversePath:
    path = read_reverse_path(octets)
    assert not isinstance(path, Objection), "it is spelled plainly"
    return path
