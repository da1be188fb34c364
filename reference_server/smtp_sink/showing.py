"""Showing conversations on standard error (-v), and commands in the system's log (-s)."""

from __future__ import annotations

import sys
import syslog
from collections.abc import Callable, Sequence
from typing import Final

import trio

from harness.protocol.order import Verb
from harness.protocol.replies import GO_AHEAD
from harness.visible import harmless
from harness.wire.log import HIDDEN, masked
from reference_server.faults.tricks import Layer
from reference_server.smtp_sink.letters import Letters

Hear = Callable[[str], None]

_END: Final = b"\r\n.\r\n"
_KEPT: Final = 12_288  # octets of a line that has no end yet
_WORDS: Final = frozenset(verb.value.encode() for verb in Verb)
_LONGEST: Final = 100  # characters of a command in the system's log


class Overheard(Layer):
    """A stream that tells what is said on it, line by line; of texts, their ends alone."""

    def __init__(self, below: trio.abc.Stream, *, ours: Hear, theirs: Hear) -> None:
        super().__init__(below)
        self._tell_ours, self._tell_theirs = ours, theirs
        self._left = b""  # of a line that is not whole yet, or of what may be the end of a text
        self._code = 0  # of the last reply
        self._is_text = False
        self._logs_in = False  # since AUTH, no other command has been said

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """What the stream below received."""
        octets = await super().receive_some(max_bytes)
        self._hear(self._left + bytes(octets))
        return octets

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send through the stream below."""
        octets = bytes(data)
        for line in octets.splitlines():
            self._tell_ours(line.decode("utf-8", "backslashreplace"))
        code = octets.rstrip(b"\r\n").rpartition(b"\n")[2][:3]
        self._code = int(code) if code.isdigit() else 0
        if self._code == GO_AHEAD:
            self._is_text = True
            waiting, self._left = self._left, b"\r\n"
            self._hear(self._left + waiting)
        await super().send_all(data)

    def _hear(self, octets: bytes) -> None:
        while True:
            end, skip = (_END, len(_END)) if self._is_text else (b"\r\n", 2)
            before, found, after = octets.partition(end)
            if not found:
                # The last octet may be half of an end, however long the line is.
                most = octets[:_KEPT] + octets[_KEPT:][-1:]
                self._left = octets[-(skip - 1) :] if self._is_text else most
                return
            line = b"." if self._is_text else self._harmless(before)
            self._tell_theirs(line.decode("utf-8", "backslashreplace"))
            self._is_text, octets = False, after

    def _harmless(self, line: bytes) -> bytes:
        """The line without a password, even of who did not wait for 334 or was told no."""
        word = line.partition(b" ")[0].upper()
        if word in _WORDS:
            self._logs_in = word == b"AUTH"
        elif self._logs_in and line != b"*":
            return HIDDEN
        return masked(line + b"\r\n", code=self._code)[:-2]


def overhearing(letters: Letters, peer: str) -> Callable[[trio.abc.Stream], trio.abc.Stream]:
    """What makes a client's stream one that is overheard, as far as anybody listens."""
    hears = [
        *([_show(f"{peer} C: ")] if letters.shows else []),
        *([logging(letters.logged)] if letters.logged else []),
    ]
    if not hears:
        return lambda stream: stream
    ours = _show(f"{peer} S: ") if letters.shows else _ignore
    return lambda stream: Overheard(stream, ours=ours, theirs=_all(hears))


def _all(hears: Sequence[Hear]) -> Hear:
    def hear(line: str) -> None:
        for one in hears:
            one(line)

    return hear


def _show(prefix: str) -> Hear:
    return lambda line: print(harmless(f"{prefix}{line}"), file=sys.stderr, flush=True)


def _to_syslog(line: str) -> None:
    syslog.syslog(syslog.LOG_MAIL | syslog.LOG_INFO, line)


def logging(commands: frozenset[str], write: Hear = _to_syslog) -> Hear:
    """Writes those commands, made harmless."""

    def hear(line: str) -> None:
        verb = line.split(" ", 1)[0]
        if verb.lower() in commands:
            write(harmless(line)[:_LONGEST])

    return hear


def _ignore(line: str) -> None:
    pass
