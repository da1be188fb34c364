"""Guesses at passwords: whoever fails waits for the answer, longer each time.

Counted by address and not by connection, so that hanging up and coming back is no way around it.
Only answers to failures wait: who knows a password is let in at once, wherever somebody guesses.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import trio

FIRST: Final = 1.0  # seconds for the first failure; twice as long for each further one
MOST: Final = 30.0
FORGOTTEN: Final = 600.0  # seconds after which an address is as good as new
_ADDRESSES: Final = 10_000  # that are remembered; those whose last failure is longest ago go first


class Guesses:
    """Failures to log in, by address."""

    def __init__(
        self, now: Callable[[], float] = trio.current_time, *, first: float = FIRST
    ) -> None:
        self._now = now
        self._first = first
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def failed(self, address: str) -> float:
        """Count one more; how many seconds it has to wait for."""
        now = self._now()
        count, last = self._failures.pop(address, (0, now))
        count = count + 1 if now - last < FORGOTTEN else 1
        self._failures[address] = count, now
        while len(self._failures) > _ADDRESSES:
            self._failures.popitem(last=False)
        return min(self._first * 2.0 ** min(count - 1, 10), MOST)

    def __len__(self) -> int:
        return len(self._failures)
