"""An mbox: one file, in which each message follows a line `From sender date` (RFC 4155).

Who delivers into one holds a lock meanwhile (a lock file, fcntl or flock), and then we look again
later; without a lock there is no way to know whether a message is complete.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from harness.delivery.stored import Stored
from harness.delivery.undoing import undo_line_ends, undo_quoting

# It begins the file, or stands below the empty line that ends the message before.
_SEPARATOR = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]*\n")


class Mbox:
    """The messages that are appended to a file from now on."""

    def __init__(self, path: Path, *, reversible: bool) -> None:
        self._path = path
        self._reversible = reversible
        self._begin = self._stamp()[0]
        self._seen = (self._begin, 0)
        self._read: list[Stored] = []
        self._told = 0  # of them, by `fresh`

    async def messages(self) -> list[Stored]:
        """What has been appended so far."""
        stamp = self._stamp()
        if stamp != self._seen and not self._lock_file.exists():
            octets = self._appended(stamp[0])
            if octets is not None:
                self._seen = stamp
                self._read = list(read_mbox(octets, str(self._path), reversible=self._reversible))
        return list(self._read)

    async def fresh(self) -> list[Stored]:
        """What has been appended since the last look."""
        read = await self.messages()
        told, self._told = self._told, len(read)
        return read[told:]

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

    def _appended(self, size: int) -> bytes | None:
        """What stands there beyond what was there in the beginning; None while that is written."""
        if size < self._begin:
            self._begin = 0  # somebody has emptied it
        try:
            with self._path.open("rb") as file, _locked(file):
                file.seek(self._begin)
                return file.read(size - self._begin)
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
    found = list(_SEPARATOR.finditer(octets))
    ends = [match.start() for match in found[1:]] + [len(octets)]
    for match, end in zip(found, ends, strict=True):
        entry = _without_empty_line(octets[match.end() : end])
        undone, quoting = undo_quoting(entry, reversible=reversible)
        undone, line_ends = undo_line_ends(undone)
        yield Stored(undone, f"{path} at octet {match.start()}", (*line_ends, *quoting))


def _without_empty_line(entry: bytes) -> bytes:
    """The store puts one below each message."""
    for end in (b"\r\n", b"\n"):
        if entry.endswith((b"\n" + end,)) or entry == end:
            return entry[: -len(end)]
    return entry
