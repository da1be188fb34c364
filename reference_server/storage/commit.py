"""Group commit: whoever waits for the disk at the same time waits for one and the same writing.

A sync takes about as long for many as for one, so while one batch is written the next one gathers.
No task of its own is needed for that: of those who wait, one has the writing done for all.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import trio

T = TypeVar("T")
Outcome = OSError | None  # None is done, on disk

# Writes all of it, blocking; says of each what has become of it.
Write = Callable[[Sequence[T]], Sequence[Outcome]]

_MOST: Final = 256  # share one writing, so that none waits for ever


def _unwritten() -> OSError:
    return OSError(errno.EIO, "the writing failed")


@dataclass(slots=True, eq=False)
class _Waiter(Generic[T]):
    """Something to be written, and who waits until it is."""

    what: T
    woken: trio.Event = field(default_factory=trio.Event)
    is_done: bool = False
    outcome: Outcome = field(default_factory=_unwritten)  # until the contrary is known


class GroupCommit(Generic[T]):
    """What is kept here is kept together with what others keep at the same time.

    The writing is done in threads, at most `at_once` of them: while one waits for the disk another
    may work.  `inline` does it at once instead, for tests on virtual time: that clock jumps ahead
    while a thread works.
    """

    def __init__(self, write: Write[T], *, inline: bool = False, at_once: int = 1) -> None:
        self._write = write
        self._inline = inline
        self._at_once = at_once
        self._waiting: deque[_Waiter[T]] = deque()
        self._batches = 0  # that gather or are being written
        self._is_gathering = False  # the first of those who wait has been chosen to lead

    async def keep(self, what: T) -> None:
        """Return when it is on disk; OSError if the disk refused, and then it is not there."""
        waiter = _Waiter(what)
        self._waiting.append(waiter)
        self._choose()
        try:
            await waiter.woken.wait()  # who is chosen at once still lets in who is about to ask
        except trio.Cancelled:
            self._withdraw(waiter)
            raise
        if not waiter.is_done:
            await self._lead()
        if waiter.outcome is not None:
            raise waiter.outcome

    def _choose(self) -> None:
        """Have the first of those who wait lead a batch, unless one is gathering already."""
        if self._waiting and not self._is_gathering and self._batches < self._at_once:
            self._is_gathering = True
            self._batches += 1
            self._waiting[0].woken.set()

    async def _lead(self) -> None:
        """Have a batch written, ours in it."""
        batch = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
        self._is_gathering = False
        self._choose()
        try:
            # Whoever leads works for others too, and may not leave in the middle.
            with trio.CancelScope(shield=True):
                await self._have_written(batch)
        finally:
            for waiter in batch:
                waiter.is_done = True
                waiter.woken.set()
            self._batches -= 1
            self._choose()

    async def _have_written(self, batch: Sequence[_Waiter[T]]) -> None:
        whats = [waiter.what for waiter in batch]
        if self._inline:
            outcomes = self._write(whats)
        else:
            outcomes = await trio.to_thread.run_sync(self._write, whats)
        for waiter, outcome in zip(batch, outcomes, strict=True):
            waiter.outcome = outcome

    def _withdraw(self, waiter: _Waiter[T]) -> None:
        """Forget who cannot wait any longer; what is being written already stays written."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            if waiter.woken.is_set():  # it was to lead
                self._is_gathering = False
                self._batches -= 1
                self._choose()
