"""What has arrived in a store since somebody began to look, each message read once."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Protocol

import trio

from harness.delivery.stored import Stored


class Store(Protocol):
    """Where delivered messages are, each by a key that stays.  Methods raise PeerError."""

    async def keys(self) -> frozenset[str]:
        """All that is there, unread."""

    async def fetch(self, known: Container[str]) -> Mapping[str, Stored]:
        """All that is there and is not known."""


class Arrivals:
    """The messages that arrive from now on; one look at a time, for mailboxes may lock."""

    def __init__(self, store: Store, turn: trio.Lock, old: frozenset[str]) -> None:
        self._store = store
        self._turn = turn
        self._known = set(old)
        self._read: list[Stored] = []

    async def messages(self) -> list[Stored]:
        """What has arrived so far."""
        self._read.extend(await self.fresh())
        return list(self._read)

    async def fresh(self) -> list[Stored]:
        """What has arrived since the last look; it is not kept."""
        async with self._turn:
            fresh = await self._store.fetch(self._known)
        self._known.update(fresh)
        return list(fresh.values())


async def arrivals(store: Store, turn: trio.Lock | None = None) -> Arrivals:
    """A reader that knows what is there already."""
    turn = turn or trio.Lock()
    async with turn:
        return Arrivals(store, turn, await store.keys())
