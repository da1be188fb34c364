"""When things happened, where all could not be kept: those of every 2**n-th serial.

Both sides of an accounting choose in the same way, so what the one has kept the other has, too.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

MOST = 50_000  # that are kept
_LARGEST = 1 << 20  # stride: few keys have that many serials

K = TypeVar("K", bound=Hashable)


class Times(Generic[K]):
    """Microseconds since the epoch by key and serial; the first word on each counts."""

    def __init__(self, most: int = MOST) -> None:
        self.stride = 1
        self._most = most
        self._kept: dict[tuple[int, K], int] = {}

    def note(self, serial: int, key: K, moment: int) -> None:
        """Keep it, if its serial is of those that are kept."""
        if serial % self.stride:
            return
        if len(self._kept) >= self._most and self.stride >= _LARGEST:
            return  # each of too many keys has but few serials: the first ones stay
        self._kept.setdefault((serial, key), moment)
        if len(self._kept) > self._most and self.stride < _LARGEST:
            self.stride *= 2
            self._kept = {
                kept: moment for kept, moment in self._kept.items() if not kept[0] % self.stride
            }

    def find(self, serial: int, key: K) -> int | None:
        """When it was, if that is known."""
        return self._kept.get((serial, key))

    def items(self) -> list[tuple[tuple[int, K], int]]:
        """All that is kept: serial and key, and when it was."""
        return list(self._kept.items())
