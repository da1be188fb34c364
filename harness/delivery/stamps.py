"""Which directories have changed since somebody looked into them.

One that gets another entry changes its own time, so nobody needs to list what cannot be new.  Not
all that is mounted somewhere keeps to that (POSIX has it so): it is believed for a few seconds.
"""

from __future__ import annotations

import os
import time
from typing import Final

_SETTLED: Final = 2_000_000_000  # ns: clocks of file systems tick, the coarsest every two seconds
_BELIEVED: Final = 4.0  # seconds: shorter than anybody waits for mail until it is lost


class Stamps:
    """When directories changed last, for who has looked into them."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}  # and by when to look again

    def are_old(self) -> bool:
        """Whether something has been seen, and nothing of it has changed since."""
        return bool(self._seen) and all(map(self.is_old, tuple(self._seen)))

    def is_old(self, directory: str) -> bool:
        """Whether it is as it was seen."""
        changed, until = self._seen.get(directory, (-1, 0.0))
        return time.monotonic() < until and changed == _changed(directory)

    def note(self, directory: str, before: int) -> None:
        """It has been looked into; `before` is `stamp` from before that."""
        self._seen[directory] = before, time.monotonic() + _BELIEVED

    def forget(self) -> None:
        """Look again into all of them."""
        self._seen.clear()

    @staticmethod
    def stamp(directory: str) -> int:
        """When it changed; -1 if that is so short ago that another change would not show."""
        changed = _changed(directory)
        return changed if time.time_ns() - changed > _SETTLED else -1


def _changed(directory: str) -> int:
    try:
        return os.stat(directory).st_mtime_ns
    except OSError:
        return -2
