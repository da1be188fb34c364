"""The card of a server: what has been found out, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What is to be thought of an extension on one layer."""

    WORKS = "works"  # advertised and works
    BROKEN = "broken"  # advertised and does not
    UNADVERTISED = "unadvertised"  # works all the same
    ABSENT = "absent"
    UNPROVEN = "unproven"  # advertised, and nothing was found out
    TOLD = "told"  # advertised, and there is nothing to try


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One extension on one layer."""

    verdict: Verdict
    parameters: tuple[str, ...] = ()  # behind its keyword
    note: str = ""  # what shows it, where that is worth a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What is offered in the clear, or within TLS."""

    within_tls: bool
    domain: str  # what the server calls itself
    extensions: Mapping[str, Judged]  # by keyword
    mechanisms: tuple[str, ...] = ()
    trouble: str = ""  # why there is nothing more to tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What the server shows of itself."""

    subject: str
    issuer: str
    is_self_issued: bool
    names: tuple[str, ...]
    not_before: str  # ISO 8601, UTC
    not_after: str
    days_left: int
    key: str
    signature: str
    trusted: str  # empty if it is, else why not


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One TLS version, tried alone."""

    version: str
    is_accepted: bool | None  # None: it could not be tried
    ciphers: tuple[str, ...] = ()  # the preferred one first
    are_all: bool = False  # no others would be taken
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How the server does TLS."""

    way: str  # STARTTLS, or "from the first octet"
    negotiated: str  # version and cipher
    versions: tuple[Accepted, ...]
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A limit: what was told of it, and what was found."""

    what: str
    told: str = ""
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One recipient, and what was answered."""

    recipient: str
    code: int
    reply: str
    wished: bool  # whether it should be taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything."""

    target: str
    greeting: str
    greeted_after: float  # seconds
    layers: tuple[Layer, ...]
    recipients: tuple[Asked, ...] = ()
    tls: Tls | None = None
    limits: tuple[Measured, ...] = ()
    sent: str = ""  # the reply to a message, if one was sent
    connections: int = 0
    seconds: float = 0.0
