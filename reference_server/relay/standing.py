"""How things stand with the relay, for whoever measures it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from reference_server.queue.items import Fate, Item
from reference_server.relay.lane import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits for one destination."""

    destination: str
    messages: int
    next_try: float | None  # since the epoch; None while all of it is in somebody's hands
    tries: int  # that failed, one after another
    last: str  # what the last of them met
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What waits now, and how many recipients came to what since the beginning."""

    messages: int
    recipients: int
    oldest: float | None  # when the one arrived that waits for the longest time
    destinations: tuple[Waiting, ...]
    counts: Mapping[str, int]  # passed on, relayed, delivered, failed, postponed; and notices


def standing(items: Collection[Item], lanes: Iterable[Lane], counts: Mapping[str, int]) -> Standing:
    """The figures of this moment."""
    waiting = [[one for one in item.recipients if one.fate is Fate.WAITING] for item in items]
    return Standing(
        messages=len(waiting),
        recipients=sum(map(len, waiting)),
        oldest=min((item.arrived for item in items), default=None),
        destinations=tuple(map(_waiting, lanes)),
        counts=dict(counts),
    )


def _waiting(lane: Lane) -> Waiting:
    return Waiting(
        destination=lane.destination.name,
        messages=len({parcel.id for parcel in lane.parcels}),
        next_try=lane.next_try if len(lane) else None,
        tries=lane.tries,
        last=lane.last,
        connections=lane.connections,
    )
