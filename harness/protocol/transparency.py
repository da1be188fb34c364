"""Transparency: the dots that are doubled, and the lone dot that ends a text (RFC 5321 4.5.2).

Only CRLF ends a line, so there is nothing to smuggle by.  What ends the text and what undoes the
doubling are parameters all the same: servers that get them wrong are made by other values.
"""

from __future__ import annotations

from collections.abc import Callable

END = b"\r\n.\r\n"


def stuff(content: bytes) -> bytes:
    """The content as it goes on the wire, with the mark that ends it."""
    content = whole_lines(content)
    doubled = content.replace(b"\r\n.", b"\r\n..")
    return b"." + doubled + b".\r\n" if content[:1] == b"." else doubled + b".\r\n"


def whole_lines(content: bytes) -> bytes:
    """The content with its last line ended, which no content is sent without."""
    return content if not content or content.endswith(b"\r\n") else content + b"\r\n"


def unstuff(octets: bytes) -> bytes:
    """The content that was meant, from lines as they came without the mark that ended them."""
    if octets[:1] == b".":
        octets = octets[1:]
    # Looking costs a third of replacing, and hardly any message has something to replace.
    return octets.replace(b"\r\n.", b"\r\n") if b"\r\n." in octets else octets


class DataReader:
    """Collects the text of one message to its end, wherever the network cuts it."""

    def __init__(
        self,
        ends: tuple[bytes, ...] = (END,),
        unstuff: Callable[[bytes], bytes] = unstuff,
        limit: int | None = None,
    ) -> None:
        self.rest = b""  # what came after the mark
        self.size = 0  # octets of text so far, as they stand on the wire
        self._ends = ends
        self._unstuff = unstuff
        self._limit = limit
        # The first line stands behind a line end too: the one of DATA.  Only a text that does not
        # come in one piece is worth a bytearray.
        self._buffer: bytes | bytearray = b"\r\n"
        self._searched = 0
        self._discarding = False

    @property
    def too_big(self) -> bool:
        """Whether the content is over the limit; it is thrown away then."""
        return self._discarding

    @property
    def held(self) -> int:
        """How many octets are in memory, and not thrown away."""
        return len(self._buffer)

    def feed(self, octets: bytes) -> None:
        """Take octets as they arrived."""
        self._buffer += octets
        self.size += len(octets)

    def discard(self) -> None:
        """Throw the text away, what there is of it and what is to come."""
        self._discarding = True
        self._wait()

    def take(self) -> bytes | None:
        """The content with its last CRLF, or None until its end has come."""
        if not self.size:
            return None  # asked right after 354; the text may yet come in one piece
        at, mark = self._find()
        if at < 0:
            self._wait()
            return None
        end = at + mark.index(b".")  # the line end that opens the mark belongs to the content
        self.rest = bytes(self._buffer[at + len(mark) :])
        self.size -= len(self._buffer) - end
        content = self._unstuff(bytes(self._buffer[2:end]))
        if self._limit is not None and len(content) > self._limit:
            self._discarding = True
        return b"" if self._discarding else content

    def _find(self) -> tuple[int, bytes]:
        """Where the first mark stands, and which; the longest where several begin."""
        if len(self._ends) == 1:
            return self._buffer.find(self._ends[0], self._searched), self._ends[0]
        found = [(self._buffer.find(end, self._searched), -len(end), end) for end in self._ends]
        at, _, end = min((row for row in found if row[0] >= 0), default=(-1, 0, b""))
        return (-1, b"") if at >= 0 and self._may_grow(at, len(end)) else (at, end)

    def _may_grow(self, at: int, length: int) -> bool:
        """Whether the octets to come can still make another mark of those that this one is in."""
        for start in range(max(0, len(self._buffer) - self._overlap()), at + 1):
            tail = bytes(self._buffer[start:])
            longer = length if start == at else 0
            if any(
                len(end) > max(longer, len(tail)) and end.startswith(tail) for end in self._ends
            ):
                return True
        return False

    def _wait(self) -> None:
        overlap = self._overlap()
        self._searched = max(0, len(self._buffer) - overlap)
        if type(self._buffer) is bytes:
            self._buffer = bytearray(self._buffer)
        # Doubled dots are no part of the size (RFC 1870 5): of four octets on the wire three are
        # content at least, so no content is lost that would have been within the limit.
        if self._limit is not None and len(self._buffer) * 3 // 4 > self._limit + 2 * overlap:
            self._discarding = True
        if self._discarding:
            self._buffer = self._buffer[self._searched :]
            self._searched = 0

    def _overlap(self) -> int:
        """How many octets at the end of the buffer may be the beginning of a mark."""
        return max(map(len, self._ends)) - 1
