"""What a server says, as values: a status, a text, and what stands below it.

Reading never raises over what a server said.  Whether something stands below a line is known by
who asked, and by nobody else (RFC 1939 3), so the reader is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from harness.protocol.transparency import DataReader

LINE_LIMIT: Final = 16_384  # octets; RFC 1939 3 allows 512, a challenge may be longer
MOST: Final = 268_435_456  # octets below a line; more is thrown away

_STATUS: Final = re.compile(rb"(\+OK|-ERR|\+(?= |$)) ?(.*)", re.DOTALL)
_CODE: Final = re.compile(r"\[([A-Za-z0-9/-]+)\]")  # RFC 2449 8


class Status(Enum):
    """How a response begins."""

    OK = auto()
    ERR = auto()
    CHALLENGE = auto()
    ODD = auto()  # like none of these


_STATUSES: Final = {b"+OK": Status.OK, b"-ERR": Status.ERR, b"+": Status.CHALLENGE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One response."""

    status: Status
    text: str
    content: bytes | None = field(default=None, repr=False)  # below it, dots undone
    too_big: bool = False  # what stood below it was thrown away
    octets: bytes = field(repr=False)  # as they came

    @property
    def code(self) -> str:
        """Its response code, in capitals; empty if it has none."""
        match = _CODE.match(self.text)
        return match[1].upper() if match else ""

    def __str__(self) -> str:
        """The first line, as far as it can be read."""
        return self.octets.partition(b"\r\n")[0].decode("utf-8", "backslashreplace")


class ResponseReader:
    """Responses out of a stream of octets, cut anywhere, in bounded memory."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._buffer = bytearray()
        self._first: bytes | None = None  # the line above what is being read
        self._below: DataReader | None = None
        self._kept = bytearray()  # of what stands below, as it came

    @property
    def left(self) -> bytes:
        """What has come and is no response yet."""
        return (self._first or b"") + bytes(self._kept) + bytes(self._buffer)

    def feed(self, octets: bytes) -> None:
        """Take octets as they arrived."""
        self._buffer += octets

    def take(self, *, has_content: bool) -> Response | None:
        """The next response, or None until more has come; one that is refused has no content."""
        if self._first is None:
            line = self._line()
            if line is None:
                return None
            response = _read(line)
            if not has_content or response.status is not Status.OK:
                return response
            self._first, self._below = line, DataReader(limit=self._most)
        return self._take_content(self._first)

    def clear(self) -> bytes:
        """Give away what is left and forget it."""
        left = self.left
        self._buffer.clear()
        self._forget()
        return left

    def _take_content(self, first: bytes) -> Response | None:
        below = self._below
        assert below is not None, "something is being read"
        octets = bytes(self._buffer)
        self._buffer.clear()
        below.feed(octets)
        self._kept += octets
        content = below.take()
        if below.too_big:
            self._kept.clear()
        if content is None:
            return None
        self._buffer += below.rest
        shown = self._kept.removesuffix(below.rest) if below.rest else self._kept
        response = _read(first, bytes(shown), None if below.too_big else content)
        self._forget()
        return response

    def _forget(self) -> None:
        self._first = self._below = None
        self._kept.clear()

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n", 0, LINE_LIMIT) + 1
        if not end and len(self._buffer) < LINE_LIMIT:
            return None
        line = bytes(self._buffer[: end or LINE_LIMIT])
        del self._buffer[: len(line)]
        return line


def _read(line: bytes, below: bytes | None = None, content: bytes | None = None) -> Response:
    match = _STATUS.fullmatch(line.rstrip(b"\r\n"))
    return Response(
        status=_STATUSES[match[1]] if match else Status.ODD,
        text=(match[2] if match else line).decode("utf-8", "backslashreplace"),
        content=content,
        too_big=below is not None and content is None,
        octets=line + (below or b""),
    )
