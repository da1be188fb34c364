"""Syncing many files: by fsync(2) for each, or by one syncfs(2), whichever costs less now.

After an fsync the drive's cache is flushed, so n files are n flushes; syncfs needs one.  But it
waits for what anybody else has written to that file system, too.  So both are timed as they are
used, and where syncfs has become the dearer one it is left alone for a while.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

_FEW: Final = 3  # files that are as cheap one by one
_AWAY: Final = 5.0  # seconds
_WEIGHT: Final = 0.3  # of the last time, in what we expect of the next
_REPORTS_ERRORS: Final = (5, 8)  # the Linux from which on syncfs tells what could not be written
_TRUSTED: Final = frozenset({"ext4", "xfs"})  # overlayfs, for one, hides its disk's errors
_FULL_SYNC: Final = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync stops at the drive's cache


def sync_file(file: int) -> None:
    """Wait until a file is on disk, beyond the drive's cache."""
    if _FULL_SYNC is not None:
        with contextlib.suppress(OSError):  # a file system that knows it not says so; fsync then
            fcntl.fcntl(file, _FULL_SYNC)
            return
    os.fsync(file)


def sync_file_system(file: int) -> None:
    """Wait until everything is on disk that has been written to the file system of that file.

    OSError if something has not been, since the file was opened.
    """
    assert _C is not None, "there are trusted file systems on Linux alone"
    if _C.syncfs(file) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def begin_writing(file: int) -> None:
    """Have the system write a file now instead of later."""
    if _BEGIN is not None:
        _BEGIN(file, 0, 0, _WRITE)  # whether it did matters not: the sync comes anyway


def is_trusted(files: Sequence[int]) -> bool:
    """Whether one syncfs does for these files what an fsync for each would do."""
    devices = {os.fstat(file).st_dev for file in files}
    return len(devices) == 1 and _is_trusted(devices.pop())


class Syncer:
    """Syncs files, and learns from it how to."""

    def __init__(
        self,
        one: Callable[[int], None] = sync_file,
        all_at_once: Callable[[int], None] = sync_file_system,
        is_trusted: Callable[[Sequence[int]], bool] = is_trusted,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._one, self._all_at_once = one, all_at_once
        self._is_trusted, self._now = is_trusted, now
        self._for_one = 0.0  # seconds that we expect an fsync to take; 0 is not known
        self._for_all = 0.0  # and a syncfs
        self._not_before = 0.0

    def sync(self, files: Sequence[int]) -> None:
        """Wait until all of these are on disk.  The first must have been opened before the rest
        was written: errors that syncfs reports are those since then."""
        began = self._now()
        if self._wants_all_at_once(files, began):
            self._all_at_once(files[0])
            self._learn_of_all(len(files), self._now() - began)
        elif files:
            for file in files:
                self._one(file)
            self._for_one = _blend(self._for_one, (self._now() - began) / len(files))

    def _wants_all_at_once(self, files: Sequence[int], now: float) -> bool:
        if len(files) < _FEW or not self._for_one or now < self._not_before:
            return False
        return self._is_trusted(files)

    def _learn_of_all(self, count: int, took: float) -> None:
        self._for_all = _blend(self._for_all, took)
        if self._for_all > self._for_one * count:
            self._for_all, self._not_before = 0.0, self._now() + _AWAY


def file_system(device: int, mounts: Path = Path("/proc/self/mountinfo")) -> str | None:
    """What kind of file system a device holds, as proc(5) tells; None if it is not known."""
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        about, dash, kind = line.partition(" - ")
        if dash and about.split()[2] == number:
            return kind.split()[0]
    return None


def _blend(expected: float, met: float) -> float:
    return met if not expected else expected + _WEIGHT * (met - expected)


@lru_cache(maxsize=64)
def _is_trusted(device: int) -> bool:
    return _LINUX >= _REPORTS_ERRORS and file_system(device) in _TRUSTED


def _version(release: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", release)
    return (int(found[1]), int(found[2])) if found else (0, 0)


_IS_LINUX: Final = sys.platform == "linux"
_LINUX: Final = _version(platform.release()) if _IS_LINUX else (0, 0)
_C: Final = ctypes.CDLL(None, use_errno=True) if _IS_LINUX else None
_WRITE: Final = 2  # SYNC_FILE_RANGE_WRITE; zero octets from zero on mean all of the file
_BEGIN: Final = getattr(_C, "sync_file_range", None)
if _BEGIN is not None:
    _BEGIN.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
