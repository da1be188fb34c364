"""Connecting: a name is looked up once a run, not once a connection.

Who connects for each message would otherwise measure the resolver.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gevent
from gevent import monkey

from harness.errors import PeerClosed, PeerError, PeerSilent

WRITABLE = 2  # libev's EV_WRITE
Socket: Final[Any] = monkey.get_original("socket", "socket")  # Locust puts gevent's in its place


@dataclass(frozen=True, slots=True)
class Place:
    """Where a socket can be connected to."""

    family: int
    address: Any  # as `connect` of that family wants it


def look_up(host: str, port: int, *, blocking: bool = False) -> tuple[Place, ...]:
    """The places that a name stands for, best first; raises OSError if it stands for none.

    A path is that of a Unix-domain socket.  `blocking` keeps everybody else waiting meanwhile.
    """
    if host.startswith("/"):
        return unix(Path(host))
    ask = monkey.get_original("socket", "getaddrinfo") if blocking else socket.getaddrinfo
    found = ask(host, port, type=socket.SOCK_STREAM)
    return tuple(Place(family, address) for family, _, _, _, address in found)


def unix(path: Path) -> tuple[Place, ...]:
    """The place of a server on this machine."""
    return (Place(socket.AF_UNIX, str(path)),)


def dial(places: Sequence[Place], patience: float) -> int:
    """The descriptor of a socket connected to the first that answers.

    Raises PeerClosed or PeerSilent if none does; each is waited for as long as `patience`.
    """
    trouble: PeerError = PeerClosed("no address")
    for place in places:
        try:
            return _dial(place, patience)
        except PeerError as problem:
            trouble = problem
    raise trouble


def _dial(place: Place, patience: float) -> int:
    try:
        made = Socket(place.family, socket.SOCK_STREAM)
    except OSError as problem:  # no descriptor is left for us
        raise PeerClosed(problem.strerror or str(problem)) from None
    try:
        made.setblocking(False)
        if place.family != socket.AF_UNIX:
            # Nagle and delayed acknowledgements together cost 40 ms where a write is small.
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _connect(made, place, patience)
    except OSError as problem:
        made.close()
        raise PeerClosed(problem.strerror or str(problem)) from None
    except BaseException:
        made.close()
        raise
    return int(made.detach())


def _connect(made: Any, place: Place, patience: float) -> None:
    try:
        made.connect(place.address)
    except BlockingIOError:
        if place.family == socket.AF_UNIX:
            raise  # its queue is full: no such connection is under way
        if _is_there(made):
            return
    else:
        return
    hub = gevent.get_hub()
    watcher = hub.loop.io(made.fileno(), WRITABLE)
    try:
        with gevent.Timeout(patience, PeerSilent("silent")):
            hub.wait(watcher)
    finally:
        watcher.close()
    error = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))


def _is_there(made: Any) -> bool:
    """Whether it is connected already, as on loopback it is: waiting costs more than asking."""
    try:
        made.getpeername()
    except OSError:
        return False
    return True
