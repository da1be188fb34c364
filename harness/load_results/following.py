"""A result file read while it grows: only what is new is read, however long the run takes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from harness.load_results.adding import together
from harness.load_results.document import from_json
from harness.load_results.values import LoadResult


class Follower:
    """The sum of the parts that a generator has written so far."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = (0, 0)  # which one it was: in the end another one takes its place
        self._read = 0  # octets of it
        self._total: LoadResult | None = None

    def look(self) -> LoadResult | None:
        """All that is known by now; None if nothing is."""
        try:
            with self._path.open("rb") as lines:
                self._begin_again_where_it_is_another(lines)
                lines.seek(self._read)
                octets = lines.read()
        except FileNotFoundError:
            return self._total
        whole = octets[: octets.rfind(b"\n") + 1]  # of the last line there may be half
        self._read += len(whole)
        if whole:
            new = from_json(whole.decode("utf-8"))
            self._total = together(self._total, new) if self._total else new
        return self._total

    def _begin_again_where_it_is_another(self, lines: BinaryIO) -> None:
        """The path may be another one's by the time we ask for it: only the open file says."""
        met = os.fstat(lines.fileno())
        file = (met.st_dev, met.st_ino)
        if file != self._file or met.st_size < self._read:  # a new one, or this one cut
            self._file, self._read, self._total = file, 0, None
