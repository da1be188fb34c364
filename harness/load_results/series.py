"""A run over time: intervals of equal width, few enough to keep however long the run takes.

When there would be too many, each two of them become one, twice as wide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from harness.histogram import Histogram

MOST = 600  # intervals that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """What was counted in one interval; what belongs to a process is kept by its name."""

    users: Mapping[str, int] = field(default_factory=dict)  # the most there were
    lag: Mapping[str, int] = field(default_factory=dict)  # the longest of our own, us
    busy: Mapping[str, float] = field(default_factory=dict)  # the most of a processor, 0 to 1
    due: int = 0
    begun: int = 0
    late: int = 0
    accepted: int = 0
    refused: int = 0
    unanswered: int = 0
    octets: int = 0
    latency: Histogram = field(default_factory=Histogram)  # us, of accepted messages
    troubles: Mapping[str, int] = field(default_factory=dict)  # "RCPT 450 4.2.0" -> how often

    def __add__(self, other: Interval) -> Interval:
        latency = Histogram()
        latency.merge(self.latency)
        latency.merge(other.latency)
        return Interval(
            users=_greater(self.users, other.users),
            lag=_greater(self.lag, other.lag),
            busy=_greater(self.busy, other.busy),
            latency=latency,
            troubles=dict(Counter(self.troubles) + Counter(other.troubles)),
            **{name: getattr(self, name) + getattr(other, name) for name in COUNTS},
        )


_Number = TypeVar("_Number", int, float)
COUNTS = ("due", "begun", "late", "accepted", "refused", "unanswered", "octets")


def _greater(one: Mapping[str, _Number], other: Mapping[str, _Number]) -> dict[str, _Number]:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {**one, **other}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Intervals by number: the n-th begins `n * width` seconds after the run."""

    width: float = 1.0  # seconds; a power of two
    intervals: Mapping[int, Interval] = field(default_factory=dict)

    def __add__(self, other: Series) -> Series:
        width = max(self.width, other.width)
        merged: dict[int, Interval] = {}
        for series in (self, other):
            for number, interval in series.intervals.items():
                at = int(number * series.width // width)
                merged[at] = merged[at] + interval if at in merged else interval
        made = Series(width=width, intervals=dict(sorted(merged.items())))
        return made if len(merged) <= MOST else Series(width=width * 2) + made
