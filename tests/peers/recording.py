"""A recorder between a client and a server: what each said, connection by connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.peers.serving import PATIENCE


@dataclass(slots=True)
class Talk:
    """One connection, as octets."""

    client: bytearray = field(default_factory=bytearray)
    server: bytearray = field(default_factory=bytearray)
    client_writes: list[bytes] = field(default_factory=list)  # as they arrived

    @property
    def commands(self) -> list[str]:
        """The lines that the client sent, texts included."""
        return self.client.decode("utf-8", "replace").split("\r\n")[:-1]


class Recorder:
    """A loopback port that passes everything on to another and keeps it."""

    def __init__(self, port: int) -> None:
        self.talks: list[Talk] = []
        self._onward = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    @property
    def said(self) -> str:
        """All that clients said, one connection after the other."""
        return "".join(talk.client.decode("utf-8", "replace") for talk in self.talks)

    def start(self) -> None:
        """Begin to listen."""
        self._in_thread(self._accept)

    def stop(self) -> None:
        """End all connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(PATIENCE)  # from here on there are no more
        self._listener.close()
        for each in self._sockets:
            with contextlib.suppress(OSError):  # the other end was faster
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        for each in self._sockets:
            each.close()

    def _in_thread(self, target, *args) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._onward))
            self._sockets += [client, server]
            talk = Talk()
            self.talks.append(talk)
            self._in_thread(_pass_on, client, server, talk.client, talk.client_writes)
            self._in_thread(_pass_on, server, client, talk.server, [])


def _pass_on(
    source: socket.socket, sink: socket.socket, kept: bytearray, writes: list[bytes]
) -> None:
    with contextlib.suppress(OSError):
        while octets := source.recv(65_536):
            kept += octets
            writes.append(octets)
            sink.sendall(octets)
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def recording(port: int) -> Iterator[Recorder]:
    """A recorder in front of a port."""
    recorder = Recorder(port)
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()
