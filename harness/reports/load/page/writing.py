"""The page of a load run: did it hold, and why; then charts, then tables.

The verdict and its reasons stand on the first screen, and each reason that has a moment has a
number, which stands in the charts at that moment: so one sees where it broke.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from harness.load_results import LoadResult, Moment, moments, stage_at
from harness.load_results.quantities import duration, listed, many, moment, rate, span
from harness.reports import one_file
from harness.reports.load.findings import Finding, findings
from harness.reports.load.page.charts import Drawn, charts, end_of
from harness.reports.load.page.panels import panels
from harness.reports.load.verdict import Word, verdict
from harness.reports.one_file import text
from harness.visible import harmless

_HERE = "harness.reports.load.page"
_SIGNS = {Word.HELD: "✓", Word.BROKE: "✗", Word.DOUBTFUL: "?", Word.STOPPED: "■", Word.NOTHING: "✗"}
_KINDS = 4  # of trouble that are named for a moment


def to_html(result: LoadResult) -> str:
    """The page of a run."""
    found = findings(result)
    drawn = list(charts(result, found))
    body = "".join([
        f"<header><h1>{text(_title(result))}</h1>\n<p>{text(_lead(result))}</p></header>\n<main>\n",
        _banner(result, found),
        _tiles(result),
        *map(figure, drawn),
        '<output id="readout" aria-live="polite" hidden></output>\n',
        *panels(result),
        "</main>\n",
        f'<script type="application/json" id="moments">{_moments(result)}</script>\n',
    ])  # fmt: skip
    style, script = (one_file.resource(_HERE, f"load.{kind}") for kind in ("css", "js"))
    return one_file.page(_title(result), style=style, script=script, body=body)


def figure(drawn: Drawn) -> str:
    """A chart with its heading and its legend."""
    legend = "".join(
        f'<li><svg width="26" height="10" aria-hidden="true">{_sample(kind)}</svg> '
        f"{text(name)}</li>"
        for kind, name in drawn.legend
    )
    return (
        f'<figure><figcaption><h2>{text(drawn.title)}</h2><ul class="legend">{legend}</ul>'
        f"</figcaption>{drawn.chart.markup()}</figure>\n"
    )


def _sample(kind: str) -> str:
    if kind.startswith("k"):
        return f'<rect class="area {kind}" width="26" height="10"/>'
    return f'<path class="line {kind}" d="M0 5H26"/>'


def _title(result: LoadResult) -> str:
    return f"load '{result.profile}' against {result.target}"


def _lead(result: LoadResult) -> str:
    greeting = f"It greeted us with: {result.greeting}. " if result.greeting else ""
    return (
        f"{greeting}{result.started[:16].replace('T', ' ')} UTC, seed {result.seed}, "
        f"smtp-harness {result.harness}."
    )


def _banner(result: LoadResult, found: Sequence[Finding]) -> str:
    how = verdict(result)
    reasons = "".join(f'<li class="{it.weight.value}">{text(it.text)}</li>' for it in found)
    why = f'<ol id="why">{reasons}</ol>' if reasons else ""
    sign = f'<span aria-hidden="true">{_SIGNS[how.word]}</span>'
    title = how.title[0].upper() + how.title[1:]
    return (
        f'<section id="verdict" class="{how.word.value}"><h2>{sign} {text(title)}</h2>'
        f"{why}</section>\n"
    )


def _tiles(result: LoadResult) -> str:
    tiles = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in _told(result)
    )
    return f'<dl class="tiles">{tiles}</dl>\n'


def _told(result: LoadResult) -> Iterator[tuple[str, str]]:
    found, message = result.messages, result.phases.get("message")
    yield "rate accepted", rate(result.rate)
    yield f"accepted of {found.begun:,}", f"{found.accepted:,}"
    if message and message.count:
        yield "half within", duration(message.percentile(50))
        yield "99 % within", duration(message.percentile(99))
        yield "slowest", duration(message.greatest)
    yield "failures", f"{result.failures:,}"
    if found.due:
        yield "began late, never", f"{found.late:,}, {found.unsent:,}"
    if result.accounting:
        yield "lost, twice, altered", _copies(result)
    yield "users, connections", f"{result.users:,}, {result.connections:,}"
    yield "time", span(result.seconds)


def _copies(result: LoadResult) -> str:
    found = result.accounting
    assert found is not None
    return f"{found.lost:,}, {found.duplicates:,}, {found.altered:,}"


# --- what the page's script tells of a moment ----------------------------------------------------


def _moments(result: LoadResult) -> str:
    told = moments(result)
    end = end_of(told)
    rows = [[round(100 * (it.begin + it.seconds / 2) / end, 2), _moment(result, it)] for it in told]
    return json.dumps(rows).replace("<", "\\u003c")  # no "</script>" of a server ends ours


def _moment(result: LoadResult, met: Moment) -> str:
    stage = stage_at(result, met.begin + met.seconds / 2)
    named = f" in '{stage.name}'" if stage and len(result.stages) > 1 else ""
    due = f" of {rate(met.due)} due" if met.interval.due else ""
    parts = [
        f"{moment(met.begin)}{named}: {many(met.users, 'user')}",
        f"{rate(met.accepted)}{due}",
        *_latency(met),
        *([f"{met.interval.late:,} late"] if met.interval.late else []),
        _failures(met),
    ]
    return harmless(", ".join(filter(None, parts)))  # set as text, never as markup


def _latency(met: Moment) -> list[str]:
    told = met.interval.latency
    if not told.count:
        return []
    p50, p99 = duration(told.percentile(50)), duration(told.percentile(99))
    return [f"p50 {p50}, p99 {p99}, max {duration(told.greatest)}"]


def _failures(met: Moment) -> str:
    found = met.interval.troubles
    most = sorted(found.items(), key=lambda it: -it[1])[:_KINDS]
    kinds = listed([f"{kind} x{count:,}" for kind, count in most], len(found))
    return f"{many(met.failures, 'failure')} ({kinds})" if kinds else ""
