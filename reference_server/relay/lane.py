"""A lane: the mail that waits for one destination, and the retry that all of it shares.

A host that is down makes its lane wait, and not each message; a recipient who was told to wait
makes only his parcel wait.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import trio

from reference_server.queue.items import Item, QueuedRecipient
from reference_server.relay.routes import Destination, domain_of
from reference_server.relay.schedule import Schedule, due, priority, release

_LONGEST_SLEEP: Final = 3_600.0  # the clock on the wall may be set while we sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Some recipients of one item who share their next try."""

    id: str
    addresses: tuple[str, ...]
    due: float
    release: float = 0.0  # before which it goes on nobody's word (RFC 4865)
    urgency: tuple[int, float, str] = (0, 0.0, "")  # the smallest goes first
    waits_for_host: bool = False  # it has been asked for already, and nobody was there


def parcels_of(
    item: Item,
    recipients: Iterable[QueuedRecipient],
    *,
    for_host: bool = False,
    behind: float | None = None,
) -> Iterator[Parcel]:
    """Parcels for these recipients, one for each time of the next try.

    `behind` is a time: those that come after it are as urgent, and all before it more so.
    """
    by_time: dict[float, list[str]] = {}
    for one in recipients:
        by_time.setdefault(due(item, one), []).append(one.address)
    for when, addresses in by_time.items():
        yield Parcel(
            id=item.id,
            addresses=tuple(addresses),
            due=when,
            release=release(item),
            urgency=(-priority(item), behind or item.arrived, item.id),
            waits_for_host=for_host,
        )


@dataclass(slots=True)
class Lane:
    """All parcels for one destination."""

    destination: Destination
    not_before: float = 0.0  # when the next try is due
    tries: int = 0  # that failed, one after another
    last: str = ""  # what the last of them met
    connections: int = 0  # open now
    # When a connection was lost over an item: it goes behind all that came before that.
    lost: dict[str, float] = field(default_factory=dict)
    _waiting: list[tuple[float, int, Parcel]] = field(default_factory=list)  # a heap by time
    _ready: list[tuple[tuple[int, float, str], int, Parcel]] = field(default_factory=list)
    _serial: Iterator[int] = field(default_factory=itertools.count)
    _woken: trio.Event = field(default_factory=trio.Event)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._ready)

    @property
    def backlog(self) -> int:
        """How many wait for nothing but their turn, as far as has been looked."""
        return len(self._ready)

    @property
    def parcels(self) -> list[Parcel]:
        """All that wait, in no order."""
        return [entry[2] for entry in (*self._waiting, *self._ready)]

    # --- in and out ----------------------------------------------------------------------------

    def add(self, parcel: Parcel) -> None:
        """One more waits."""
        heapq.heappush(self._waiting, (parcel.due, next(self._serial), parcel))
        self.wake()

    def take(self, now: float) -> Parcel | None:
        """The most urgent parcel that is due; None if there is none, or the host is waited for."""
        if now < self.not_before:
            return None
        while self._waiting and self._waiting[0][0] <= now:
            parcel = heapq.heappop(self._waiting)[2]
            heapq.heappush(self._ready, (parcel.urgency, next(self._serial), parcel))
        return heapq.heappop(self._ready)[2] if self._ready else None

    def take_all(self, now: float) -> list[Parcel]:
        """Everything that is due."""
        return list(iter(lambda: self.take(now), None))

    def remove(self, wanted: Callable[[Parcel], bool]) -> list[Parcel]:
        """Take out all of these, due or not."""
        out = [parcel for parcel in self.parcels if wanted(parcel)]
        if out:
            self._waiting = [entry for entry in self._waiting if not wanted(entry[2])]
            self._ready = [entry for entry in self._ready if not wanted(entry[2])]
            heapq.heapify(self._waiting)
            heapq.heapify(self._ready)
            self.wake()
        return out

    # --- the host ------------------------------------------------------------------------------

    def fail(self, schedule: Schedule, why: str, now: float, chance: float) -> float:
        """Nobody was there to take anything: when the next try is due."""
        self.tries += 1
        self.last = why
        self.not_before = now + schedule.pause(self.tries, chance)
        return self.not_before

    def recover(self) -> None:
        """Somebody is there: what has only waited for that need wait no longer."""
        self.tries, self.not_before = 0, 0.0
        for parcel in self.remove(lambda parcel: parcel.waits_for_host):
            self.add(replace(parcel, due=parcel.release))

    def hasten(self, parcels: Sequence[Parcel] | None = None) -> None:
        """Try these at once, or all, whatever was to be waited for but their release."""
        self.not_before = 0.0
        for parcel in self.remove(lambda one: parcels is None or one in parcels):
            self.add(replace(parcel, due=parcel.release))

    # --- time ----------------------------------------------------------------------------------

    @property
    def next_try(self) -> float:
        """When something is to be tried; only where something waits."""
        due = 0.0 if self._ready else self._waiting[0][0]
        return max(due, self.not_before)

    def wake(self) -> None:
        """Something has changed: whoever waits looks again."""
        woken, self._woken = self._woken, trio.Event()
        woken.set()

    async def wait_until(self, when: float, now: float) -> None:
        """Wait for that time, or until something changes."""
        woken = self._woken
        with trio.move_on_after(max(0.0, min(when - now, _LONGEST_SLEEP))):
            await woken.wait()

    def serves(self, domain: str, *, below: bool = False) -> bool:
        """Whether something waits for recipients of this domain, or of one below it."""
        domains = {domain_of(address) for parcel in self.parcels for address in parcel.addresses}
        return any(one == domain or (below and one.endswith(f".{domain}")) for one in domains)
