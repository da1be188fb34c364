"""The page of two load runs, one drawn over the other: the old one dashed, the new one solid."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from harness.histogram import Histogram
from harness.load_results import LoadResult, Moment, moments
from harness.load_results.comparison import Change, Comparison
from harness.load_results.quantities import duration, many, moment, rate
from harness.reports import one_file
from harness.reports.load.comparing import HEAD, cells, headline, remarks, runs
from harness.reports.load.page.charts import Drawn, bands_of, end_of, points
from harness.reports.load.page.panels import Row, table
from harness.reports.load.page.plot import (
    Axis,
    Chart,
    Step,
    clock,
    curve,
    linear,
    logarithmic,
    steps,
    tail,
)
from harness.reports.load.page.writing import figure
from harness.reports.one_file import text
from harness.visible import harmless

_HERE = "harness.reports.load.page"
_WORDS = {
    Change.WORSE: ("broke", "✗"),
    Change.BETTER: ("held", "✓"),
    Change.SAME: ("held", "="),
    Change.UNSURE: ("doubtful", "?"),
}
Told = Sequence[Moment]
Value = Callable[[Moment], float | None]


def comparison_page(comparison: Comparison) -> str:
    """The page that tells what `compare` tells, and shows where the runs part."""
    title = f"load '{comparison.new.profile}': two runs compared"
    body = "".join([
        f"<header><h1>{text(title)}</h1>\n",
        *(f"<p>{text(line)}</p>\n" for line in runs(comparison)),
        "</header>\n<main>\n",
        _banner(comparison),
        *map(figure, _charts(comparison.old, comparison.new)),
        '<output id="readout" aria-live="polite" hidden></output>\n',
        table("All that was compared", HEAD, _rows(comparison), _NOTE),
        "</main>\n",
        f'<script type="application/json" id="moments">{_moments(comparison)}</script>\n',
    ])  # fmt: skip
    style, script = (one_file.resource(_HERE, f"load.{kind}") for kind in ("css", "js"))
    return one_file.page(title, style=style, script=script, body=body)


_NOTE = (
    "Chance is the probability that one and the same server differs as much (a permutation test "
    "over independent samples of each stage); what was not sampled over time is not tested."
)


def _banner(comparison: Comparison) -> str:
    kind, sign = _WORDS[comparison.change]
    if comparison.exit_status == 3:
        kind, sign = "nothing", "✗"
    why = "".join(f'<li class="doubt">{text(it)}</li>' for it in remarks(comparison))
    reasons = f'<ol id="why">{why}</ol>' if why else ""
    told = headline(comparison)
    return (
        f'<section id="verdict" class="{kind}"><h2><span aria-hidden="true">{sign}</span> '
        f"{text(told[0].upper() + told[1:])}</h2>{reasons}</section>\n"
    )


def _rows(comparison: Comparison) -> Iterator[Row]:
    for it in comparison.measures:
        yield Row(tuple(cells(it)), is_bad=it.change is Change.WORSE)


# --- charts --------------------------------------------------------------------------------------


def _charts(old: LoadResult, new: LoadResult) -> Iterator[Drawn]:
    before, now = moments(old), moments(new)
    if before and now:
        across = clock(max(end_of(before), end_of(now)), moment)
        yield _rate(new, before, now, across)
        if all(any(it.interval.latency.count for it in row) for row in (before, now)):
            yield _latency(new, before, now, across)
    messages = [it.phases.get("message", Histogram()) for it in (old, new)]
    if all(message.count for message in messages):
        yield _distribution(*messages)


def _rate(result: LoadResult, before: Told, now: Told, across: Axis) -> Drawn:
    values = [_steps(row, lambda it: it.accepted) for row in (before, now)]
    up = linear(max(it.value or 0 for row in values for it in row), rate)
    drawn = steps(values[0], across, up, "l5 old") + steps(values[1], across, up, "l0")
    chart = Chart(
        name="Accepted messages a second of both runs over time.", across=across, up=up,
        drawn=drawn, high=170, bands=bands_of(result, end_of(now)),
    )  # fmt: skip
    return Drawn("Messages accepted a second", chart, (("l5 old", "old"), ("l0", "new")))


def _latency(result: LoadResult, before: Told, now: Told, across: Axis) -> Drawn:
    lines = [
        (_steps(row, _percentile(percent)), f"{colour} old" if row is before else colour)
        for row in (before, now)
        for percent, colour in ((50, "l0"), (99, "l2"))
    ]
    values = [it.value for line, _ in lines for it in line if it.value is not None]
    up = logarithmic(min(values), max(values), duration)
    chart = Chart(
        name="Latency of accepted messages of both runs over time, on a logarithmic axis.",
        across=across, up=up, drawn="".join(steps(line, across, up, kind) for line, kind in lines),
        high=190, bands=bands_of(result, end_of(now)),
    )  # fmt: skip
    names = (("l0 old", "p50 old"), ("l0", "p50 new"), ("l2 old", "p99 old"), ("l2", "p99 new"))
    return Drawn("Latency of a message", chart, names)


def _distribution(old: Histogram, new: Histogram) -> Drawn:
    across = tail(max(old.count, new.count))
    up = logarithmic(min(old.least, new.least), max(old.greatest, new.greatest), duration)
    drawn = curve(points(old), across, up, "l5 old") + curve(points(new), across, up, "l0")
    name = "The share of messages that were not slower than a value, in both runs."
    chart = Chart(name=name, across=across, up=up, drawn=drawn, high=230, is_timed=False)
    return Drawn("Messages: which share was faster", chart, (("l5 old", "old"), ("l0", "new")))


def _steps(row: Told, value: Value) -> list[Step]:
    return [Step(it.begin, it.end, value(it)) for it in row]


def _percentile(percent: float) -> Value:
    def value(it: Moment) -> float | None:
        return it.interval.latency.percentile(percent) if it.interval.latency.count else None

    return value


# --- what the page's script tells of a moment ----------------------------------------------------


def _moments(comparison: Comparison) -> str:
    before, now = moments(comparison.old), moments(comparison.new)
    end = max(end_of(before), end_of(now))
    longer = before if end_of(before) > end_of(now) else now
    rows = []
    for it in longer:
        middle = it.begin + it.seconds / 2
        told = f"{moment(it.begin)}: old {_at(before, middle)}; new {_at(now, middle)}"
        rows.append([round(100 * middle / end, 2), harmless(told)])
    return json.dumps(rows).replace("<", "\\u003c")


def _at(row: Told, seconds: float) -> str:
    met = next((it for it in row if it.begin <= seconds < it.end), None)
    if met is None:
        return "was over"
    told = met.interval.latency
    shown = f", p50 {duration(told.percentile(50))}, p99 {duration(told.percentile(99))}"
    failed = f", {many(met.failures, 'failure')}" if met.failures else ""
    return f"{rate(met.accepted)}{shown if told.count else ''}{failed}"
