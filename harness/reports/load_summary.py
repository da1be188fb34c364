"""A load run in a screenful: how much, how quickly, what went wrong, which promises were kept.

A function of the result alone, so that a result file can be told again later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.load_results import End, LoadResult
from harness.visible import harmless

MANY_TROUBLES = 12  # kinds that are shown; the rest are in the result file
_PERCENTILES = (50, 90, 99, 99.9)
_HEAD = ("phase", "count", "p50", "p90", "p99", "p99.9", "max")


def summary(result: LoadResult) -> list[str]:
    """The lines that end a load run."""
    return [
        *_what_ran(result),
        "",
        *_totals(result),
        "",
        *_latencies(result),
        *_troubles(result),
        *_promises(result),
    ]


def progress(result: LoadResult, seconds: float) -> str:
    """One line for a terminal while the run goes on."""
    message = result.phases.get("message")
    told = f"p99 {duration(message.percentile(99))}" if message else "no message yet"
    accepted = f"{result.messages.accepted:,} accepted"
    return (
        f"{seconds:.0f} s: {accepted}, {result.rate:,.0f}/s, {told}, {result.failures:,} failures"
    )


def duration(microseconds: float) -> str:
    """A latency with three significant digits or so, in the unit that suits it."""
    if microseconds < 1_000:
        return f"{microseconds:.0f} us"
    if microseconds < 1_000_000:
        return f"{microseconds / 1_000:.3g} ms" if microseconds < 999_500 else "1 s"
    return f"{microseconds / 1_000_000:.3g} s"


def _what_ran(result: LoadResult) -> list[str]:
    lines = [
        f"load '{result.profile}' against {harmless(result.target)}: "
        f"{_many(result.users, 'user')}, seed {result.seed}"
    ]
    if result.greeting:
        lines.append(f"it greeted us with: {harmless(result.greeting)}")
    if result.end is not End.COMPLETE:
        how = "was interrupted" if result.end is End.INTERRUPTED else "broke off"
        lines.append(f"the run {how}: what follows was measured until then")
    return lines


def _totals(result: LoadResult) -> list[str]:
    found = result.messages
    megabytes = result.octets / result.seconds / 1e6 if result.seconds else 0.0
    return [
        f"{found.accepted:,} of {_many(found.begun, 'message')} accepted "
        f"in {result.seconds:.1f} s, "
        f"{found.refused:,} refused, {found.unanswered:,} unanswered",
        f"rate {result.rate:,.1f} messages/s, {megabytes:,.2f} MB/s "
        f"over {_many(result.connections, 'connection')}",
    ]


def _latencies(result: LoadResult) -> list[str]:
    rows: list[Sequence[str]] = [_HEAD]
    for name, phase in result.phases.items():
        quantiles = [phase.percentile(percent) for percent in _PERCENTILES]
        shown = [duration(value) for value in (*quantiles, phase.greatest)]
        rows.append((name, f"{phase.count:,}", *shown))
    return [*_table(rows), ""] if len(rows) > 1 else []


def _troubles(result: LoadResult) -> list[str]:
    if not result.troubles:
        return []
    rows: list[Sequence[str]] = [("went wrong at", "what", "count")]
    shown = result.troubles[:MANY_TROUBLES]
    rows += [(trouble.stage, trouble.what, f"{trouble.count:,}") for trouble in shown]
    examples = ["", *(harmless(trouble.example) for trouble in shown)]
    lines = [
        f"{row}   {example}".rstrip() for row, example in zip(_table(rows), examples, strict=True)
    ]
    more = len(result.troubles) - len(shown)
    return [*lines, *([f"... and {_many(more, 'more kind')}"] if more else []), ""]


def _promises(result: LoadResult) -> list[str]:
    lines = [
        f"{'kept  ' if judged.met else 'MISSED'} {judged.threshold} (found {judged.found})"
        for judged in result.thresholds
    ]
    kept = sum(judged.met for judged in result.thresholds)
    return [*lines, f"{kept} of {_many(len(lines), 'threshold')} kept"] if lines else []


def _table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns side by side: the first to the left, the others, which are numbers, to the right."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
