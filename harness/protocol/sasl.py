"""SASL mechanisms as generators, both ends; octets here are decoded, base64 is SMTP's own.

A mechanism is told challenges (or responses) and yields responses (or challenges), so one with
many steps reads from top to bottom.  What each end yields first says who begins.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

CheckPassword = Callable[[str, str], bool]  # user, password


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are; the password is never shown."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Granted:
    """The exchange has ended well."""

    user: str


@dataclass(frozen=True, slots=True)
class Denied:
    """The exchange has ended, and not well."""


# Yields the initial response first, or None where the server begins.
ClientSteps = Generator[bytes | None, bytes, None]

# Yields the first challenge first: an empty one where the client begins.
ServerSteps = Generator[bytes, bytes, Granted | Denied]


# The library takes padding that pads nothing; RFC 4954 4 wants it refused.
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def decode64(octets: bytes) -> bytes | None:
    """The octets that base64 stands for; None if a character or the padding is wrong."""
    return base64.b64decode(octets) if _BASE64.fullmatch(octets) else None


def encode64(octets: bytes) -> bytes:
    """The octets in base64, on one line."""
    return base64.b64encode(octets)


# --- the two ends --------------------------------------------------------------------------------


class SaslClient:
    """The client's end of one exchange."""

    def __init__(self, steps: ClientSteps) -> None:
        self._steps = steps
        self._unsaid = next(steps)

    def initial(self, room: int = 12_288) -> bytes | None:
        """What may stand in the AUTH line; None where the server begins, or if it has no room.

        An initial response that has no room waits for an empty challenge (RFC 4954 4).
        """
        if self._unsaid is None or len(self._unsaid) > room:
            return None
        initial, self._unsaid = self._unsaid, None
        return initial

    def respond(self, challenge: bytes) -> bytes | None:
        """The answer to a challenge; None to give up, because there should be none."""
        if self._unsaid is not None:
            unsaid, self._unsaid = self._unsaid, None
            return unsaid
        try:
            return self._steps.send(challenge)
        except StopIteration:
            return None


class SaslServer:
    """The server's end of one exchange."""

    def __init__(self, steps: ServerSteps) -> None:
        self._steps = steps
        self.first_challenge = next(steps)

    @property
    def client_begins(self) -> bool:
        """Whether an initial response may come in the AUTH line (RFC 4954 4)."""
        return self.first_challenge == b""

    def feed(self, response: bytes) -> bytes | Granted | Denied:
        """The next challenge, or how the exchange has ended."""
        try:
            return self._steps.send(response)
        except StopIteration as end:
            outcome: Granted | Denied = end.value
            return outcome


# --- PLAIN, RFC 4616 -----------------------------------------------------------------------------


def _plain_client(login: Login) -> ClientSteps:
    yield f"\0{login.user}\0{login.password}".encode()


def _plain_server(check: CheckPassword) -> ServerSteps:
    fields = _words((yield b"").split(b"\0"))
    if fields is None or len(fields) != 3:
        return Denied()
    for_whom, user, password = fields
    # Nobody may act for another here.
    return _judge(check, user, password) if for_whom in ("", user) else Denied()


# --- LOGIN, draft-murchison-sasl-login -----------------------------------------------------------


def _login_client(login: Login) -> ClientSteps:
    yield None
    yield login.user.encode()  # whatever the prompts say
    yield login.password.encode()


def _login_server(check: CheckPassword) -> ServerSteps:
    # Clients in use look for these words, not for those of the draft, which allows them.
    fields = _words([(yield b"Username:"), (yield b"Password:")])
    return Denied() if fields is None else _judge(check, *fields)


def _judge(check: CheckPassword, user: str, password: str) -> Granted | Denied:
    return Granted(user) if user and password and check(user, password) else Denied()


def _words(octets: Iterable[bytes]) -> list[str] | None:
    try:
        return [word.decode() for word in octets]
    except UnicodeDecodeError:
        return None


# --- the tables: the best mechanism first --------------------------------------------------------

CLIENTS: Final[Mapping[str, Callable[[Login], SaslClient]]] = {
    "PLAIN": lambda login: SaslClient(_plain_client(login)),
    "LOGIN": lambda login: SaslClient(_login_client(login)),
}

SERVERS: Final[Mapping[str, Callable[[CheckPassword], SaslServer]]] = {
    "PLAIN": lambda check: SaslServer(_plain_server(check)),
    "LOGIN": lambda check: SaslServer(_login_server(check)),
}


def best_mechanism(offered: Iterable[str]) -> str | None:
    """The best mechanism that we know of those that a server offers."""
    names = {name.upper() for name in offered}
    return next((name for name in CLIENTS if name in names), None)
