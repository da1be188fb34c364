"""A client that writes exactly the octets it is told, in exactly the writes it is told."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from tests.peers.serving import PASSWORD, PATIENCE, USER, Served


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a client gets to where it may send mail."""

    kind: str = "smtp"
    starttls: bool = False
    logs_in: bool = False


WAYS = {
    "in the clear": Way(),
    "inside STARTTLS": Way(starttls=True),
    "inside TLS": Way(kind="smtps"),
    "logged in": Way(kind="submission", starttls=True, logs_in=True),
}


class RawClient:
    """A connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._unread = b""

    def write(self, *segments: bytes) -> None:
        """Each segment in a write of its own, and in a packet of its own if the kernel obliges."""
        for segment in segments:
            self._socket.sendall(segment)

    def reply(self) -> int:
        """The code of the next reply; 0 once the server has hung up."""
        while True:
            line, found, rest = self._unread.partition(b"\r\n")
            if found:
                self._unread = rest
                if line[3:4] != b"-":
                    return int(line[:3])
                continue
            octets = self._socket.recv(65_536)
            if not octets:
                return 0
            self._unread += octets

    def say(self, line: str) -> int:
        """A command, and the code that it gets."""
        self.write(line.encode() + b"\r\n")
        return self.reply()

    def hush(self, context: ssl.SSLContext) -> None:
        """Go on inside TLS."""
        assert self._unread == b"", "something came in the clear behind the reply to STARTTLS"
        self._socket = context.wrap_socket(self._socket, server_hostname="localhost")

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


@contextlib.contextmanager
def connected(server: Served, way: Way) -> Iterator[RawClient]:
    """A client that may say MAIL next."""
    connection = socket.create_connection(("127.0.0.1", server.ports[way.kind]), PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client = RawClient(connection)
    context = ssl.create_default_context(cafile=server.ca)
    try:
        if way.kind.endswith("s"):
            client.hush(context)
        assert client.reply() == 220
        assert client.say("EHLO client.example.test") == 250
        if way.starttls:
            assert client.say("STARTTLS") == 220
            client.hush(context)
            assert client.say("EHLO client.example.test") == 250
        if way.logs_in:
            secret = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
            assert client.say(f"AUTH PLAIN {secret}") == 235
        yield client
    finally:
        client.close()
