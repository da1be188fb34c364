"""The disk: the few system calls that make a file last, in one place.

A test hands in a disk that records them, or one that leaves a sync out.
"""

from __future__ import annotations

import fcntl
import os
from typing import Final

_FULL_SYNC: Final = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync stops at the drive's cache


class Disk:
    """The disk as it is."""

    def sync(self, file: int, path: str) -> None:
        """Wait until the file of that descriptor is on disk; the path is for the record."""
        if _FULL_SYNC is not None:
            fcntl.fcntl(file, _FULL_SYNC)
        else:
            os.fsync(file)

    def sync_directory(self, path: str) -> None:
        """Wait until the names in a directory are on disk: a rename is not until then."""
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.sync(directory, path)
        finally:
            os.close(directory)


DISK: Final = Disk()
