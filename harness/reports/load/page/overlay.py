"""The page of two load runs, one drawn over the other: the old one dashed, the new one solid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.histogram import Histogram
from harness.load_results import Moment, moments
from harness.load_results.comparison import Change, Comparison
from harness.load_results.quantities import duration, many, moment, rate
from harness.reports.load.comparing import HEAD, cells, headline, remarks, runs
from harness.reports.load.page.charts import (
    Drawn,
    bands_of,
    curves,
    end_of,
    quantile,
    values_of,
)
from harness.reports.load.page.frame import banner, figures, framed
from harness.reports.load.page.panels import Row, table
from harness.reports.load.page.plot import Axis, Band, Chart, clock, linear, logarithmic, steps

_WORDS = {
    Change.WORSE: ("broke", "✗"),
    Change.BETTER: ("held", "✓"),
    Change.SAME: ("held", "="),
    Change.UNSURE: ("doubtful", "?"),
}
Told = Sequence[Moment]
Bands = tuple[Band, ...]


def comparison_page(comparison: Comparison) -> str:
    """The page that tells what `compare` tells, and shows where the runs part."""
    before, now = moments(comparison.old), moments(comparison.new)
    kind, sign = _WORDS[comparison.change]
    if comparison.exit_status == 3:
        kind, sign = "nothing", "✗"
    main = [
        banner(kind, sign, headline(comparison), (("doubt", it) for it in remarks(comparison))),
        figures(_charts(comparison, before, now)),
        table("All that was compared", HEAD, _rows(comparison), _NOTE),
    ]
    end = max(end_of(before), end_of(now))
    title = f"load '{comparison.new.profile}': two runs compared"
    return framed(title, runs(comparison), main, list(_cursor(before, now)), end)


_NOTE = (
    "Chance is the probability that one and the same server differs as much (a permutation test "
    "over independent samples of each stage); what was not sampled over time is not tested."
)


def _rows(comparison: Comparison) -> Iterator[Row]:
    for it in comparison.measures:
        yield Row(tuple(cells(it)), is_bad=it.change is Change.WORSE)


# --- charts --------------------------------------------------------------------------------------


def _charts(comparison: Comparison, before: Told, now: Told) -> Iterator[Drawn]:
    old, new = comparison.old, comparison.new
    if before and now:
        across = clock(max(end_of(before), end_of(now)), moment)
        bands = bands_of(new, end_of(now))
        yield _rate(before, now, across, bands)
        if all(any(it.interval.latency.count for it in row) for row in (before, now)):
            yield _latency(before, now, across, bands)
    messages = [it.phases.get("message", Histogram()) for it in (old, new)]
    if all(message.count for message in messages):
        yield curves(
            "Messages: which share was faster",
            "The share of messages that were not slower than a value, in both runs.",
            [("l5 old", "old", messages[0]), ("l0", "new", messages[1])],
        )


def _rate(before: Told, now: Told, across: Axis, bands: Bands) -> Drawn:
    values = [values_of(row, lambda it: it.accepted) for row in (before, now)]
    up = linear(max(it.value or 0 for row in values for it in row), rate)
    drawn = steps(values[0], across, up, "l5 old") + steps(values[1], across, up, "l0")
    name = "Accepted messages a second of both runs over time."
    chart = Chart(name=name, across=across, up=up, drawn=drawn, high=170, bands=bands)
    return Drawn("Messages accepted a second", chart, (("l5 old", "old"), ("l0", "new")))


def _latency(before: Told, now: Told, across: Axis, bands: Bands) -> Drawn:
    lines = [
        (values_of(row, quantile(percent)), f"{colour} old" if row is before else colour)
        for row in (before, now)
        for percent, colour in ((50, "l0"), (99, "l2"))
    ]
    values = [it.value for line, _ in lines for it in line if it.value is not None]
    up = logarithmic(min(values), max(values), duration)
    drawn = "".join(steps(line, across, up, kind) for line, kind in lines)
    name = "Latency of accepted messages of both runs over time, on a logarithmic axis."
    chart = Chart(name=name, across=across, up=up, drawn=drawn, high=190, bands=bands)
    names = (("l0 old", "p50 old"), ("l0", "p50 new"), ("l2 old", "p99 old"), ("l2", "p99 new"))
    return Drawn("Latency of a message", chart, names)


# --- what the page's script tells of a moment ----------------------------------------------------


def _cursor(before: Told, now: Told) -> Iterator[tuple[float, str]]:
    for it in before if end_of(before) > end_of(now) else now:
        middle = it.begin + it.seconds / 2
        told = f"{moment(it.begin)}: old {_at(before, middle)}; new {_at(now, middle)}"
        yield middle, told


def _at(row: Told, seconds: float) -> str:
    met = next((it for it in row if it.begin <= seconds < it.end), None)
    if met is None:
        return "was over"
    told = met.interval.latency
    shown = f", p50 {duration(told.percentile(50))}, p99 {duration(told.percentile(99))}"
    failed = f", {many(met.failures, 'failure')}" if met.failures else ""
    return f"{rate(met.accepted)}{shown if told.count else ''}{failed}"
