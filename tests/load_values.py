"""What tests of load results begin with: a run that has counted nothing, and histograms."""

from __future__ import annotations

from harness.histogram import Histogram
from harness.load_results import LoadResult

BLANK = LoadResult(
    target="smtp://127.0.0.1:2525",
    profile="smoke",
    seed=1,
    users=20,
    started="2026-01-02T03:04:05+00:00",
    seconds=0.0,
    phases={},
)


def histogram(*microseconds: float) -> Histogram:
    """These latencies."""
    made = Histogram()
    for value in microseconds:
        made.record(int(value))
    return made
