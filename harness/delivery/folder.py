"""A directory of files, one a message, as servers for tests and pick-up directories keep them.

Nothing tells when such a file is complete, so it counts once nobody has written to it for a moment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Final

from harness.delivery.maildir import read_file
from harness.delivery.stamps import Stamps
from harness.delivery.stored import Stored

SETTLED: Final = 0.1  # seconds since it was last written to
_UNFINISHED: Final = (".tmp", ".part", ".lock", "~")  # how names end of what is no message yet


class Folder:
    """The messages in one directory, not in those below it; each once, and known files are left."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stamps = Stamps()

    async def keys(self) -> frozenset[str]:
        """All that is there, complete or not."""
        return frozenset(path for path, _ in self._files(()))

    async def fetch(self, known: Container[str]) -> Mapping[str, Stored]:
        """What is complete, and not known."""
        directory = str(self._directory)
        if self._stamps.is_old(directory):
            return {}
        before, latest = Stamps.stamp(directory), time.time() - SETTLED
        found = list(self._files(known))
        read = {path: read_file(path) for path, written in found if written < latest}
        fresh = {path: stored for path, stored in read.items() if stored is not None}
        if len(fresh) == len(found):  # nothing is left that may be complete next time
            self._stamps.note(directory, before)
        return fresh

    def _files(self, known: Container[str]) -> Iterator[tuple[str, float]]:
        try:
            with os.scandir(self._directory) as entries:
                fresh = [entry for entry in entries if entry.path not in known]
        except OSError:
            return  # it may be made when the first message comes
        for entry in sorted(fresh, key=lambda entry: entry.name):
            if not entry.name.startswith(".") and not entry.name.endswith(_UNFINISHED):
                try:
                    if entry.is_file():
                        yield entry.path, entry.stat().st_mtime
                except OSError:
                    continue  # it is gone
