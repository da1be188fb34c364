"""A load run as Markdown: for a pull request's comment, or a step's summary on GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.load_results import LoadResult, by_stage
from harness.load_results.quantities import duration, many, moment, rate, span
from harness.reports.load.findings import findings
from harness.reports.load.stages import stage_rows
from harness.reports.load.terminal import MANY_TROUBLES, PERCENTILES, mail_lines
from harness.reports.load.verdict import verdict
from harness.reports.markdown import inline


def to_markdown(result: LoadResult) -> str:
    """The run as GitHub's Markdown."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: LoadResult) -> Iterator[str]:
    yield f"## smtp-harness load {inline(result.profile)}: {inline(verdict(result).title)}"
    yield ""
    yield from (f"- {inline(finding.text)}" for finding in findings(result))
    yield ""
    yield _totals(result)
    for section in (_thresholds, _stages, _latencies, _troubles, _mail):
        lines = list(section(result))
        if lines:
            yield from ("", *lines)


def _totals(result: LoadResult) -> str:
    found = result.messages
    due = f", {found.late:,} late and {found.unsent:,} unsent of {found.due:,}" if found.due else ""
    return inline(
        f"{found.accepted:,} of {many(found.begun, 'message')} accepted by {result.target} in "
        f"{span(result.seconds)}, {rate(result.rate)}; {found.refused:,} refused, "
        f"{found.unanswered:,} unanswered{due}"
    )


def _thresholds(result: LoadResult) -> Iterator[str]:
    if result.thresholds:
        yield from _head("threshold", "found", "")
    for judged in result.thresholds:
        yield _row([judged.threshold, judged.found, "kept" if judged.met else "**MISSED**"], bold=2)


def _stages(result: LoadResult) -> Iterator[str]:
    rows = stage_rows(by_stage(result))
    if rows:
        yield from _head(*rows[0])
        yield from map(_row, rows[1:])


def _latencies(result: LoadResult) -> Iterator[str]:
    if result.phases:
        yield from _head("phase", "count", *(f"p{each}" for each in PERCENTILES), "max")
    for name, phase in result.phases.items():
        shown = [duration(phase.percentile(percent)) for percent in PERCENTILES]
        yield _row([name, f"{phase.count:,}", *shown, duration(phase.greatest)])


def _troubles(result: LoadResult) -> Iterator[str]:
    if result.troubles:
        yield from _head("went wrong at", "what", "count", "first", "example")
    for it in result.troubles[:MANY_TROUBLES]:
        yield _row([it.stage, it.what, f"{it.count:,}", moment(it.first), it.example])
    more = len(result.troubles) - MANY_TROUBLES
    if more > 0:
        yield _row([f"and {many(more, 'more kind')}", "", "", "", ""])


def _mail(result: LoadResult) -> Iterable[str]:
    return map(inline, mail_lines(result.accounting)) if result.accounting else ()


def _head(*names: str) -> tuple[str, str]:
    return _row(names), f"| --- |{' --: |' * (len(names) - 1)}"


def _row(cells: Sequence[str], bold: int = -1) -> str:
    """A row; the cell at `bold` is ours and already Markdown."""
    shown = (cell if at == bold else inline(cell) for at, cell in enumerate(cells))
    return f"| {' | '.join(shown)} |"
