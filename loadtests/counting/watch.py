"""The generator watches itself: how busy it is, and how far its timers run behind.

Whoever measures with a stopwatch that hangs must say so: a run whose generator had no processor
left, or stood still, tells of itself and not of its target.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any, Final

import gevent

from harness.histogram import Histogram
from harness.load_results import Generator
from loadtests.counting.recorder import MICROSECONDS

EVERY: Final = 0.01  # seconds between two looks at the clock

# Microseconds since the last call: of latencies that were our own, and of all that we measured.
Shares = Callable[[], tuple[int, int]]


class Watch:
    """A timer of the hub that notes by how much it comes too late."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._lag = Histogram()
        self._looked = self._taken = perf_counter()
        self._spent = process_time()
        self._timer: Any = gevent.get_hub().loop.timer(EVERY, repeat=EVERY)
        self._timer.start(self._look)

    def take(self) -> Generator:
        """How it fared since the last call."""
        now, spent, lag = perf_counter(), process_time(), self._lag
        own, waited = self._shares()
        fared = Generator(
            seconds=round(now - self._taken, 6),
            cpu=round(spent - self._spent, 6),
            lag=lag,
            own=own,
            waited=waited,
        )
        self._taken, self._spent, self._lag = now, spent, Histogram()
        return fared

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()
        self._timer.close()

    def _look(self) -> None:
        now = perf_counter()
        late = now - self._looked - EVERY
        self._looked = now
        self._lag.record(max(0, int(late * MICROSECONDS)))
