"""A mailbox as one session sees it: numbers, sizes and ids that stay, and marks of deletion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.protocol.transparency import whole_lines


@dataclass(frozen=True, slots=True)
class Entry:
    """A message: its id, which stays the same from session to session, and its size on the wire."""

    uid: str
    octets: int


class Maildrop:
    """The messages that were there when the session began (RFC 1939 4)."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self._entries = tuple(entries)
        self._deleted: set[int] = set()

    def __len__(self) -> int:
        """How many messages are not marked."""
        return len(self._entries) - len(self._deleted)

    @property
    def last(self) -> int:
        """The highest number that there is, marked or not."""
        return len(self._entries)

    @property
    def octets(self) -> int:
        """The size of all that are not marked."""
        return sum(entry.octets for _, entry in self.numbered())

    def numbered(self) -> Iterator[tuple[int, Entry]]:
        """Those that are not marked, with their numbers."""
        for number, entry in enumerate(self._entries, 1):
            if number not in self._deleted:
                yield number, entry

    def find(self, number: int | None) -> Entry | None:
        """The message of that number; None if there is none, or if it is marked."""
        if number is None or number in self._deleted or not 0 < number <= self.last:
            return None
        return self._entries[number - 1]

    def mark(self, number: int) -> None:
        """Mark a message as deleted."""
        self._deleted.add(number)

    def unmark(self) -> None:
        """Take all marks back."""
        self._deleted.clear()

    @property
    def marked(self) -> tuple[Entry, ...]:
        """Those that are marked."""
        return tuple(self._entries[number - 1] for number in sorted(self._deleted))


def top_of(content: bytes, lines: int) -> bytes:
    """The header, the blank line, and so many lines of the body (RFC 1939 7, TOP)."""
    content = whole_lines(content)
    header, blank, body = content.partition(b"\r\n\r\n")
    if content.startswith(b"\r\n"):  # there is no header
        header, blank, body = b"", b"\r\n", content[2:]
    at = 0
    for _ in range(lines):
        end = body.find(b"\r\n", at)
        if end < 0:
            break
        at = end + 2
    return header + blank + body[:at]
