"""A crowd of clients, served by one task: whoever is ready is heard and answered at once.

That costs half of a task each (an epoll descriptor can itself be waited for).  A client gets a
task of its own while it has to wait: for the disk, for a password, or because it does not read what
we say; and for good once it is inside TLS.
"""

from __future__ import annotations

import contextlib
import select
import socket
from dataclasses import dataclass

import trio

from harness.protocol.receiver import Occasion
from reference_server.doors.door import PLAIN, Door
from reference_server.doors.listener import Connect, Talk
from reference_server.doors.sockets import SocketStream
from reference_server.server import Server
from reference_server.talks.connection import OCTETS, Connection, Waiting

HAS_EPOLL = hasattr(select, "epoll")
_ROUNDS = 16  # of hearing who is ready before other tasks have their turn
_SWEEP = 1.0  # seconds between looks for who has been quiet too long


@dataclass(slots=True)
class _Member:
    socket: socket.socket
    peer: str
    connection: Connection
    heard: float


class Crowd:
    """All clients that wait for nothing but their own next command."""

    def __init__(self, server: Server, tasks: trio.Nursery, connect: Connect = Connection) -> None:
        self._server = server
        self._connect = connect
        self._tasks = tasks
        self._epoll = select.epoll()
        self._members: dict[int, _Member] = {}

    def join(self, sock: socket.socket, peer: str, door: Door = PLAIN) -> None:
        """Greet a client and listen to it from now on."""
        self._server.attendance.enter(peer)
        connection = self._connect(self._server, peer, door, {})
        member = _Member(sock, peer, connection, trio.current_time())
        self._listen_to(member)
        self._say(member, member.connection.greet(), None)

    async def serve(self) -> None:
        """Hear whoever is ready, for ever; a last word for all who are left."""
        try:
            while True:
                await trio.lowlevel.wait_readable(self._epoll.fileno())
                self._hear_ready(trio.current_time())
        finally:
            for member in list(self._members.values()):
                self._dismiss(member, Occasion.SHUTTING_DOWN)
            self._epoll.close()

    async def sweep(self) -> None:
        """Dismiss who has been quiet or slow for too long, for ever."""
        while True:
            await trio.sleep(_SWEEP)
            now = trio.current_time()
            quiet_since = now - self._server.patience.idle
            for member in list(self._members.values()):
                late = member.connection.lateness(now)
                if late is None and member.heard < quiet_since:
                    late = Occasion.IDLE
                if late is not None:
                    self._dismiss(member, late)

    def ask_to_leave(self) -> None:
        """Dismiss whoever has no transaction under way; the others follow when theirs is over."""
        for member in list(self._members.values()):
            if member.connection.is_idle:
                self._dismiss(member, Occasion.SHUTTING_DOWN)

    def _hear_ready(self, now: float) -> None:
        """Under load somebody new is ready as soon as the last is answered: look a few times."""
        for _ in range(_ROUNDS):
            ready = self._epoll.poll(0)
            if not ready:
                return
            for descriptor, _ in ready:
                self._hear(self._members[descriptor], now)

    def _hear(self, member: _Member, now: float) -> None:
        try:
            octets = member.socket.recv(OCTETS)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            self._leave(member)
            return
        member.heard = now
        waiting = member.connection.hear(octets)
        self._say(member, member.connection.output(), waiting)

    def _say(self, member: _Member, octets: bytes, waiting: Waiting | None) -> None:
        try:
            sent = member.socket.send(octets) if octets else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._leave(member)
            return
        if sent < len(octets) or waiting is not None:
            self._part(member, octets[sent:], waiting)
        elif member.connection.is_over:
            self._leave(member)
        elif (excess := member.connection.pace.excess) is not None:
            self._dismiss(member, excess)
        elif self._server.is_stopping and member.connection.is_idle:
            self._dismiss(member, Occasion.SHUTTING_DOWN)

    def _part(self, member: _Member, unsent: bytes, waiting: Waiting | None) -> None:
        """Give a client that has to wait a task of its own."""
        self._forget(member)
        self._tasks.start_soon(self._talk, member, unsent, waiting)

    async def _talk(self, member: _Member, unsent: bytes, waiting: Waiting | None) -> None:
        goes_on = False
        try:
            talk = Talk(self._server, member.connection, SocketStream(member.socket))
            goes_on = await talk.run(unsent, waiting, listens=False)
        finally:
            if not goes_on:
                self._server.attendance.leave(member.peer)
        if goes_on:
            self._take_back(member)

    def _take_back(self, member: _Member) -> None:
        """Whoever has waited long enough is one of us again."""
        member.heard = trio.current_time()
        self._listen_to(member)
        if self._epoll.closed:  # we have all been dismissed meanwhile
            self._dismiss(member, Occasion.SHUTTING_DOWN)

    def _dismiss(self, member: _Member, occasion: Occasion) -> None:
        with contextlib.suppress(OSError):  # it went away, or reads nothing: nobody to tell
            member.socket.send(member.connection.say(occasion))
        self._leave(member)

    def _leave(self, member: _Member) -> None:
        self._forget(member)
        member.socket.close()
        member.connection.close()
        self._server.attendance.leave(member.peer)

    def _listen_to(self, member: _Member) -> None:
        descriptor = member.socket.fileno()
        self._members[descriptor] = member
        if not self._epoll.closed:
            self._epoll.register(descriptor, select.EPOLLIN)

    def _forget(self, member: _Member) -> None:
        descriptor = member.socket.fileno()
        if not self._epoll.closed:
            self._epoll.unregister(descriptor)
        del self._members[descriptor]
