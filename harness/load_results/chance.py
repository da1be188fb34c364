"""A permutation test: could two rows of samples differ so much by chance alone?

Samples come in strata, in each of which a sample of one row is worth one of the other: a stage of
a plan, or a second of a ramp.  Nothing is supposed about how they are spread; latencies are never
spread as textbooks want them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

TRIES = 2_000  # so the least that can be found is one in 2,001


@dataclass(frozen=True, slots=True)
class Stratum:
    """Samples that are worth the same: before, and after."""

    old: tuple[float, ...]
    new: tuple[float, ...]


def difference(strata: Sequence[Stratum]) -> float:
    """By how much the new samples are greater, each stratum weighed by how many it has."""
    return sum(
        (fmean(it.new) - fmean(it.old)) * (len(it.old) + len(it.new))
        for it in strata
        if it.old and it.new
    )


def chance(strata: Sequence[Stratum]) -> float:
    """The probability of a difference as great as this one if old and new were the same."""
    found = abs(difference(strata)) * (1 - 1e-9)
    source = Random(0)  # the same files have the same verdict
    as_great = sum(abs(difference(_shuffled(strata, source))) >= found for _ in range(TRIES))
    return (1 + as_great) / (1 + TRIES)


def least_chance(strata: Sequence[Stratum]) -> float:
    """What `chance` would be if all new samples were beyond all old ones: how much can be said."""
    ways = math.prod(
        math.comb(len(it.old) + len(it.new), len(it.old)) for it in strata if it.old and it.new
    )
    return min(1.0, 2 / ways)


def _shuffled(strata: Sequence[Stratum], source: Random) -> list[Stratum]:
    return [_shuffle(it, source) for it in strata if it.old and it.new]


def _shuffle(stratum: Stratum, source: Random) -> Stratum:
    both = [*stratum.old, *stratum.new]
    source.shuffle(both)
    return Stratum(tuple(both[: len(stratum.old)]), tuple(both[len(stratum.old) :]))
