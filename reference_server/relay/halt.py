"""A graceful stop: what only waits is interrupted, what is being said is finished."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import trio


class Halt:
    """Set once; from then on nothing new is begun."""

    def __init__(self) -> None:
        self.is_set = False
        self._waits: set[trio.CancelScope] = set()

    def set(self) -> None:
        """Interrupt every wait, now and from now on."""
        self.is_set = True
        for scope in self._waits:
            scope.cancel()

    @contextmanager
    def interruptible(self) -> Iterator[trio.CancelScope]:
        """Around a wait; whoever leaves it looks at `is_set`."""
        with trio.CancelScope() as scope:
            if self.is_set:
                scope.cancel()
            self._waits.add(scope)
            try:
                yield scope
            finally:
                self._waits.discard(scope)
