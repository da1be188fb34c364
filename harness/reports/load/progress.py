"""The line that a terminal shows while a load run goes on: what happens now, not on the average."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from harness.load_results import LoadResult, Moment, moments, planned, stage_at, total
from harness.load_results.quantities import duration, listed, many, moment, rate
from harness.visible import one_line

T = TypeVar("T")

_RECENT = 3  # intervals that "now" is: one alone jumps too much to be read
_KINDS = 3  # of trouble that are named


def progress(result: LoadResult, *, ends: float | None = None, wanted: int | None = None) -> str:
    """One line for a terminal while the run goes on.

    It ends after so many seconds, or when so many messages have been sent, if anybody knows that.
    """
    told = moments(result)
    if not told:
        return "it has not begun yet"  # it is being started, or a master waits for its workers
    parts = [
        f"{moment(told[-1].end)}{_of(ends, moment)}{_stage(result, told[-1].end)}",
        *_now(result, told[-_RECENT:]),
        f"{result.messages.accepted:,}{_of(wanted, '{:,}'.format)} accepted",
        *_late(result),
        _failures(result),
    ]
    return one_line(", ".join(parts))


def _of(whole: T | None, show: Callable[[T], str]) -> str:
    return "" if whole is None else f" of {show(whole)}"


def _stage(result: LoadResult, seconds: float) -> str:
    stage = stage_at(result, seconds)
    return f" ({stage.name})" if stage and len(result.stages) > 1 else ""


def _now(result: LoadResult, recent: tuple[Moment, ...]) -> list[str]:
    now = total(recent)
    latency = now.interval.latency
    # What came due in a second is counted a second later: the plan knows it by now.
    wanted = planned(result, now.end) - planned(result, now.begin)
    due = f" of {rate(wanted / now.seconds)} due" if wanted else ""
    shown = [many(now.users, "user"), f"{rate(now.accepted)}{due}"]
    if latency.count:
        p50, p99 = latency.percentile(50), latency.percentile(99)
        shown.append(f"p50 {duration(p50)}, p99 {duration(p99)}")
    return shown


def _late(result: LoadResult) -> list[str]:
    late = result.messages.late
    return [f"{late:,} late"] if late else []


def _failures(result: LoadResult) -> str:
    if not result.failures:
        return "no failures"
    worst = sorted(result.troubles, key=lambda trouble: -trouble.count)[:_KINDS]
    kinds = [f"{it.stage} {it.what} x{it.count:,}" for it in worst]
    return f"{many(result.failures, 'failure')} ({listed(kinds, len(result.troubles))})"
