"""Mailboxes: Maildirs under the spool; a message is on disk, synced, before its 250 is said."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterable
from pathlib import Path


class Mailboxes:
    """The Maildirs of all users, one directory each."""

    def __init__(self, directory: Path, *, sync: bool = True) -> None:
        self._directory = str(directory)
        self._sync = sync
        self._serial = itertools.count(1)
        self._owner = f"{os.getpid()}_smtp-harness"

    @property
    def syncs(self) -> bool:
        """Whether storing waits for the disk, and so had better not block the event loop."""
        return self._sync

    def open(self, name: str) -> None:
        """Make the Maildir of that name if it is not there."""
        for part in ("tmp", "new", "cur"):
            os.makedirs(f"{self._directory}/{name}/{part}", exist_ok=True)

    def store(self, names: Iterable[str], octets: bytes) -> None:
        """Put the message into each of these mailboxes; OSError if the disk refuses."""
        unique = f"{time.time_ns()}.{next(self._serial)}_{self._owner}"
        for name in names:
            self._store(f"{self._directory}/{name}", unique, octets)

    def _store(self, maildir: str, unique: str, octets: bytes) -> None:
        draft = f"{maildir}/tmp/{unique}"
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write(file, octets)
            if self._sync:
                os.fsync(file)
        except OSError:
            os.unlink(draft)
            raise
        finally:
            os.close(file)
        os.rename(draft, f"{maildir}/new/{unique}")
        if self._sync:
            _sync_directory(f"{maildir}/new")


class NoMailboxes(Mailboxes):
    """Takes everything and keeps nothing: for measuring what the disk does not do."""

    def __init__(self) -> None:
        super().__init__(Path(), sync=False)

    def open(self, name: str) -> None:
        """There is nothing to make."""

    def store(self, names: Iterable[str], octets: bytes) -> None:
        """There is nothing to keep."""


def _write(file: int, octets: bytes) -> None:
    view = memoryview(octets)
    while view:
        view = view[os.write(file, view) :]


def _sync_directory(path: str) -> None:
    # Without this the rename may be lost with the power, and the 250 would be a lie.
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
