"""The spool: the directory where a server keeps all it has; one server at a time holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import UsageError
from reference_server.storage.disk import DISK

RESERVE: Final = 16 * 2**20  # octets that stay free, for what is under way and for the log


@dataclass(frozen=True, slots=True)
class Spool:
    """Where everything stands."""

    path: Path

    @property
    def mail(self) -> Path:
        """The Maildirs."""
        return self.path / "mail"

    @property
    def queue(self) -> Path:
        """The queue's file."""
        return self.path / "queue.db"

    @property
    def lock(self) -> Path:
        """The file that tells who holds the spool."""
        return self.path / "lock"

    def has_room(self, octets: int, *, reserve: int = RESERVE) -> bool:
        """Whether so much more can be kept; False too where the disk cannot be asked."""
        try:
            disk = os.statvfs(self.path)
        except OSError:
            return False
        # A file system that makes inodes as it needs them counts none.
        has_files = disk.f_favail > 0 or disk.f_files == 0
        return has_files and disk.f_bavail * disk.f_frsize >= octets + reserve


class SpoolTaken(UsageError):
    """Somebody else holds the spool."""


@contextlib.contextmanager
def hold(path: Path) -> Iterator[Spool]:
    """The spool of that directory, made if need be, for us alone; SpoolTaken if it is not free."""
    spool = Spool(path)
    try:
        DISK.make_directory(str(path.absolute()))
        lock = os.open(spool.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        raise _unusable(path, problem) from problem
    try:
        _take(lock, spool)
        yield spool
    finally:
        os.close(lock)  # which lets go of it, as any end of ours does


def _take(lock: int, spool: Spool) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        holder = os.read(lock, 32).decode("ascii", "replace").strip()
        who = f"process {holder}" if holder else "another process"
        raise SpoolTaken(f"{who} uses the spool {spool.path} (it locks {spool.lock})") from problem
    try:
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
    except OSError as problem:
        raise _unusable(spool.path, problem) from problem


def _unusable(path: Path, problem: OSError) -> UsageError:
    return UsageError(f"cannot use the spool {path}: {problem.strerror}")
