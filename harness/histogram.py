"""A log-linear histogram of microseconds: what a load run keeps instead of every latency.

Buckets have a seven-bit mantissa: exact below 256 µs, then at most 0.4 % beside the truth, however
long it took.  Merging adds counts, so histograms of several processes merge exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_EXACT = 256  # below this every microsecond has a bucket of its own
_KEPT = 8  # significant bits of a bucket's lower bound: a leading one and the mantissa


def bucket_of(value: int) -> int:
    """The lower bound of the bucket that a latency falls into."""
    if value < _EXACT:
        return value
    shift = value.bit_length() - _KEPT
    return value >> shift << shift


class Histogram:
    """Counts of whole microseconds, by bucket; least, greatest and sum are exact."""

    __slots__ = ("count", "counts", "greatest", "least", "total")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}  # lower bound of a bucket -> how many fell into it
        self.count = 0
        self.total = 0
        self.least = 0
        self.greatest = 0

    def record(self, value: int) -> None:
        """Count one latency."""
        bucket = bucket_of(value)
        counts = self.counts
        counts[bucket] = counts.get(bucket, 0) + 1
        if value > self.greatest:
            self.greatest = value
        if not self.count or value < self.least:
            self.least = value
        self.count += 1
        self.total += value

    @classmethod
    def of(cls, counts: Mapping[int, int]) -> Histogram:
        """The histogram of whole microseconds that were counted one by one."""
        made = cls()
        for value, count in counts.items():
            bucket = bucket_of(value)
            made.counts[bucket] = made.counts.get(bucket, 0) + count
            made.count += count
            made.total += value * count
        if counts:
            made.least, made.greatest = min(counts), max(counts)
        return made

    def merge(self, other: Histogram) -> None:
        """Count all that the other counted, too."""
        if not other.count:
            return
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count
        self.least = min(self.least, other.least) if self.count else other.least
        self.greatest = max(self.greatest, other.greatest)
        self.count += other.count
        self.total += other.total

    def percentile(self, percent: float) -> int:
        """The latency that so many per cent did not exceed; 0 when nothing was counted."""
        wanted = max(1, -(-self.count * percent // 100))  # rounded up: 99 % of 10 is all 10
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return self._inside(bucket)
        return self.greatest

    @property
    def mean(self) -> float:
        """The average, exact; 0 when nothing was counted."""
        return self.total / self.count if self.count else 0.0

    def _inside(self, bucket: int) -> int:
        # The middle of the bucket, but never outside of what was met: p99 <= max.
        width = 1 << bucket.bit_length() - _KEPT if bucket >= _EXACT else 1
        return min(max(bucket + width // 2, self.least), self.greatest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def to_json(self) -> dict[str, Any]:
        """Plain values: lower bounds and counts in order, in microseconds."""
        return {
            "count": self.count,
            "total": self.total,
            "least": self.least,
            "greatest": self.greatest,
            "buckets": [[bucket, self.counts[bucket]] for bucket in sorted(self.counts)],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Histogram:
        """The histogram that `to_json` described; a ValueError if it could not have."""
        made = cls()
        made.counts = {int(bucket): int(count) for bucket, count in values["buckets"]}
        made.count, made.total = int(values["count"]), int(values["total"])
        made.least, made.greatest = int(values["least"]), int(values["greatest"])
        if made.count != sum(made.counts.values()) or made.least > made.greatest:
            raise ValueError("what these buckets hold is not what was counted")
        return made
