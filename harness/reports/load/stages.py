"""The stages of a load run as a table, which every report shows in a form of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.load_results import Staged
from harness.load_results.quantities import duration, moment, rate

HEAD = ("stage", "begin", "users", "due", "accepted", "p50", "p99", "max", "failures", "held")


def stage_rows(stages: Sequence[Staged]) -> list[tuple[str, ...]]:
    """The head and a row for each stage, without columns in which nothing would stand.

    Nothing at all where there was but one stage: it is told by the figures of the run.
    """
    if len(stages) < 2:
        return []
    rows = [HEAD, *(tuple(_cells(it)) for it in stages)]
    kept = [any(row[number] for row in rows[1:]) for number in range(len(HEAD))]
    return [tuple(cell for cell, is_kept in zip(row, kept, strict=True) if is_kept) for row in rows]


def _cells(it: Staged) -> Iterator[str]:
    met, latency = it.met, it.met.interval.latency
    yield it.stage.name
    yield moment(it.stage.begin)
    yield f"{met.users:,}"
    yield rate(met.due) if met.interval.due else ""
    yield rate(met.accepted)
    for value in (latency.percentile(50), latency.percentile(99), latency.greatest):
        yield duration(value) if latency.count else ""
    yield f"{met.failures:,}"
    yield "yes" if met.held else "NO"
