"""A load run as CSV: a row for each interval, for each phase, or for each trouble.

Three tables are three formats: a file of two tables is one that no spreadsheet and no library
reads.  Latencies are whole microseconds, moments seconds of the run.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from harness.histogram import Histogram
from harness.load_results import LoadResult, Moment, moments, stage_at
from harness.load_results.figures import PERCENTILES
from harness.load_results.series import COUNTS
from harness.visible import harmless

_LATENCIES = ("count", "mean_us", *(f"p{percent:g}_us" for percent in PERCENTILES), "max_us")


def to_csv(result: LoadResult) -> str:
    """The run over time."""
    head = (
        *("begin", "seconds", "stage", "users", *COUNTS, "failures"),
        *(f"latency_{name}" for name in _LATENCIES),
        *("generator_lag_max_us", "generator_busy"),
    )
    return _written(head, (_interval(result, met) for met in moments(result)))


def to_phases_csv(result: LoadResult) -> str:
    """The latencies of each phase, of what went well and of what did not."""
    head = ("phase", "outcome", *_LATENCIES)
    rows: list[Sequence[object]] = []
    for outcome, phases in (("ok", result.phases), ("failed", result.failed)):
        rows += [(harmless(name), outcome, *_latencies(phase)) for name, phase in phases.items()]
    if result.accounting and result.accounting.latency.count:
        rows.append(("delivery", "ok", *_latencies(result.accounting.latency)))
    return _written(head, rows)


def to_troubles_csv(result: LoadResult) -> str:
    """What went wrong, by stage and code."""
    rows = (
        (_inert(it.stage), _inert(it.what), it.count, it.first, _inert(it.example))
        for it in result.troubles
    )
    return _written(("stage", "what", "count", "first", "example"), rows)


def _interval(result: LoadResult, met: Moment) -> Sequence[object]:
    told = met.interval
    stage = stage_at(result, met.begin + met.seconds / 2)
    return (
        _number(met.begin),
        _number(met.seconds),
        _inert(stage.name) if stage else "",
        met.users,
        *(getattr(told, name) for name in COUNTS),
        met.failures,
        *_latencies(told.latency),
        max(told.lag.values(), default=""),
        _number(max(told.busy.values())) if told.busy else "",
    )


def _latencies(latency: Histogram) -> Iterator[object]:
    """The columns; empty where nothing was measured, for 0 would be a very good latency."""
    yield latency.count
    if not latency.count:
        yield from [""] * (len(_LATENCIES) - 1)
        return
    yield round(latency.mean)
    yield from (latency.percentile(percent) for percent in PERCENTILES)
    yield latency.greatest


def _number(value: float) -> str:
    return f"{value:.6g}"


def _inert(text: str) -> str:
    """Text that a spreadsheet does not take for a formula: what a server said is in it."""
    plain = harmless(text)
    return f"'{plain}" if plain.startswith(("=", "+", "-", "@", "\t")) else plain


def _written(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return file.getvalue()
