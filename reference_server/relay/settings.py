"""Settings: how patient the relay is, how much it does at once, and by which name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.protocol.sender import CHUNK
from reference_server.relay.exchangers import Ourselves
from reference_server.relay.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long we wait for what, in seconds: the times of RFC 5321 4.5.3.2."""

    connect: float = 60.0  # not in the RFC: a SYN that is not answered by then is lost
    handshake: float = 60.0
    greeting: float = 300.0
    mail: float = 300.0
    rcpt: float = 300.0
    data: float = 120.0  # until 354
    block: float = 180.0  # until the other end has read some of what we write
    message: float = 600.0  # from the final dot to the reply
    other: float = 300.0  # EHLO, STARTTLS, RSET
    quit: float = 10.0  # it changes nothing any more

    def of(self, name: str) -> float:
        """How long to wait for the reply of this name."""
        seconds: float = getattr(self, _FIELDS.get(name, "other"))
        return seconds


_FIELDS: Final[Mapping[str, str]] = {
    "greeting": "greeting",
    "MAIL": "mail",
    "RCPT": "rcpt",
    "DATA": "data",
    "BDAT": "message",
    "message": "message",
    "QUIT": "quit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that we do."""

    connections: int = 20  # in all
    connections_per_destination: int = 2
    messages: int = 100  # over one connection; so many have to wait before there is a second one
    age: float = 300.0  # seconds of a connection, before the last message over it begins
    recipients: int = 100  # of one transaction: RFC 5321 4.5.3.1.8
    hops: int = 100  # Received lines: RFC 5321 6.3
    linger: float = 1.0  # seconds that a connection waits for more mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that can be said of a relay, but for its routes."""

    name: str  # what we call ourselves in EHLO, and in reports
    ourselves: Ourselves = field(default_factory=Ourselves)
    schedule: Schedule = field(default_factory=Schedule)
    timeouts: Timeouts = field(default_factory=Timeouts)
    caps: Caps = field(default_factory=Caps)
    ca: Path | None = None  # whom to believe besides the authorities of this machine
    chunk: int | None = CHUNK  # octets of a BDAT, where CHUNKING is offered; None for DATA always
    tells_postmaster: bool = True  # of what failed and has no sender to tell
    largest_return: int = 102_400  # octets; of larger messages only the header goes back
    ask_every: float | None = 1.0  # seconds between looks for what was asked from outside
