"""The page of a load run: did it hold, and why; then charts, then tables.

The verdict and its reasons stand on the first screen, and each reason that has a moment has a
number, which stands in the charts at that moment: so one sees where it broke.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.load_results import LoadResult, Moment, moments, stage_at
from harness.load_results.quantities import duration, listed, many, moment, rate, span
from harness.reports.load.findings import findings
from harness.reports.load.page.charts import charts, end_of
from harness.reports.load.page.frame import banner, figures, framed
from harness.reports.load.page.panels import panels
from harness.reports.load.verdict import Word, verdict
from harness.reports.one_file import text

_SIGNS = {Word.HELD: "✓", Word.BROKE: "✗", Word.DOUBTFUL: "?", Word.STOPPED: "■", Word.NOTHING: "✗"}
_KINDS = 4  # of trouble that are named for a moment


def to_html(result: LoadResult) -> str:
    """The page of a run."""
    found = findings(result)
    told = moments(result)
    how = verdict(result)
    main = [
        banner(how.word.value, _SIGNS[how.word], how.title, ((it.weight, it.text) for it in found)),
        _tiles(result),
        figures(charts(result, found)),
        *panels(result),
    ]
    cursor = [(it.begin + it.seconds / 2, _moment(result, it)) for it in told]
    return framed(_title(result), [_lead(result)], main, cursor, end_of(told))


def _title(result: LoadResult) -> str:
    return f"load '{result.profile}' against {result.target}"


def _lead(result: LoadResult) -> str:
    greeting = f"It greeted us with: {result.greeting}. " if result.greeting else ""
    return (
        f"{greeting}{result.started[:16].replace('T', ' ')} UTC, seed {result.seed}, "
        f"smtp-harness {result.harness}."
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
    return ", ".join(filter(None, parts))


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
