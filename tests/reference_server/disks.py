"""Disks that write down what they are told, and disks on which something does not work."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass

from reference_server.disk import Disk


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that was done, and to what."""

    what: str
    path: str
    to: str = ""


class RecordingDisk(Disk):
    """Does it all, and writes it down when it is done."""

    def __init__(self) -> None:
        self.done: list[Done] = []

    def write(self, file, path, octets):
        super().write(file, path, octets)
        self.done.append(Done("write", path))

    def sync(self, file, path):
        super().sync(file, path)
        self.done.append(Done("sync", path))

    def rename(self, old, new):
        super().rename(old, new)
        self.done.append(Done("rename", old, new))


class FullDisk(Disk):
    """Has no room for a file that the question says yes to, after half of it."""

    def __init__(self, is_refused: Callable[[str], bool]) -> None:
        self._is_refused = is_refused

    def write(self, file, path, octets):
        if self._is_refused(path):
            super().write(file, path, octets[: len(octets) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(file, path, octets)


class BrokenDisk(Disk):
    """Refuses one kind of thing, to the paths that the question says yes to."""

    def __init__(self, what: str, is_refused: Callable[[str], bool] = lambda path: True) -> None:
        self._what = what
        self._is_refused = is_refused

    def sync(self, file, path):
        self._refuse("sync", path)
        super().sync(file, path)

    def rename(self, old, new):
        self._refuse("rename", new)
        super().rename(old, new)

    def _refuse(self, what, path):
        if what == self._what and self._is_refused(path):
            raise OSError(errno.EIO, "Input/output error")
