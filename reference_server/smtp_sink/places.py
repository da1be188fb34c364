"""Where a sink listens: `[inet:][host]:port`, or `unix:path`."""

from __future__ import annotations

import os
import socket
import stat
from dataclasses import dataclass

from harness.errors import UsageError
from reference_server.doors.door import LOOPBACK
from reference_server.smtp_sink.letters import Letters

LOCAL = "local"  # the address of who comes by a Unix-domain socket

_Address = tuple[str, int] | str


@dataclass(frozen=True, slots=True)
class Place:
    """An address of a family of sockets."""

    family: socket.AddressFamily
    address: _Address


def read_places(letters: Letters) -> list[Place]:
    """All addresses that the argument means.

    Without a host it is loopback: who wants all the world to come in says so (`0.0.0.0:25`).
    """
    kind, colon, rest = letters.where.partition(":")
    if kind == "unix" and colon:
        return [Place(socket.AF_UNIX, rest)]
    host, _, port = (rest if kind == "inet" else letters.where).rpartition(":")
    families = [
        *([socket.AF_INET] if letters.ipv4 or not letters.ipv6 else []),
        *([socket.AF_INET6] if letters.ipv6 or not letters.ipv4 else []),
    ]
    hosts = [host.strip("[]")] if host else [LOOPBACK, "::1"]
    found = [place for one in hosts for place in _resolved(one, port, families)]
    if not found:
        raise UsageError(f"{letters.where!r}: nowhere to listen with these letters")
    return list(dict.fromkeys(found))


def _resolved(host: str, port: str, families: list[socket.AddressFamily]) -> list[Place]:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as problem:
        raise UsageError(f"{host}:{port}: {problem}") from problem
    return [
        Place(family, (str(address[0]), int(address[1])))
        for family, _, _, _, address in rows
        if family in families
    ]


def listen_at(place: Place, letters: Letters) -> socket.socket:
    """A listening, non-blocking socket; raises UsageError if it cannot be."""
    sock = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        _prepare(sock, place, letters)
        sock.bind(place.address)
        sock.listen(letters.backlog)
    except OSError as problem:
        sock.close()
        raise UsageError(
            f"cannot listen on {named(place.address)}: {problem.strerror}"
        ) from problem
    return sock


def _prepare(sock: socket.socket, place: Place, letters: Letters) -> None:
    sock.setblocking(False)
    if isinstance(place.address, str):
        _clear(place.address)
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if place.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if letters.window is not None:  # before listen: clients inherit it
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, letters.window)


def _clear(path: str) -> None:
    """A socket that somebody left behind is in the way; anything else is not ours to take away."""
    if os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode):
        os.unlink(path)


def named(address: _Address) -> str:
    """The address as it is written."""
    if isinstance(address, str):
        return f"unix:{address}"
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
