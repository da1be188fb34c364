"""An mbox: one file, in which each message follows a line `From sender date` (RFC 4155).

Who delivers into one holds a lock meanwhile (a lock file, fcntl or flock), and then we look again
later; without a lock there is no way to know whether a message is complete.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from harness.delivery.stored import Stored
from harness.delivery.undoing import undo_line_ends, undo_quoting

# It begins the file, or stands below the empty line that ends the message before.
_SEPARATOR = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]*\n")


class Mbox:
    """The messages that are appended to a file from now on; each octet is read once."""

    def __init__(self, path: Path, *, reversible: bool) -> None:
        self._path = path
        self._reversible = reversible
        self._end = self._stamp()[0]  # of what has been read, or was there
        self._last = self._end  # where the last message begins
        self._seen = (self._end, 0)
        self._emptied = 0  # how often
        self._read: list[Stored] = []

    async def messages(self) -> list[Stored]:
        """What has been appended so far."""
        self._read.extend(self._look(self._read))
        return list(self._read)

    async def fresh(self) -> list[Stored]:
        """What has been appended since the last look; it is not kept."""
        return self._look([])

    def _look(self, read: list[Stored]) -> list[Stored]:
        """What is new; where the last of those that were read goes on, that is put right."""
        stamp = self._stamp()
        if stamp == self._seen or self._lock_file.exists():
            return []
        if stamp[0] < self._end:
            self._end = self._last = 0
            self._emptied += 1
        octets = self._between(self._end, stamp[0])
        goes_on = self._last < self._end and not is_mbox((octets or b"From ").lstrip(b"\r\n"))
        if goes_on:  # who wrote it held no lock
            octets = self._between(self._last, stamp[0])
        if octets is None:
            return []
        found = self._messages(octets, stamp[0] - len(octets))
        self._end, self._seen = stamp[0], stamp
        if goes_on:
            read[-1:] = found[:1]
            return found[1:]
        return found

    def _messages(self, octets: bytes, begin: int) -> list[Stored]:
        blank = len(octets) - len(octets.lstrip(b"\r\n"))  # some put it above a message
        found = []
        for at, stored in _entries(octets[blank:], reversible=self._reversible):
            self._last = begin + blank + at
            again = f" for the {self._emptied + 1}. time" if self._emptied else ""
            found.append(replace(stored, path=f"{self._path} at octet {self._last}{again}"))
        return found

    @property
    def _lock_file(self) -> Path:
        return self._path.with_name(f"{self._path.name}.lock")

    def _stamp(self) -> tuple[int, int]:
        """Its size, and when it was last written to; zeros if it is not there."""
        try:
            found = self._path.stat()
        except OSError:
            return 0, 0
        return found.st_size, found.st_mtime_ns

    def _between(self, begin: int, end: int) -> bytes | None:
        """What stands there; None while that is written."""
        try:
            with self._path.open("rb") as file, _locked(file):
                file.seek(begin)
                return file.read(end - begin)
        except OSError:
            return None


@contextlib.contextmanager
def _locked(file: IO[bytes]) -> Iterator[None]:
    """Hold both kinds of lock beside other readers; raises OSError while somebody writes."""
    for lock in (fcntl.flock, fcntl.lockf):
        lock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    try:
        yield
    finally:
        for lock in (fcntl.lockf, fcntl.flock):
            lock(file, fcntl.LOCK_UN)


def is_mbox(octets: bytes) -> bool:
    """Whether it begins as one does."""
    return octets.startswith(b"From ")


def read_mbox(octets: bytes, path: str, *, reversible: bool) -> Iterator[Stored]:
    """The messages of an mbox, without the lines between them."""
    for at, stored in _entries(octets, reversible=reversible):
        yield replace(stored, path=f"{path} at octet {at}")


def _entries(octets: bytes, *, reversible: bool) -> Iterator[tuple[int, Stored]]:
    found = list(_SEPARATOR.finditer(octets))
    ends = [match.start() for match in found[1:]] + [len(octets)]
    for match, end in zip(found, ends, strict=True):
        entry = _without_empty_line(octets[match.end() : end])
        undone, quoting = undo_quoting(entry, reversible=reversible)
        undone, line_ends = undo_line_ends(undone)
        yield match.start(), Stored(undone, "", (*line_ends, *quoting))


def _without_empty_line(entry: bytes) -> bytes:
    """The store puts one below each message."""
    for end in (b"\r\n", b"\n"):
        if entry.endswith((b"\n" + end,)) or entry == end:
            return entry[: -len(end)]
    return entry
