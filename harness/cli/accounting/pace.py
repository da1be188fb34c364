"""How long nobody looks: longer the less comes, and the longer a look takes."""

from __future__ import annotations

from typing import Final

SHORTEST: Final = 0.25  # seconds
LONGEST: Final = 2.0
REST: Final = 4.0  # times what a look took: looking may use a fifth of a processor, and no more


class Pace:
    """The pauses between looks."""

    def __init__(self) -> None:
        self._pause = SHORTEST / 2

    def after(self, seconds: float, *, is_new: bool) -> float:
        """How long to pause after a look that took so long; it may have found something new."""
        self._pause = SHORTEST if is_new else min(self._pause * 2, LONGEST)
        return max(self._pause, resting(seconds))


def resting(seconds: float) -> float:
    """How long to rest at least after so much looking."""
    return REST * seconds
