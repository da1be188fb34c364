"""What a person must know about a load run first: what went wrong, where, and what to doubt.

Each finding is a sentence of its own, with the second of the run that it is about; every report
tells them in this order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median

from harness.load_results import (
    End,
    LoadResult,
    Moment,
    Staged,
    Trouble,
    around_the_break,
    at,
    by_stage,
    moments,
    saturation,
    stage_at,
)
from harness.load_results.quantities import duration, many, moment, rate, share
from harness.load_results.saturation import stalls
from harness.reports.load.limits import meaning
from harness.visible import one_line

FEW = 4  # of one kind that are told one by one: troubles, lost processes, cases that broke
_FAR_BEHIND = 0.7  # of what was due, begun: not yet late, but soon
_SLOWER = 4  # times what the median had been before
_FEWEST = 3  # intervals, before and after
_SLOW = 20  # times the median of the run, and
_SLOW_AT_LEAST = 500_000  # us: so slow is a stall, and not noise


class Weight(StrEnum):
    """How a finding weighs."""

    BROKE = "broke"  # the target, or a promise about it
    DOUBT = "doubt"  # the figures may not be the target's
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to know."""

    weight: Weight
    text: str
    at: float | None = None  # seconds of the run


def findings(result: LoadResult) -> tuple[Finding, ...]:
    """All that went wrong with a run, what weighs most first."""
    return tuple(replace(it, text=one_line(it.text)) for it in _findings(result))


def _findings(result: LoadResult) -> Iterator[Finding]:
    yield from _end(result)
    yield from _generators(result)
    yield from _breaking_point(result)
    yield from _mail(result)
    yield from _behind(result)
    yield from _troubles(result)
    yield from list(_slower(result)) or _slowest(result)
    yield from _breaks(result)


def _weight(result: LoadResult) -> Weight:
    """What the thresholds allow is worth knowing, and no more, unless it was looked for."""
    is_looked_for = result.end is End.ABORTED
    return Weight.BROKE if result.exit_status or is_looked_for else Weight.NOTE


def where(result: LoadResult, seconds: float) -> str:
    """What was going on then, as words that continue a sentence; empty if nothing is known."""
    found = at(result, seconds)
    if found is None:
        return ""
    stage = stage_at(result, seconds)
    named = f" in stage '{stage.name}'" if stage and len(result.stages) > 1 else ""
    due = f" of {rate(found.due)} due" if found.interval.due else ""
    return f"{named} with {many(found.users, 'user')}, {rate(found.accepted)} accepted{due}"


def _end(result: LoadResult) -> Iterator[Finding]:
    if result.exit_status == 3:
        words = "nothing was measured: no sender came as far as a message"
        yield Finding(weight=Weight.BROKE, text=words)
    if result.end is End.RUNNING:
        yield Finding(
            weight=Weight.DOUBT,
            text="the generator broke off: what is told was measured until then",
            at=result.seconds,
        )
    if result.end is End.INTERRUPTED:
        yield Finding(
            weight=Weight.DOUBT,
            text="the run was interrupted: what is told was measured until then",
            at=result.seconds,
        )


def _breaking_point(result: LoadResult) -> Iterator[Finding]:
    """The stage that did not hold, beside the last one that did."""
    stages = by_stage(result)
    held, broken = around_the_break(stages)
    if broken and len(stages) > 1:
        before = f"; '{held.stage.name}' held{_stage(held)}" if held else ""
        yield Finding(
            weight=_weight(result),
            text=f"stage '{broken.stage.name}' did not hold{_stage(broken)}{before}",
            at=_first_break(result, broken),
        )
    if result.end is End.ABORTED:
        yield _stopped(result)


def _stopped(result: LoadResult) -> Finding:
    met = ", ".join(f"{it.threshold} (found {it.found})" for it in result.stopped)
    why = met or "a limit was met"
    return Finding(
        weight=Weight.NOTE,
        text=f"stopped at {moment(result.seconds)}, as it was told to: {why}",
        at=result.seconds,
    )


def _stage(it: Staged) -> str:
    """What a stage came to, as words in brackets."""
    met = it.met
    due = f" of {rate(met.due)}" if met.interval.due else ""
    p99 = met.interval.latency.percentile(99)
    failed = f", {many(met.failures, 'failure')}" if met.failures else ""
    slow = f", p99 {duration(p99)}" if p99 else ""
    return f" ({many(met.users, 'user')}, {rate(met.accepted)}{due} accepted{slow}{failed})"


def _first_break(result: LoadResult, staged: Staged) -> float:
    """The second in a stage when something first went wrong."""
    inside = [it for it in moments(result) if staged.met.begin <= it.begin < staged.met.end]
    return next((it.begin for it in inside if not it.held), staged.met.begin)


def _mail(result: LoadResult) -> Iterator[Finding]:
    found = result.accounting
    if found is None:
        return
    for count, what in (
        (found.lost, "lost: accepted and nowhere to be found"),
        (found.duplicates, "twice there: more arrived than were accepted"),
        (found.altered, "altered: what arrived is not what was sent"),
    ):
        if count:
            copies = "copy" if count == 1 else "copies"
            text = f"{count:,} {copies} of {found.accepted:,} {what}"
            yield Finding(weight=_weight(result), text=text)
    if found.unknown:
        copies = "copy" if found.unknown == 1 else "copies"
        text = f"{found.unknown:,} {copies} arrived that had not been accepted"
        yield Finding(weight=Weight.NOTE, text=text)


def _behind(result: LoadResult) -> Iterator[Finding]:
    messages = result.messages
    if not messages.due or not (messages.late or messages.unsent):
        return
    first = next((it for it in moments(result) if _is_behind(it)), None)
    since = f" since {moment(first.begin)}{where(result, first.begin)}" if first else ""
    late, unsent = (share(count / messages.due) for count in (messages.late, messages.unsent))
    words = [f"{late} began late"] if messages.late else []
    words += [f"{unsent} never began"] if messages.unsent else []
    yield Finding(
        weight=_weight(result),
        text=f"of the messages that were due {' and '.join(words)}{since}",
        at=first.begin if first else None,
    )


def _is_behind(met: Moment) -> bool:
    return met.interval.late > 0 or met.interval.begun < _FAR_BEHIND * met.interval.due


def _troubles(result: LoadResult) -> Iterator[Finding]:
    """The first of each kind: who says no first is where a server's limit is."""
    early = sorted(result.troubles, key=lambda trouble: trouble.first)
    for trouble in early[:FEW]:
        text = _first_of(result, trouble)
        yield Finding(weight=_weight(result), text=text, at=trouble.first)
    rest = early[FEW:]
    if rest:
        count = many(sum(trouble.count for trouble in rest), "time")
        text = f"{many(len(rest), 'more kind')} of failure, {count}"
        yield Finding(weight=_weight(result), text=text)


def _first_of(result: LoadResult, trouble: Trouble) -> str:
    words = meaning(trouble)
    kind = f"{trouble.stage} {trouble.what}{f' ({words})' if words else ''}"
    times = many(trouble.count, "time")
    if not result.series.intervals:
        return f"{kind}: {times}"
    return f"{kind}: first at {moment(trouble.first)}{where(result, trouble.first)}; {times} in all"


def _slower(result: LoadResult) -> Iterator[Finding]:
    """The moment from which on, to the end, messages took several times what they had."""
    told = [it for it in moments(result) if it.interval.latency.count]
    medians = [it.interval.latency.percentile(50) for it in told]
    for number in range(_FEWEST, len(told) - _FEWEST):
        before = median(medians[:number])
        if min(medians[number:]) >= _SLOWER * before:
            now = median(medians[number:])
            yield Finding(
                weight=_weight(result),
                text=f"slower from {moment(told[number].begin)} on: the median went from "
                f"{duration(before)} to {duration(now)}",
                at=told[number].begin,
            )
            return


def _slowest(result: LoadResult) -> Iterator[Finding]:
    """A stall is to be seen where the slowest message is far from the middle of all."""
    message = result.phases.get("message")
    if message is None or not result.series.intervals:
        return
    median, slowest = message.percentile(50), message.greatest
    if slowest < max(_SLOW_AT_LEAST, _SLOW * median):
        return
    told = moments(result)
    worst = max(told, key=lambda met: met.interval.latency.greatest)
    yield Finding(
        weight=Weight.NOTE,
        text=f"the slowest message took {duration(slowest)}, {slowest // max(median, 1):,} times "
        f"the median; it ended at {moment(worst.begin)}{where(result, worst.begin)}",
        at=worst.begin,
    )


def _breaks(result: LoadResult) -> Iterator[Finding]:
    if result.under_load and result.under_load.broken is None:
        yield Finding(
            weight=Weight.DOUBT,
            text="the load was too short for one round of the suites: what breaks under it, nobody "
            "knows",
        )
    found = result.under_load.breaks if result.under_load else ()
    for each in found[:FEW]:
        named = f" ({each.requirement})" if each.requirement else ""
        yield Finding(
            weight=_weight(result),
            text=f"{each.case}{named} breaks under load: first at {moment(each.at)} "
            f"and {rate(each.rate)}: {each.headline}",
            at=each.at,
        )
    if len(found) > FEW:
        text = f"{many(len(found) - FEW, 'more case')} of the suites broke under load"
        yield Finding(weight=_weight(result), text=text)


def _generators(result: LoadResult) -> Iterator[Finding]:
    lost = [name for name, generator in result.generators.items() if generator.lost]
    for name in lost[:FEW]:
        heard = _last_heard(result, name)
        yield Finding(
            weight=Weight.DOUBT,
            text=f"{name}, a process of ours, was lost after {moment(heard)}",
            at=heard,
        )
    if len(lost) > FEW:
        besides = f"processes of ours that were lost besides: {len(lost) - FEW:,}"
        yield Finding(weight=Weight.DOUBT, text=besides)
    text = saturation(result)
    if text:
        stopped = [second for _, second, _ in stalls(result) if second is not None]
        yield Finding(weight=Weight.DOUBT, text=text, at=min(stopped, default=None))


def _last_heard(result: LoadResult, name: str) -> float:
    heard = [it for it in moments(result) if name in it.interval.users]
    return heard[-1].end if heard else 0.0
