"""The disk: the few system calls that make a file last, in one place.

A test hands in a disk that records them, or one that leaves a sync out.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import sys
from collections.abc import Callable
from typing import ClassVar, Final

_FULL_SYNC: Final = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync stops at the drive's cache


class Disk:
    """The disk as it is."""

    waits: ClassVar = True  # so that using it had better not block the event loop

    def create(self, path: str) -> int:
        """A new file, for us alone to read; its descriptor."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def write(self, file: int, path: str, octets: bytes) -> None:
        """Write all octets."""
        view = memoryview(octets)
        while view:
            view = view[os.write(file, view) :]

    def hasten(self, file: int) -> None:
        """Let the writing begin.  Syncs of several files cost about one, if all have begun."""
        _begin_writing(file)

    def sync(self, file: int, path: str) -> None:
        """Wait until the file is on disk."""
        if _FULL_SYNC is not None:
            fcntl.fcntl(file, _FULL_SYNC)
        else:
            os.fsync(file)

    def rename(self, old: str, new: str) -> None:
        """Give the file another name; crashes see either the one or the other."""
        os.rename(old, new)

    def sync_directory(self, path: str) -> None:
        """Wait until the names in a directory are on disk: a rename is not until then."""
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.sync(directory, path)
        finally:
            os.close(directory)

    def make_directory(self, path: str) -> None:
        """Make a directory, and those above it, where there is none."""
        if os.path.isdir(path):
            return
        above = os.path.dirname(path) or "."
        self.make_directory(above)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        self.sync_directory(above)


class Unsynced(Disk):
    """The disk, but nobody waits for it: a loss of power loses what was said to be kept."""

    waits = False

    def hasten(self, file: int) -> None:
        """Written it is when the system likes to."""

    def sync(self, file: int, path: str) -> None:
        """That may be later."""

    def sync_directory(self, path: str) -> None:
        """So may this."""


def _writer() -> Callable[[int], None]:
    if sys.platform != "linux":
        return lambda file: None
    call = ctypes.CDLL(None, use_errno=True).sync_file_range
    call.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    begin_only = 2  # SYNC_FILE_RANGE_WRITE; zero octets from zero on means all of the file

    def begin(file: int) -> None:
        call(file, 0, 0, begin_only)  # whether it did matters not: the sync comes anyway

    return begin


_begin_writing: Final = _writer()
DISK: Final = Disk()
UNSYNCED: Final = Unsynced()
