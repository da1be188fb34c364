"""What a client's flow yields, and what it is sent back; who drives it knows no more of POP3.

For `Ask`, the driver writes the octets and sends back the response; for `Secure` it shakes hands
and sends back the channel bindings of the connection.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar, cast

from harness.errors import PeerError, UsageError
from harness.protocol.pop3.responses import Response, Status
from harness.protocol.sasl.sides import Bindings

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Write, then read one response."""

    name: str  # the verb, or `greeting`
    octets: bytes = field(repr=False)
    has_content: bool = False  # whether something stands below a yes
    shown: bytes  # the octets without a password


@dataclass(frozen=True, slots=True)
class Secure:
    """Drop what came in the clear and shake hands."""


Flow = Generator[Ask | Secure, Response | Bindings, T]


class PopRefused(PeerError):
    """The server said no."""

    def __init__(self, doing: str, response: Response) -> None:
        super().__init__(f"{doing} was answered {response}")
        self.doing = doing
        self.response = response


def ask(
    line: str, *, name: str = "", secret: str | None = None, has_content: bool = False
) -> Flow[Response]:
    """Say a line; `secret` is what is shown in its place."""
    if "\r" in line or "\n" in line:
        raise UsageError("a command is one line")
    shown = line if secret is None else secret
    verb = name or line.partition(" ")[0]
    octets, visible = (f"{text}\r\n".encode() for text in (line, shown))
    answer = yield Ask(name=verb, octets=octets, shown=visible, has_content=has_content)
    return cast("Response", answer)


def insist(
    line: str, *, name: str = "", secret: str | None = None, has_content: bool = False
) -> Flow[Response]:
    """Say a line whose answer must be yes; raises PopRefused."""
    answer = yield from ask(line, name=name, secret=secret, has_content=has_content)
    return insisted(name or line.partition(" ")[0], answer)


def insisted(name: str, answer: Response) -> Response:
    """The answer, which must be yes."""
    if answer.status is not Status.OK:
        raise PopRefused(name, answer)
    if answer.too_big:
        raise PeerError(f"{name}: what the server tells has no end that we would wait for")
    return answer


def hear(name: str) -> Flow[Response]:
    """Hear what the server says unasked; it must be good news."""
    answer = yield Ask(name=name, octets=b"", shown=b"")
    return insisted(name, cast("Response", answer))


def shake_hands() -> Flow[Bindings]:
    """The handshake; what stands for the connection now."""
    return cast("Bindings", (yield Secure()))
