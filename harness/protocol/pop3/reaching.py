"""A client's way in: greeting, what the server can do, TLS, log-in.

A password is never told to who listens, unless that is allowed in so many words; SCRAM, CRAM-MD5
and APOP do not tell it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from harness.errors import PeerError
from harness.protocol.pop3.flow import Flow, ask, hear, insist, insisted, shake_hands
from harness.protocol.pop3.responses import Response, Status
from harness.protocol.sasl import (
    MECHANISMS,
    ClientSide,
    Login,
    best_mechanism,
    choose_mechanism,
    decode64,
    encode64,
    open_client,
)

MAX_COMMAND: Final = 255  # octets of a command line with its CRLF: RFC 2449 4
_TIMESTAMP: Final = re.compile(r"<[^<>@\s]+@[^<>\s]+>")  # RFC 1939 7, APOP
_GIVE_UP: Final = "*"  # RFC 5034 4

APOP, USER = "APOP", "USER"  # ways that are no SASL mechanisms


class TlsWish(StrEnum):
    """Whether to ask for TLS by STLS."""

    AUTO = "auto"  # if it is offered
    REQUIRED = "required"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server says it can do (RFC 2449 5); nothing, if it does not say."""

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    are_told: bool = False

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.words

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """Of AUTH."""
        return tuple(word.upper() for word in self.words.get("SASL", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """How to get in."""

    login: Login
    tls: TlsWish = TlsWish.AUTO
    mechanism: str | None = None  # a SASL mechanism, APOP or USER; None for the best
    may_reveal: bool = False  # the password to who listens
    side: ClientSide = field(default_factory=ClientSide)
    is_secure: bool = False  # TLS from the first octet


def enter(entrance: Entrance) -> Flow[Capabilities]:
    """From the greeting into the mailbox; raises PeerError."""
    greeting = yield from hear("greeting")
    capabilities = yield from ask_capabilities()
    side, is_secure = entrance.side, entrance.is_secure
    if not is_secure and wants_tls(entrance.tls, capabilities):
        side = replace(side, bindings=(yield from secure()))
        is_secure = True
        capabilities = yield from ask_capabilities()  # RFC 2595 4: what was said before is void
    side = replace(side, offered=capabilities.mechanisms)
    may_reveal = is_secure or entrance.may_reveal
    way = choose_way(entrance.mechanism, side, capabilities, greeting, may_reveal=may_reveal)
    yield from log_in(way, entrance.login, side, greeting)
    return capabilities


def ask_capabilities() -> Flow[Capabilities]:
    """CAPA; a server that does not know it says nothing of itself."""
    answer = yield from ask("CAPA", has_content=True)
    if answer.status is not Status.OK or answer.content is None:
        return Capabilities()
    lines = answer.content.decode("utf-8", "replace").split("\r\n")
    words = {word.upper(): tuple(more) for word, *more in map(str.split, filter(None, lines))}
    return Capabilities(words, are_told=True)


def wants_tls(wish: TlsWish, capabilities: Capabilities) -> bool:
    """Whether to say STLS; raises PeerError if it is wanted and not offered."""
    if wish is TlsWish.REQUIRED and "STLS" not in capabilities:
        raise PeerError("TLS is wanted, and the server does not offer STLS")
    return wish is not TlsWish.NONE and "STLS" in capabilities


def secure() -> Flow[Mapping[str, bytes]]:
    """STLS and the handshake; the channel bindings."""
    yield from insist("STLS")
    return (yield from shake_hands())


# --- logging in ----------------------------------------------------------------------------------


def choose_way(
    wanted: str | None,
    side: ClientSide,
    capabilities: Capabilities,
    greeting: Response,
    *,
    may_reveal: bool,
) -> str:
    """The way to log in: a mechanism, APOP or USER; raises PeerError if there is none.

    SASL where it hides the password, then APOP, which does too, then whatever else there is.
    """
    if wanted is not None:
        way = wanted.upper()
        if not may_reveal and (way == USER or ((row := MECHANISMS.get(way)) and row.tells_secret)):
            raise PeerError(f"{way} would tell the password to whoever listens: there is no TLS")
        return way if way in (APOP, USER) else choose_mechanism(side, way)
    hiding = best_mechanism(side.offered, bindings=side.bindings, in_clear=False)
    if hiding is not None:
        return hiding
    if timestamp_of(greeting):
        return APOP
    if not may_reveal:
        raise PeerError("the password would be told to whoever listens: there is no TLS")
    telling = best_mechanism(side.offered, bindings=side.bindings)
    if telling is None and capabilities.are_told and "USER" not in capabilities:
        raise PeerError("the server offers no way to log in that we know")
    return telling or USER


def timestamp_of(greeting: Response) -> str:
    """What APOP needs of a greeting; empty if it is not there."""
    found = _TIMESTAMP.search(greeting.text)
    return found[0] if found else ""


def log_in(way: str, login: Login, side: ClientSide, greeting: Response) -> Flow[Response]:
    """Get in by that way; raises PopRefused."""
    if way == USER:
        yield from insist(f"USER {login.user}")
        return (yield from insist(f"PASS {login.password}", secret="PASS ***"))
    if way == APOP:
        return (yield from _apop(login, timestamp_of(greeting)))
    return (yield from _auth(way, login, side))


def _apop(login: Login, timestamp: str) -> Flow[Response]:
    if not timestamp:
        raise PeerError("APOP needs a timestamp in the greeting, and there is none")
    told = (timestamp + login.password).encode()
    digest = hashlib.md5(told, usedforsecurity=False).hexdigest()
    # Whoever sees a digest may try passwords on it at leisure, so it is no more shown than one.
    return (yield from insist(f"APOP {login.user} {digest}", secret=f"APOP {login.user} ***"))


def _auth(mechanism: str, login: Login, side: ClientSide) -> Flow[Response]:
    client = open_client(mechanism, login, side)
    bare = f"AUTH {mechanism}"
    # Base64 makes four octets of three, and a response that has no room waits for a challenge.
    initial = client.initial(room=(MAX_COMMAND - len(f"{bare} \r\n")) // 4 * 3)
    if initial is None:
        answer = yield from ask(bare)
    else:
        text = encode64(initial).decode() or "="
        answer = yield from ask(f"{bare} {text}", secret=f"{bare} ***")
    response = ""
    while answer.status is Status.CHALLENGE and response != _GIVE_UP:
        challenge = decode64(answer.text.encode())
        octets = None if challenge is None else client.respond(challenge)
        response = _GIVE_UP if octets is None else encode64(octets).decode()
        shown = "***" if response and response != _GIVE_UP else response
        answer = yield from ask(response, name="AUTH", secret=shown)
    insisted("AUTH", answer)
    if not client.is_content:
        raise PeerError("the server lets us in without having proven that it knows the password")
    return answer
