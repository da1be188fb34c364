"""Command lines out of a stream of octets, cut anywhere, in bounded memory."""

from __future__ import annotations

from typing import Final

# Stands for a line that was longer than allowed and is thrown away; no line holds its own end.
TOO_LONG: Final = b"\r\n"


class LineReader:
    """Splits octets at line ends: CRLF alone for a right server (RFC 5321 2.3.8)."""

    def __init__(self, ends: tuple[bytes, ...]) -> None:
        self._ends = ends
        self._overlap = max(map(len, ends)) - 1
        self._buffer = b""
        self._searched = 0
        self._skipping = False

    @property
    def is_midway(self) -> bool:
        """Whether a line has begun that has not ended."""
        return bool(self._buffer) or self._skipping

    def feed(self, octets: bytes) -> None:
        """Take octets as they arrived."""
        self._buffer = self._buffer + octets if self._buffer else octets

    def take(self, limit: int) -> bytes | None:
        """The next line without its end, TOO_LONG for one over the limit, None if none is whole."""
        buffer = self._buffer
        if not buffer:
            return None
        at, end = self._find(buffer)
        if at < 0:
            self._wait(buffer, limit)
            return None
        self._buffer, self._searched = buffer[at + end :], 0
        skipped, self._skipping = self._skipping, False
        return TOO_LONG if skipped or at + end > limit else buffer[:at]

    def clear(self) -> bytes:
        """Give away what is left and forget it."""
        left, self._buffer, self._searched = self._buffer, b"", 0
        return left

    def _find(self, buffer: bytes) -> tuple[int, int]:
        start = max(0, self._searched - self._overlap)
        if len(self._ends) == 1:
            return buffer.find(self._ends[0], start), len(self._ends[0])
        found = [(at, len(end)) for end in self._ends if (at := buffer.find(end, start)) >= 0]
        # The longest where several begin: CR may open CRLF.
        at, length = min(((at, -length) for at, length in found), default=(-1, 0))
        return at, -length

    def _wait(self, buffer: bytes, limit: int) -> None:
        self._searched = len(buffer)
        if len(buffer) > limit:
            # Only the beginning of a line end can still matter.
            self._skipping = True
            self._buffer = buffer[-self._overlap :] if self._overlap else b""
            self._searched = 0
