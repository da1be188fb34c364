"""Attendance: how many clients are here, in all and from each address, and when all have left."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

import trio

from reference_server.doors.limits import Allowance


class Guest(Protocol):
    """A client with a task of its own."""

    def ask_to_leave(self) -> None:
        """Say 421 now, or as soon as its transaction is over."""


class Attendance:
    """Who is here."""

    def __init__(self) -> None:
        self.total = 0
        self.guests: set[Guest] = set()
        self._from: Counter[str] = Counter()
        self._empty = trio.Event()
        self._somebody_left = trio.Event()

    def enter(self, address: str) -> None:
        """One more is here."""
        self.total += 1
        self._from[address] += 1

    def leave(self, address: str) -> None:
        """One of them has left."""
        self.total -= 1
        self._from[address] -= 1
        if not self._from[address]:
            del self._from[address]  # addresses that came once are not kept for ever
        self._somebody_left.set()
        if not self.total:
            self._empty.set()

    def is_within(self, allowance: Allowance, address: str) -> bool:
        """Whether who has just entered may stay."""
        most = allowance.connections_per_address
        if self.total > allowance.connections:
            return False
        return most is None or self._from[address] <= most

    async def until_below(self, count: int) -> None:
        """Return when there are fewer than so many."""
        while self.total >= count:
            self._somebody_left = trio.Event()
            await self._somebody_left.wait()

    async def until_empty(self) -> None:
        """Return when nobody is here."""
        if self.total:
            self._empty = trio.Event()
            await self._empty.wait()
