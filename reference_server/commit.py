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

    The writing is done in a thread.  `inline` does it at once instead, for tests on virtual time:
    that clock jumps ahead while a thread works.
    """

    def __init__(self, write: Write[T], *, inline: bool = False) -> None:
        self._write = write
        self._inline = inline
        self._waiting: deque[_Waiter[T]] = deque()
        self._busy = False

    async def keep(self, what: T) -> None:
        """Return when it is on disk; OSError if the disk refused, and then it is not there."""
        waiter = _Waiter(what)
        self._waiting.append(waiter)
        if self._busy:
            try:
                await waiter.woken.wait()
            except trio.Cancelled:
                self._withdraw(waiter)
                raise
        if not waiter.is_done:
            await self._lead()
        if waiter.outcome is not None:
            raise waiter.outcome

    async def _lead(self) -> None:
        """Have a batch written, ours in it, and wake who leads the next one."""
        self._busy = True
        # Whoever leads works for others too, and may not leave in the middle.
        with trio.CancelScope(shield=True):
            await trio.lowlevel.checkpoint()  # let in who is about to ask
            batch = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
            try:
                await self._have_written(batch)
            finally:
                for waiter in batch:
                    waiter.is_done = True
                    waiter.woken.set()
                self._pass_on()

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
                self._pass_on()

    def _pass_on(self) -> None:
        self._busy = bool(self._waiting)
        if self._waiting:
            self._waiting[0].woken.set()
