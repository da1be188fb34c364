"""Deadlines (RFC 2852): at the time, whatever the message is waiting for."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import trio

from reference_server.queue.items import Item
from reference_server.relay import schedule
from reference_server.relay.halt import Halt
from reference_server.relay.lane import Lane
from reference_server.relay.ledger import Decision, Ledger
from reference_server.relay.outcomes import failed

_LONGEST_SLEEP = 3_600.0  # the clock on the wall may be set while we sleep


@dataclass(slots=True, kw_only=True)
class Deadlines:
    """The items that have one."""

    ledger: Ledger
    lanes: Callable[[], Iterable[Lane]]
    now: Callable[[], float]
    halt: Halt
    _heap: list[tuple[float, str]] = field(default_factory=list)
    _woken: trio.Event = field(default_factory=trio.Event)

    def watch(self, item: Item) -> None:
        """Keep an eye on its deadline, if it has one."""
        until = schedule.deadline(item)
        if until is not None:
            heapq.heappush(self._heap, (until, item.id))
            self._woken.set()

    async def keep(self) -> None:
        """Do what is due at each deadline, until we stop."""
        while not self.halt.is_set:
            while self._heap and self._heap[0][0] <= self.now():
                await self._meet(heapq.heappop(self._heap)[1])
            self._woken = trio.Event()
            sleep = min(self._heap[0][0] - self.now(), _LONGEST_SLEEP) if self._heap else None
            with self.halt.interruptible():
                with trio.move_on_after(_LONGEST_SLEEP if sleep is None else max(0.0, sleep)):
                    await self._woken.wait()

    async def _meet(self, id: str) -> None:
        item = self.ledger.items.get(id)
        if item is None:
            return
        if not schedule.is_returned(item):
            await self.ledger.meet_deadline(id)
            return
        # What a courier has in hand is settled when he is done with it.
        parcels = [
            parcel for lane in self.lanes() for parcel in lane.remove(lambda one: one.id == id)
        ]
        outcome = failed("5.4.7", "not delivered by the time that was asked for")
        addresses = [address for parcel in parcels for address in parcel.addresses]
        await self.ledger.record([Decision(id, dict.fromkeys(addresses, outcome))])
