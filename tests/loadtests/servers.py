"""Servers to load that nobody here wrote, or that behave badly on purpose."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller

from tests.ports import reserved_port


@dataclass
class Taker:
    """What an aiosmtpd server says to each command, and what it took."""

    says: Mapping[str, str] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str,
                          options: Any) -> str:  # fmt: skip
        said = self.says.get(address, self.says.get("RCPT", "250 ok"))
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        said = self.says.get("DATA", "250 taken")
        if said.startswith("250"):
            self.taken.append(envelope.content)
        return said


@contextmanager
def aiosmtpd(**says: str) -> Iterator[tuple[str, Taker]]:
    """An aiosmtpd server on a free port of loopback, and what it took."""
    taker = Taker(says)
    with reserved_port() as port:
        controller = Controller(taker, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            yield f"127.0.0.1:{port}", taker
        finally:
            controller.stop()


@contextmanager
def serving(talk: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[int]]]:
    """Each connection is handed to `talk` in a thread; the list counts connections."""
    listener = socket.create_server(("127.0.0.1", 0))
    count = [0]

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            count[0] += 1
            threading.Thread(target=_guarded, args=(talk, peer), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}", count
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _guarded(talk: Callable[[socket.socket], None], peer: socket.socket) -> None:
    with peer:
        try:
            talk(peer)
        except OSError:
            return  # the other end went first


def vanishing(peer: socket.socket) -> None:
    """Takes one message, and hangs up within the next."""
    lines = peer.makefile("rb")
    peer.sendall(b"220 here.test\r\n")
    dots = 0
    for line in lines:
        if line == b".\r\n":
            dots += 1
            if dots == 2:
                return
            peer.sendall(b"250 taken\r\n")
        elif line.startswith(b"DATA"):
            peer.sendall(b"354 go\r\n")
        elif line[:4] in (b"EHLO", b"MAIL", b"RCPT"):
            peer.sendall(b"250 ok\r\n")


def silent(peer: socket.socket) -> None:
    """Greets, and says nothing more."""
    peer.sendall(b"220 here.test\r\n")
    while peer.recv(1000):
        pass


def taking(peer: socket.socket) -> None:
    """Takes all mail by groups, and offers nothing else."""
    lines = peer.makefile("rb")
    peer.sendall(b"220 here.test\r\n")
    for line in lines:
        if line.startswith(b"EHLO"):
            peer.sendall(b"250-here.test\r\n250 PIPELINING\r\n")
        elif line == b"DATA\r\n":
            peer.sendall(b"354 go\r\n")
        elif line[:4] in (b"MAIL", b"RCPT", b".\r\n"):
            peer.sendall(b"250 ok\r\n")
        elif line == b"QUIT\r\n":
            peer.sendall(b"221 bye\r\n")
            return


def greeting_late(peer: socket.socket) -> None:
    """Takes all mail, but needs a while to greet."""
    time.sleep(0.8)
    taking(peer)
