"""What a flow is: what it yields, what it is sent, and what it makes of a reply.

Whoever drives a flow writes `octets`, reads one reply for each name, and sends them back as a
tuple.  A 421 is the last reply that there will be (RFC 5321 3.8): the driver sends back those up to
it and reads no further.  If the peer is lost instead, the driver may throw the PeerError in.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, TypeVar

from harness.errors import Refused, UsageError
from harness.protocol.replies import CLOSING, Reply

T = TypeVar("T")


@dataclass(slots=True, unsafe_hash=True)
class Exchange:
    """Write `octets`, then send back one reply for each name.

    The names are verbs, `greeting`, and `message` for what the end of a message is answered with.
    Nobody changes one; but a load run makes one for each message, and freezing it takes longer than
    making it.
    """

    names: tuple[str, ...]
    octets: bytes


@dataclass(frozen=True, slots=True)
class Secure:
    """Drop what came in the clear, do the TLS handshake, then send back no replies."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Say nothing until then, a moment of the driver's clock, then send back no replies.

    It may end earlier.  Where the peer says something meanwhile, or is lost, the reply that says so
    is sent back: 421 as it came, or what stands for the last reply where there is none.
    """

    until: float


Flow = Generator[Exchange | Secure, tuple[Reply, ...], T]
PausingFlow = Generator[Exchange | Secure | Pause, tuple[Reply, ...], T]  # of those who have time

RSET: Final = Exchange(("RSET",), b"RSET\r\n")


def ask(exchange: Exchange) -> Flow[tuple[Reply, ...]]:
    """The replies to an exchange; raises Refused where one of them is the last there will be."""
    return unless_closing(exchange, (yield exchange))


def unless_closing(exchange: Exchange, replies: tuple[Reply, ...]) -> tuple[Reply, ...]:
    """The replies, if the other end goes on talking."""
    if replies[-1].code == CLOSING:
        raise Refused(exchange.names[len(replies) - 1], replies[-1])
    return replies


def insist(name: str, octets: bytes, digit: int) -> Flow[Reply]:
    """The reply to one command, which must begin with this digit."""
    (answer,) = yield from ask(Exchange((name,), octets))
    return insisted(name, answer, digit)


def insisted(name: str, answer: Reply, digit: int) -> Reply:
    """The reply, if it begins with this digit."""
    # RFC 5321 4.3.2: a client decides by the first digit.
    if answer.code // 100 != digit:
        raise Refused(name, answer)
    return answer


def is_done(answer: Reply) -> bool:
    """Whether the reply says that what was asked for is done."""
    return 200 <= answer.code < 300


def line(text: str) -> bytes:
    """A command as it goes out."""
    if "\r" in text or "\n" in text:
        raise UsageError(f"a command is one line: {text!r}")
    return f"{text}\r\n".encode()
