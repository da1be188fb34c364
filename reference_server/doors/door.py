"""Doors: where clients come in, what each is for, and how it is written: `submission://[::1]:587`."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from harness.documents import nearest
from harness.errors import UsageError
from harness.protocol.services import Service
from reference_server.doors.sockets import bind, listen

LOOPBACK: Final = "127.0.0.1"  # where we listen if nobody says where


class Kind(StrEnum):
    """What is spoken at a door, and whether inside TLS from the first octet."""

    SMTP = "smtp"
    SMTPS = "smtps"
    SUBMISSION = "submission"
    SUBMISSIONS = "submissions"
    LMTP = "lmtp"
    POP3 = "pop3"
    POP3S = "pop3s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What a kind of door means."""

    service: Service | None  # None is POP3, which receives nothing
    implicit_tls: bool = False
    port: int  # the registered one, or the custom


# RFC 5321 4.5.4.2, RFC 6409 3.1, RFC 8314 7.1 and 7.3, RFC 1939 3; RFC 2033 5 leaves LMTP's open.
TRADES: Final[Mapping[Kind, Trade]] = {
    Kind.SMTP: Trade(service=Service.SMTP, port=25),
    Kind.SMTPS: Trade(service=Service.SMTP, implicit_tls=True, port=465),
    Kind.SUBMISSION: Trade(service=Service.SUBMISSION, port=587),
    Kind.SUBMISSIONS: Trade(service=Service.SUBMISSION, implicit_tls=True, port=465),
    Kind.LMTP: Trade(service=Service.LMTP, port=24),
    Kind.POP3: Trade(service=None, port=110),
    Kind.POP3S: Trade(service=None, implicit_tls=True, port=995),
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address and a port of this machine, or of another one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Door:
    """A place to come in at; port 0 takes a free one."""

    kind: Kind = Kind.SMTP
    host: str = LOOPBACK
    port: int = 0

    @property
    def service(self) -> Service | None:
        """Which receiving service waits behind it; None if it is POP3."""
        return TRADES[self.kind].service

    @property
    def implicit_tls(self) -> bool:
        """Whether the first octets are TLS (RFC 8314 3)."""
        return TRADES[self.kind].implicit_tls

    @property
    def endpoint(self) -> Endpoint:
        """Where it is."""
        return Endpoint(self.host, self.port)

    @property
    def announcement(self) -> str:
        """How it is named where we say that we listen: plain SMTP, the usual thing, by endpoint."""
        return str(self.endpoint if self.kind is Kind.SMTP else self)

    def __str__(self) -> str:
        return f"{self.kind}://{self.endpoint}"


PLAIN: Final = Door()

_ENDPOINT = r"(?P<host>\[[^\[\]]*\]|[^\[\]:/@]*)(?::(?P<port>[^/:]*))?"
_DOOR = re.compile(rf"(?P<kind>[^:/]*)://{_ENDPOINT}/?")
_PORT_ALONE = re.compile("[0-9]+", re.ASCII)


def read_door(text: str) -> Door:
    """The door that is written there; raises UsageError if it is none."""
    match = _DOOR.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is no door, such as submission://127.0.0.1:587")
    kind = _kind(match["kind"], text)
    port = TRADES[kind].port if match["port"] is None else _port(match["port"], text)
    return Door(kind, _host(match["host"], text), port)


def read_endpoint(text: str) -> Endpoint:
    """`9100`, which is on loopback, or `192.0.2.1:9100`; raises UsageError if it is neither."""
    if _PORT_ALONE.fullmatch(text):
        return Endpoint(LOOPBACK, _port(text, text))
    match = re.fullmatch(_ENDPOINT, text)
    if match is None or match["port"] is None:
        raise UsageError(f"{text!r} is no port or host:port")
    return Endpoint(_host(match["host"], text), _port(match["port"], text))


def _host(text: str, whole: str) -> str:
    host = text.strip("[]") or LOOPBACK
    if (":" in host) is not text.startswith("["):
        raise UsageError(f"{whole!r}: an IPv6 address stands in brackets, and nothing else does")
    return host


def _kind(word: str, text: str) -> Kind:
    try:
        return Kind(word.lower())
    except ValueError:
        kinds = [kind.value for kind in Kind]
        hint = nearest(word, kinds) or f"there are: {', '.join(kinds)}"
        raise UsageError(f"{text!r}: unknown kind of door {word!r} ({hint})") from None


def _port(text: str, whole: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text, re.ASCII) or int(text) > 65_535:
        raise UsageError(f"{whole!r}: {text!r} is no port (0 to 65535; 0 takes a free one)")
    return int(text)


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """A door with the socket that listens there, and the address and port that it really has."""

    door: Door
    listener: socket.socket


def open_door(door: Door, *, shared: bool = False) -> OpenDoor:
    """Listen there, alone or with others; raises UsageError if it cannot be."""
    listener = listen_at(door.endpoint, shared=shared)
    host, port = listener.getsockname()[:2]
    return OpenDoor(replace(door, host=host, port=port), listener)


def reserve_door(door: Door, held: contextlib.ExitStack) -> Door:
    """The door with the port that it really has, kept for those who will listen there together."""
    with _told(door.endpoint):
        sock = held.enter_context(bind(door.host, door.port, shared=True))
    host, port = sock.getsockname()[:2]
    return replace(door, host=host, port=port)


def listen_at(endpoint: Endpoint, *, shared: bool = False) -> socket.socket:
    """A socket that listens there; raises UsageError if it cannot be."""
    with _told(endpoint):
        return listen(endpoint.host, endpoint.port, shared=shared)


@contextlib.contextmanager
def _told(endpoint: Endpoint) -> Iterator[None]:
    """What goes wrong with a socket there, as wrong use."""
    try:
        yield
    except OSError as problem:
        raise UsageError(f"cannot listen on {endpoint}: {problem.strerror}") from problem
    except UnicodeError:
        raise UsageError(f"cannot listen on {endpoint}: that is no host") from None
