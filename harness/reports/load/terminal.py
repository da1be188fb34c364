"""A load run in a screenful: how it ended, how much, how quickly, what went wrong, which promises
were kept.

A function of the result alone, so that a result file can be told again later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.load_results import Accounting, LoadResult, Staged, UnderLoad, by_stage
from harness.load_results.quantities import duration, many, moment, share
from harness.reports.load.findings import Finding, Weight, findings
from harness.reports.load.stages import stage_rows
from harness.reports.load.verdict import verdict
from harness.visible import one_line

MANY_TROUBLES = 12  # kinds that are shown; the rest are in the result file
MANY_NAMED = 5  # of each kind of copies that did not arrive as they should have
PERCENTILES = (50, 90, 99, 99.9)
_HEAD = ("phase", "count", "p50", "p90", "p99", "p99.9", "max")
_MARKS = {Weight.BROKE: "!", Weight.DOUBT: "?", Weight.NOTE: "-"}


def summary(result: LoadResult) -> list[str]:
    """The lines that end a load run; whatever a peer said in them moves no terminal."""
    sections = (
        _what_ran(result),
        _totals(result),
        _stages(by_stage(result)),
        _latencies(result),
        _troubles(result),
        _mail(result.accounting),
        _suites(result.under_load),
        _generators(result),
        _promises(result),
        _ended(result),
    )
    lines = [line for section in sections if section for line in (*section, "")]
    return [*map(one_line, lines[:-1])]


def _what_ran(result: LoadResult) -> list[str]:
    lines = [
        f"load '{result.profile}' against {result.target}: "
        f"{many(result.users, 'user')}, seed {result.seed}"
    ]
    if result.greeting:
        lines.append(f"it greeted us with: {result.greeting}")
    return lines


def _totals(result: LoadResult) -> list[str]:
    found = result.messages
    megabytes = result.octets / result.seconds / 1e6 if result.seconds else 0.0
    lines = [
        f"{found.accepted:,} of {many(found.begun, 'message')} accepted "
        f"in {result.seconds:.1f} s, "
        f"{found.refused:,} refused, {found.unanswered:,} unanswered",
        f"rate {result.rate:,.1f} messages/s, {megabytes:,.2f} MB/s "
        f"over {many(result.connections, 'connection')}{_resumed(result)}",
    ]
    if found.due:
        lines.append(f"{found.due:,} were due: {found.late:,} began late, {found.unsent:,} never")
    return lines


def _resumed(result: LoadResult) -> str:
    return f", {result.resumed:,} of them resumed" if result.resumed else ""


def _stages(stages: Sequence[Staged]) -> list[str]:
    rows = stage_rows(stages)
    return side_by_side(rows) if rows else []


def _latencies(result: LoadResult) -> list[str]:
    rows: list[Sequence[str]] = [_HEAD]
    for name, phase in result.phases.items():
        quantiles = [phase.percentile(percent) for percent in PERCENTILES]
        shown = [duration(value) for value in (*quantiles, phase.greatest)]
        rows.append((name, f"{phase.count:,}", *shown))
    return side_by_side(rows) if len(rows) > 1 else []


def _troubles(result: LoadResult) -> list[str]:
    if not result.troubles:
        return []
    rows: list[Sequence[str]] = [("went wrong at", "what", "count", "first")]
    shown = result.troubles[:MANY_TROUBLES]
    rows += [
        (trouble.stage, trouble.what, f"{trouble.count:,}", moment(trouble.first))
        for trouble in shown
    ]
    examples = ["", *(trouble.example for trouble in shown)]
    lines = [
        f"{row}   {example}".rstrip()
        for row, example in zip(side_by_side(rows), examples, strict=True)
    ]
    more = len(result.troubles) - len(shown)
    return [*lines, *([f"... and {many(more, 'more kind')}"] if more else [])]


def _mail(found: Accounting | None) -> list[str]:
    if found is None:
        return []
    return [*mail_lines(found), *_named(found)]


def mail_lines(found: Accounting) -> Iterator[str]:
    """Where the accepted copies are, as sentences."""
    yield (
        f"{found.accepted:,} copies accepted = {found.delivered:,} delivered + "
        f"{found.bounced:,} bounced + {found.queued:,} still queued + {found.lost:,} lost"
    )
    yield (
        f"{found.duplicates:,} arrived twice, {found.altered:,} altered, {found.unknown:,} that "
        f"nobody had accepted, {found.foreign:,} of other mail (looked at: {found.where})"
    )
    if found.unanswered or found.unsure:
        yield (
            f"{found.unanswered:,} more may have been accepted, for nobody answered their final "
            f"dot: {found.unsure:,} of them arrived"
        )
    if found.latency.count:
        shown = (f"p{each} {duration(found.latency.percentile(each))}" for each in PERCENTILES)
        yield (
            f"from the final dot to arrival: {', '.join(shown)}, "
            f"max {duration(found.latency.greatest)}"
        )


def _named(found: Accounting) -> list[str]:
    kinds = dict.fromkeys(each.kind for each in found.named)
    shown = [
        each
        for kind in kinds
        for each in [it for it in found.named if it.kind == kind][:MANY_NAMED]
    ]
    lines = [f"  {it.kind} {it.token} to {it.recipient} {it.detail}".rstrip() for it in shown]
    more = found.misfortunes - len(shown)
    return [*lines, *([f"  ... and {more:,} more"] if more > 0 else [])]


def _suites(found: UnderLoad | None) -> list[str]:
    """How much was played under load; what broke stands among the findings."""
    if found is None:
        return []
    met = f"suites under load: {many(found.cases, 'case')} met before it"
    if found.broken is None:
        return [f"{met}, no round was played"]
    broke = f"{found.broken:,} of them broke" if found.broken else "none broke"
    return [f"{met}, {many(found.rounds, 'round')}, {broke}"]


def _generators(result: LoadResult) -> list[str]:
    return [
        f"our {name}: {share(each.busy)} of a processor, timers late by "
        f"{duration(each.lag.percentile(99))} (p99) and {duration(each.lag.greatest)} (max), "
        f"{share(each.own_share)} of the latency its own{', LOST' if each.lost else ''}"
        for name, each in sorted(result.generators.items())
    ]


def _promises(result: LoadResult) -> list[str]:
    lines = [
        f"{'kept  ' if judged.met else 'MISSED'} {judged.threshold} (found {judged.found})"
        for judged in result.thresholds
    ]
    kept = sum(judged.met for judged in result.thresholds)
    return [*lines, f"{kept} of {many(len(lines), 'threshold')} kept"] if lines else []


def _ended(result: LoadResult) -> list[str]:
    """The verdict stands last: there the eye is when a command has ended."""
    return [verdict(result).title, *map(_finding, findings(result))]


def _finding(finding: Finding) -> str:
    return f"  {_MARKS[finding.weight]} {finding.text}"


def side_by_side(rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns side by side: the first to the left, the others, which are numbers, to the right."""
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
