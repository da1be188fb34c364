"""Sockets as plain as they come: trio waits for readiness, the system calls are our own.

`trio.SocketStream` does the same with a third more work per call; under load that shows.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable

import trio

_AT_ONCE = 64  # connections that are let in before anybody else gets a turn
_TOO_MANY_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})


class SocketStream(trio.abc.Stream):
    """A connected, non-blocking socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    @property
    def socket(self) -> socket.socket:
        """The socket itself."""
        return self._socket

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Octets as they arrive; empty at the end of the stream."""
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return self._socket.recv(max_bytes or 65_536)
            except BlockingIOError:
                continue
            except OSError as problem:
                raise trio.BrokenResourceError(str(problem)) from problem

    async def wait_for_more(self) -> None:
        """Return once there is something to receive; breaks at the end of the stream."""
        await trio.lowlevel.wait_readable(self._socket)
        try:
            more = self._socket.recv(1, socket.MSG_PEEK)
        except OSError as problem:
            raise trio.BrokenResourceError(str(problem)) from problem
        if not more:
            raise trio.BrokenResourceError("the client says nothing more")

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of it."""
        rest: bytes | bytearray | memoryview = data
        while rest:
            try:
                sent = self._socket.send(rest)
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._socket)
            except OSError as problem:
                raise trio.BrokenResourceError(str(problem)) from problem
            else:
                rest = memoryview(rest)[sent:]

    async def wait_send_all_might_not_block(self) -> None:
        """Return once the socket takes octets again."""
        await trio.lowlevel.wait_writable(self._socket)

    async def aclose(self) -> None:
        """Close it."""
        if self._socket.fileno() != -1:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()
        await trio.lowlevel.checkpoint()


def listen(host: str, port: int, backlog: int = 1_024, *, shared: bool = False) -> socket.socket:
    """A listening, non-blocking socket; port 0 takes a free one, `shared` is for several."""
    sock = bind(host, port, shared=shared)
    try:
        sock.listen(backlog)
    except OSError:
        sock.close()
        raise
    return sock


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket that has the port, and does not listen yet."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # `::` is all of IPv6 and leaves 0.0.0.0 to whoever wants it
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


async def accept(listener: socket.socket, welcome: Callable[[socket.socket, str], None]) -> None:
    """Welcome every connection with its socket, ready to use, and its address; for ever."""
    while True:
        welcome(*await accept_one(listener))
        # Who comes while a crowd is served would else wait for one more round of it each.
        for _ in range(_AT_ONCE):
            if (found := _accept_now(listener)) is None:
                break
            welcome(*found)


async def accept_one(listener: socket.socket) -> tuple[socket.socket, str]:
    """The next connection's socket, ready to use, and its address; a Unix-domain one has none."""
    while True:
        await trio.lowlevel.wait_readable(listener)
        try:
            return _accepted(listener)
        except OSError as problem:
            if problem.errno in _TOO_MANY_FILES:
                await trio.sleep(0.1)  # until connections have ended


def _accept_now(listener: socket.socket) -> tuple[socket.socket, str] | None:
    try:
        return _accepted(listener)
    except OSError:
        return None


def _accepted(listener: socket.socket) -> tuple[socket.socket, str]:
    sock, peer = listener.accept()
    sock.setblocking(False)
    if sock.family == socket.AF_UNIX:
        return sock, ""
    with contextlib.suppress(OSError):  # macOS: it has gone already
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock, peer[0]
