"""Shares: which sender behaves how, so that the shares hold however many senders there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def roles(shares: Sequence[float]) -> Iterator[int]:
    """For one sender after the other, the number of its share: the one that lacks most yet."""
    have = [0] * len(shares)
    count = 0
    while True:
        count += 1
        lacking = [share * count - had for share, had in zip(shares, have, strict=True)]
        # Rounded, so that thirds take turns in the same order again and again.
        role = max(range(len(shares)), key=lambda number: round(lacking[number], 9))
        have[role] += 1
        yield role
