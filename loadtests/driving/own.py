"""How much of the latencies was ours: replies that had arrived and waited for us to read them.

libev polls, and then serves one ready connection after the other.  A watcher of its `check` phase
runs first of all and notes the moment, so that who is served last knows how long it has waited.
It is the least there was: what arrives while we serve others waits for the next poll besides.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any


class Own:
    """Seconds that exchanges took, and of them those that were ours; one for each process."""

    __slots__ = ("_check", "back", "ours", "waited")

    def __init__(self) -> None:
        self.ours = 0.0
        self.waited = 0.0
        self.back = perf_counter()  # when the loop came back from its last poll
        self._check: Any = None

    def watch(self, loop: Any) -> None:
        """Note from now on when this loop comes back; without it nothing here means anything."""
        self._check = loop.check(ref=False, priority=loop.MAXPRI)
        self._check.start(self._came_back)

    def take(self) -> tuple[int, int]:
        """Microseconds that were ours, and that were waited in all, since the last call."""
        taken = int(self.ours * 1e6), int(self.waited * 1e6)
        self.ours = self.waited = 0.0
        return taken

    def _came_back(self) -> None:
        self.back = perf_counter()
