"""What each end brings to an exchange: who logs in, what the accounts can tell, what TLS binds."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Final, Protocol

from harness.protocol.sasl.scram_keys import ScramKeys

# Of a channel binding: its type (RFC 5056) -> the octets that stand for this TLS connection.
Bindings = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are; the password, or the bearer token where that is asked for, is never shown."""

    user: str
    password: str = field(repr=False)


class Spoil(StrEnum):
    """Which part of a right answer a case wants otherwise, all else being right."""

    NONCE = auto()
    PROOF = auto()
    BINDING = auto()
    FLAG = auto()  # "y": the server offers no -PLUS, where it does
    TYPE = auto()  # of channel binding: one that nobody knows
    EXTENSION = auto()  # an attribute that nobody knows, and that need not be known
    AUTHZID = auto()  # somebody else's
    ONESELF = auto()  # one's own identity to act as, in so many words
    BLANK = auto()  # an identity to act as of which nothing is left once it is prepared


def identity(spoil: Spoil | None, user: str) -> str:
    """As whom the client says to act; nobody in particular is the empty string."""
    if spoil is Spoil.ONESELF:
        return user
    return _IDENTITIES.get(spoil, "")


_IDENTITIES: Final[Mapping[Spoil | None, str]] = {
    Spoil.AUTHZID: "somebody-else",
    Spoil.BLANK: "\xad",  # RFC 4013 2.1: a soft hyphen is mapped to nothing
}


def fresh_nonce() -> str:
    """Printable characters that nobody can guess and nobody has met before; none is a comma."""
    return secrets.token_urlsafe(18)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSide:
    """What a client knows of the connection besides its log-in."""

    bindings: Bindings = field(default_factory=dict, repr=False)
    offered: Collection[str] = ()  # mechanisms
    host: str = ""
    port: int = 0
    spoil: Spoil | None = None
    nonce: Callable[[], str] = fresh_nonce


class Ability(StrEnum):
    """Something that accounts can do, which some mechanism needs."""

    PASSWORD = auto()  # check a password
    SCRAM = auto()  # tell SCRAM keys
    SECRET = auto()  # tell a secret that is kept in the clear
    TOKEN = auto()  # know the owner of a bearer token


class Credentials(Protocol):
    """What the server's end asks.

    An unknown user takes the same course and the same time as a wrong password, so there is no
    answer that says "unknown": keys and secrets are made up then, the same ones every time.
    """

    @property
    def abilities(self) -> Collection[Ability]:
        """What these accounts can do."""

    @property
    def takes_time(self) -> bool:
        """Whether checking a password takes more than a moment, as a good hash does."""

    def knows_password(self, user: str, password: str) -> bool:
        """Whether this is the password of that user."""

    def scram_keys(self, user: str) -> ScramKeys:
        """The SCRAM-SHA-256 keys of the user."""

    def shared_secret(self, user: str) -> bytes:
        """The secret of the user, in the clear."""

    def owner_of(self, token: str) -> str | None:
        """Whose bearer token it is; None if nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSide:
    """What a server knows of the connection, and whom it asks about users."""

    credentials: Credentials
    bindings: Bindings = field(default_factory=dict, repr=False)
    host: str = "localhost"
    nonce: Callable[[], str] = fresh_nonce
