"""Samples of two runs that may be compared, joined until they are independent.

A second is like the one before it: a machine is busy for a while, a queue is worked off.  Whoever
takes each second for a sample of its own finds differences between two runs of one server.  So
neighbours are put together until what is left of that is small.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from harness.load_results.chance import Stratum
from harness.load_results.moments import Moment, total

MOST = 40  # samples of a row: more would tell no more, and take longer
ALIKE = 0.1  # the correlation of neighbours beyond which they are no samples of their own
_FEWEST = 5  # samples of a row; with fewer nothing can be said anyway

Sample = Callable[[Moment], float | None]


@dataclass(frozen=True, slots=True)
class Rows:
    """Moments of two runs; pairs are compared one by one, others all with all."""

    old: Sequence[Moment]
    new: Sequence[Moment]
    are_pairs: bool = False


def independent(rows: Rows, sample: Sample) -> list[Stratum]:
    """The samples of these moments, as many as are independent of each other."""
    size = math.ceil(max(len(rows.old), len(rows.new)) / MOST) or 1
    while True:
        old, new = ([sample(it) for it in joined(row, size)] for row in (rows.old, rows.new))
        strata = _pairs(old, new) if rows.are_pairs else [_stratum(old, new)]
        if min(len(old), len(new)) < _FEWEST or _correlation(strata, rows.are_pairs) <= ALIKE:
            return strata
        size += 1


def joined(told: Sequence[Moment], size: int) -> list[Moment]:
    """So many neighbours each put together; what is left over at the end is not used."""
    return [total(told[at : at + size]) for at in range(0, len(told) - size + 1, size)]


def _stratum(old: Sequence[float | None], new: Sequence[float | None]) -> Stratum:
    before, now = (tuple(value for value in row if value is not None) for row in (old, new))
    return Stratum(before, now)


def _pairs(old: Sequence[float | None], new: Sequence[float | None]) -> list[Stratum]:
    return [
        Stratum((before,), (now,))
        for before, now in zip(old, new, strict=True)
        if before is not None and now is not None
    ]


def _correlation(strata: Sequence[Stratum], are_pairs: bool) -> float:
    """How much a sample tells of the next one: of pairs their difference, else each of its row."""
    if are_pairs:
        rows = [[it.new[0] - it.old[0] for it in strata]]
    else:
        rows = [list(row) for it in strata for row in (it.old, it.new) if row]
    centred = [[value - fmean(row) for value in row] for row in rows if row]
    spread = sum(value * value for row in centred for value in row)
    together = sum(one * other for row in centred for one, other in pairwise(row))
    few = 1 / min((len(row) for row in centred), default=1)  # a short row seems less correlated
    return together / spread + few if spread else 0.0
