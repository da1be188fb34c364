"""The page's tables: thresholds, limits, stages, phases, troubles, the mail, our own side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.histogram import Histogram
from harness.load_results import Accounting, LoadResult, UnderLoad, by_stage, saturation
from harness.load_results.quantities import duration, moment, rate, share
from harness.reports.load.findings import where
from harness.reports.load.limits import limits, meaning
from harness.reports.load.page.charts import phases
from harness.reports.load.stages import stage_rows
from harness.reports.load.terminal import mail_lines
from harness.reports.one_file import text

MANY_TROUBLES = 100  # rows; the rest is counted
_PERCENTILES = (50, 90, 95, 99, 99.9, 99.99)
_UNDER_LOAD = "Conformance under load"


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row; a bad one is to be seen, and says so in a cell as well."""

    cells: Sequence[str]
    is_bad: bool = False


def panels(result: LoadResult) -> Iterator[str]:
    """The sections below the charts, each one an element; those without content are left out."""
    sections: Sequence[Callable[[LoadResult], str]] = (
        _thresholds, _limits, _stages, _phases, _troubles, _mail, _under_load, _generators,
    )  # fmt: skip
    return filter(None, (section(result) for section in sections))


def table(title: str, head: Sequence[str], rows: Iterable[Row], note: str = "") -> str:
    """A section with a table; empty when there is no row."""
    body = "".join(map(_row, rows))
    if not body:
        return ""
    cells = "".join(f'<th scope="col">{text(name)}</th>' for name in head)
    told = f"<p>{text(note)}</p>" if note else ""
    return (
        f'<section><h2>{text(title)}</h2>{told}<div class="scroll" tabindex="0"><table>'
        f"<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div></section>\n"
    )


def _row(row: Row) -> str:
    first, *others = row.cells
    bad = ' class="bad"' if row.is_bad else ""
    cells = "".join(f"<td>{text(cell)}</td>" for cell in others)
    return f'<tr{bad}><th scope="row">{text(first)}</th>{cells}</tr>'


def _thresholds(result: LoadResult) -> str:
    rows = (
        Row((it.threshold, it.found, "kept" if it.met else "MISSED"), is_bad=not it.met)
        for it in result.thresholds
    )
    return table("Thresholds", ("promised", "found", ""), rows)


def _limits(result: LoadResult) -> str:
    rows = (
        Row((
            f"{it.stage} {it.what}", meaning(it), moment(it.first),
            where(result, it.first).strip().removeprefix("with "), f"{it.count:,}", it.example,
        ))
        for it in limits(result)
    )  # fmt: skip
    return table(
        "The server's own limits",
        ("it said", "which means", "first at", "with", "times", "in its words"),
        rows,
    )


def _stages(result: LoadResult) -> str:
    stages = by_stage(result)
    head, *rows = stage_rows(stages) or [()]
    held = (it.met.held for it in stages)
    return table(
        "Stages",
        head,
        (Row(row, is_bad=not is_held) for row, is_held in zip(rows, held, strict=False)),
    )


def _phases(result: LoadResult) -> str:
    head = ("phase", "count", "mean", *(f"p{it:g}" for it in _PERCENTILES), "max")
    rows = [Row((name, *_latencies(phase))) for name, phase in phases(result).items()]
    rows += [
        Row((f"{name}, failed", *_latencies(phase)))
        for name, phase in result.failed.items()
        if phase.count
    ]
    return table("Phases", head, rows, "Latencies of what went well, failures apart.")


def _latencies(phase: Histogram) -> Iterator[str]:
    yield f"{phase.count:,}"
    yield duration(phase.mean)
    yield from (duration(phase.percentile(percent)) for percent in _PERCENTILES)
    yield duration(phase.greatest)


def _troubles(result: LoadResult) -> str:
    rows = [
        Row((it.stage, it.what, f"{it.count:,}", moment(it.first), it.example))
        for it in result.troubles[:MANY_TROUBLES]
    ]
    more = len(result.troubles) - MANY_TROUBLES
    note = f"{more:,} more kinds are in the result file." if more > 0 else ""
    head = ("went wrong at", "what", "times", "first at", "in its words")
    return table("All that went wrong", head, rows, note)


def _mail(result: LoadResult) -> str:
    found = result.accounting
    if found is None:
        return ""
    lines = "".join(f"<p>{text(line)}</p>" for line in mail_lines(found))
    return f"<section><h2>Where the mail went</h2>{lines}{_named(found)}</section>\n"


def _named(found: Accounting) -> str:
    rows = (
        Row((it.kind, it.token, it.recipient, it.detail), is_bad=it.kind != "queued")
        for it in found.named
    )
    more = found.misfortunes - len(found.named)
    rest = f"<p>... and {more:,} more.</p>" if more > 0 else ""
    return table("", ("", "token", "recipient", ""), rows).replace("<h2></h2>", "") + rest


def _under_load(result: LoadResult) -> str:
    found = result.under_load
    if found is None:
        return ""
    met = f"{found.cases:,} cases that were met before the load"
    if found.broken is None:
        return _told_alone(f"{met}; no round was played under it.")
    note = f"{met}, {found.rounds:,} rounds."
    if not found.broken:
        return _told_alone(f"{note} None broke.")
    return table(
        _UNDER_LOAD,
        ("case", "requirement", "first at", "rate", "times", "verdict", ""),
        _breaks(found),
        note,
    )


def _told_alone(note: str) -> str:
    return f"<section><h2>{_UNDER_LOAD}</h2><p>{text(note)}</p></section>\n"


def _breaks(found: UnderLoad) -> Iterator[Row]:
    for it in found.breaks:
        yield Row(
            (it.case, it.requirement, moment(it.at), rate(it.rate), f"{it.times:,}", it.verdict,
             it.headline), is_bad=True,
        )  # fmt: skip


def _generators(result: LoadResult) -> str:
    head = (
        "process", "messages", "processor", "timers late p99", "timers late max",
        "own share of latency", "",
    )  # fmt: skip
    rows = (
        Row(
            (name, f"{it.accepted:,}", share(it.busy), duration(it.lag.percentile(99)),
             duration(it.lag.greatest), share(it.own_share), "LOST" if it.lost else ""),
            is_bad=it.lost,
        )
        for name, it in sorted(result.generators.items())
    )  # fmt: skip
    return table("Our own side", head, rows, _own_side(result))


def _own_side(result: LoadResult) -> str:
    found = saturation(result)
    if found is None:
        return "The generator was fast enough: what was measured is the target, and the way to it."
    return f"{found[0].upper()}{found[1:]}."
