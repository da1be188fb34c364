"""Disks that write down what they are told, and disks on which something does not work."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass

from reference_server.storage.disk import Disk

EVERYTHING = "*"  # the path of a sync that takes in all files there are


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has been done (`write`, `sync`, `rename`) or is about to be (`say`)."""

    what: str
    path: str = ""
    to: str = ""
    octets: bytes = b""


class RecordingDisk(Disk):
    """Does it all, and writes it down when it is done."""

    def __init__(self, events: list[Event] | None = None) -> None:
        super().__init__()
        self.events: list[Event] = [] if events is None else events

    def write(self, file, path, octets):
        super().write(file, path, octets)
        self.events.append(Event("write", path, octets=octets))

    def sync(self, files):
        super().sync(files)
        self.events += [Event("sync", path) for _, path in files]

    def rename(self, old, new):
        super().rename(old, new)
        self.events.append(Event("rename", old, new))


class NoFileSync(RecordingDisk):
    """Syncs directories alone."""

    def sync(self, files):
        super().sync([one for one in files if os.path.isdir(one[1])])


class NoDirectorySync(RecordingDisk):
    """Syncs files alone."""

    def sync(self, files):
        super().sync([one for one in files if not os.path.isdir(one[1])])


class FullDisk(Disk):
    """Has no room for a file that the question says yes to, after half of it."""

    def __init__(self, is_refused: Callable[[str], bool]) -> None:
        super().__init__()
        self._is_refused = is_refused

    def write(self, file, path, octets):
        if self._is_refused(path):
            super().write(file, path, octets[: len(octets) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(file, path, octets)


class BrokenDisk(Disk):
    """Refuses one kind of thing, to the paths that the question says yes to."""

    def __init__(self, what: str, is_refused: Callable[[str], bool] = lambda path: True) -> None:
        super().__init__()
        self._what = what
        self._is_refused = is_refused

    def sync(self, files):
        for _, path in files:
            self._refuse("sync", path)
        super().sync(files)

    def rename(self, old, new):
        self._refuse("rename", new)
        super().rename(old, new)

    def _refuse(self, what, path):
        if what == self._what and self._is_refused(path):
            raise OSError(errno.EIO, "Input/output error")
