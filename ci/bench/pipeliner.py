"""A load generator that pipelines, which smtp-source cannot: RFC 2920 3.1 as far as it goes.

    python ci/bench/pipeliner.py PORT SESSIONS MESSAGES OCTETS

The end of a text and the MAIL, RCPT and DATA of the next message leave in one write, so a message
costs one round trip.  Prints the seconds from the first command to the last reply, and how much
processor time they took here: a generator that works harder than the server measures itself.  Any
refusal ends it with status 1.
"""

from __future__ import annotations

import re
import select
import socket
import sys
import time
from collections.abc import Sequence
from typing import Final

ENVELOPE: Final = (
    b"MAIL FROM:<sender@client.example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n"
)
_LINE: Final = b"X" * 62 + b"\r\n"
_PATIENCE: Final = 30.0  # seconds without any reply
_obliging = re.compile(rb"(?:[23]\d\d [^\n]*\n)+").fullmatch  # replies of a line each


def main() -> None:
    """Send, and say what it took."""
    port, sessions, messages, octets = map(int, sys.argv[1:])
    shares = [messages // sessions + (n < messages % sessions) for n in range(sessions)]
    crowd = [Session(port, share, text_of(octets)) for share in shares if share]
    began, spent = time.perf_counter(), time.process_time()
    drive(crowd)
    print(f"{time.perf_counter() - began:.6f} {time.process_time() - spent:.6f}")


def text_of(octets: int) -> bytes:
    """A text of about that size, with its end."""
    header = b"From: <sender@client.example.test>\r\nTo: <alice@example.test>\r\n\r\n"
    return header + _LINE * max(1, (octets - len(header)) // len(_LINE)) + b".\r\n"


class Session:
    """One connection, and how many messages it has still to send."""

    def __init__(self, port: int, messages: int, text: bytes) -> None:
        self._left = messages
        self._due = 0  # replies
        self._begun = b""  # of a reply
        self._text = text
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.descriptor = self._socket.fileno()
        self._read_reply()
        self._socket.sendall(b"EHLO client.example.test\r\n")
        self._read_reply()
        self._socket.setblocking(True)  # from now on `drive` is patient; twice were a call too many

    def begin(self) -> None:
        """The first envelope."""
        self._say(ENVELOPE, 3)

    def hear(self) -> bool:
        """Take what has come, say what is next; whether there is more to come."""
        octets = self._begun + _received(self._socket)
        if octets[-1:] != b"\n":
            self._begun = octets
            return True
        self._begun = b""
        if not _obliging(octets):
            sys.exit(f"refused: {octets!r}")
        self._due -= octets.count(b"\n")
        if self._due:
            return True
        if not self._left:
            self._socket.close()
            return False
        self._left -= 1
        if self._left:
            self._say(self._text + ENVELOPE, 4)
        else:
            self._say(self._text, 1)
        return True

    def _say(self, octets: bytes, due: int) -> None:
        self._due = due
        self._socket.sendall(octets)

    def _read_reply(self) -> None:
        octets = b""
        while not (octets.endswith(b"\r\n") and octets.splitlines()[-1][3:4] == b" "):
            octets += _received(self._socket)


def _received(connection: socket.socket) -> bytes:
    return connection.recv(4_096) or sys.exit("closed before all was said")


def drive(crowd: Sequence[Session]) -> None:
    """All sessions to their ends."""
    poll = select.poll()
    sessions = {session.descriptor: session for session in crowd}
    for descriptor in sessions:
        poll.register(descriptor, select.POLLIN)
    for session in crowd:
        session.begin()
    while sessions:
        ready = poll.poll(_PATIENCE * 1_000)
        if not ready:
            sys.exit(f"no reply within {_PATIENCE:.0f} s")
        for descriptor, _ in ready:
            if not sessions[descriptor].hear():
                poll.unregister(descriptor)
                del sessions[descriptor]


if __name__ == "__main__":
    main()
