"""A connection of ours, and a peer at its other end that plays what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
import gevent.socket

from harness.errors import Refused
from harness.protocol.replies import Reply
from harness.protocol.sender import Exchange, Flow
from loadtests.driving import Connection

Step = bytes | int | Callable[[Any], None]
Seen = tuple[tuple[str, ...], tuple[int, ...]]


def hang_up(peer: Any) -> None:
    peer.close()


class Stage:
    """A connection of ours, and a peer that plays: octets to send, a number of octets to read."""

    def __init__(self, patience: float, **more: Any) -> None:
        ours, self.peer = gevent.socket.socketpair()
        self.seen: list[Seen] = []
        self.heard = b""
        self.connection = Connection(
            ours.detach(), observe=self._observe, patience=patience, **more
        )
        self._playing = gevent.spawn(lambda: None)

    def play(self, *steps: Step) -> None:
        self._playing = gevent.spawn(self._play, steps)

    def wait(self) -> None:
        self._playing.get()

    def end(self, *, whole: bool) -> None:
        """We are gone; raises what went wrong in the play, and waits for the whole of it."""
        self.connection.close()
        if whole or self._playing.ready():
            self._playing.get()
        self._playing.kill()
        self.peer.close()

    def _play(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            if isinstance(step, bytes):
                self.peer.sendall(step)
                gevent.sleep(0)  # a turn of the loop, so that each piece is read alone
            elif isinstance(step, int):
                self.heard += self._read(step)
            else:
                step(self.peer)

    def _read(self, wanted: int) -> bytes:
        octets = b""
        while len(octets) < wanted:
            some = self.peer.recv(min(wanted - len(octets), 100_000))
            assert some, f"the peer wanted {wanted} octets, and got {octets!r}"
            octets += some
        return octets

    def _observe(
        self,
        exchange: Exchange,
        replies: tuple[Reply, ...],
        sent: float,
        written: float,
        first: float,
        last: float,
    ) -> None:
        assert first <= last
        assert sent <= written <= last
        self.seen.append((exchange.names, tuple(reply.code for reply in replies)))


@contextmanager
def stage(patience: float = 5.0, *, whole: bool = False, **more: Any) -> Iterator[Stage]:
    """`more` is what a connection can be told besides: own, tls, pace.

    A `whole` play goes on until its end when we have gone; another one may wait for octets that
    never come.
    """
    with gevent.Timeout(10):
        made = Stage(patience, **more)
        try:
            yield made
        finally:
            made.end(whole=whole)


def ask(*exchanges: Exchange) -> Flow[list[int]]:
    codes: list[int] = []
    for exchange in exchanges:
        replies = yield exchange
        codes.extend(reply.code for reply in replies)
        if replies[-1].code == 421:
            raise Refused(exchange.names[len(replies) - 1], replies[-1])
    return codes


GREETING = Exchange(("greeting",), b"")
HELLO = Exchange(("EHLO",), b"EHLO me\r\n")
GROUP = Exchange(("MAIL", "RCPT", "DATA"), b"MAIL...\r\nRCPT...\r\nDATA\r\n")
MAIL = Exchange(("MAIL",), b"MAIL\r\n")
ANSWERS = b"250-first\r\n250 last\r\n250 ok\r\n354 go on\r\n"
