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
        self._directory = directory
        self._sync = sync
        self._serial = itertools.count(1)

    @property
    def syncs(self) -> bool:
        """Whether storing waits for the disk, and so had better not block the event loop."""
        return self._sync

    def open(self, name: str) -> Path:
        """The Maildir of that name, made if it is not there."""
        path = self._directory / name
        for part in ("tmp", "new", "cur"):
            (path / part).mkdir(parents=True, exist_ok=True)
        return path

    def store(self, names: Iterable[str], octets: bytes) -> None:
        """Put the message into each of these mailboxes; OSError if the disk refuses."""
        unique = f"{time.time_ns()}.{os.getpid()}_{next(self._serial)}.smtp-harness"
        for name in names:
            self._store(self._directory / name, unique, octets)

    def _store(self, maildir: Path, unique: str, octets: bytes) -> None:
        draft, final = f"{maildir}/tmp/{unique}", f"{maildir}/new/{unique}"
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
        os.rename(draft, final)
        if self._sync:
            _sync_directory(f"{maildir}/new")


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
