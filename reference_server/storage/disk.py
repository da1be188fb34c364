"""The disk: the few system calls that make a file last, in one place.

A test hands in a disk that records them, or one that leaves a sync out.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from reference_server.storage.syncing import Syncer, begin_writing

Opened = tuple[int, str]  # a descriptor and its path, which is there for the record


class Disk:
    """The disk as it is."""

    waits: ClassVar = True  # so that using it had better not block the event loop

    def __init__(self) -> None:
        self._syncer = Syncer()

    def create(self, path: str) -> int:
        """A new file, for us alone to read; its descriptor."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def write(self, file: int, path: str, octets: bytes) -> None:
        """Write all octets."""
        view = memoryview(octets)
        while view:
            view = view[os.write(file, view) :]

    def hasten(self, file: int) -> None:
        """Let the writing begin.  Syncs of several files cost less if all have begun."""
        begin_writing(file)

    def sync(self, files: Sequence[Opened]) -> None:
        """Wait until these are on disk, all of them."""
        self._syncer.sync([file for file, _ in files])

    def rename(self, old: str, new: str) -> None:
        """Give the file another name; crashes see either the one or the other."""
        os.rename(old, new)

    def sync_directories(self, paths: Iterable[str]) -> None:
        """Wait until the names in these directories are on disk: a rename is not until then."""
        opened: list[Opened] = []
        try:
            opened.extend((os.open(path, os.O_RDONLY | os.O_DIRECTORY), path) for path in paths)
            self.sync(opened)
        finally:
            for directory, _ in opened:
                os.close(directory)

    def make_directory(self, path: str) -> None:
        """Make a directory, and those above it, where there is none."""
        if os.path.isdir(path):
            return
        above = os.path.dirname(path) or "."
        self.make_directory(above)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        self.sync_directories([above])


class Unsynced(Disk):
    """The disk, but nobody waits for it: a loss of power loses what was said to be kept."""

    waits = False

    def hasten(self, file: int) -> None:
        """It is written when the system likes to."""

    def sync(self, files: Sequence[Opened]) -> None:
        """That may be later."""

    def sync_directories(self, paths: Iterable[str]) -> None:
        """So may this."""


DISK: Final = Disk()
UNSYNCED: Final = Unsynced()
