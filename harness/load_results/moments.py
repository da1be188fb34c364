"""What was going on at a moment of a run, and in each stage of its plan.

An interval belongs to the stage in which its middle lies: where a stage ends within an interval,
nobody can say which of the two a message of that interval met.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from harness.load_results.series import Interval
from harness.load_results.values import LATE, LoadResult, Stage

_PARTLY = 0.1  # an interval that the run covered to a smaller part says nothing of a rate
_KEPT_UP = 0.98  # of what was due, begun and accepted: less is behind the rate
_MANY_LATE = 0.01  # of what was due
_GAVE_IN = 0.001  # troubles to a message that was begun: more is a stage that broke


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An interval of a run with the time that it covers."""

    begin: float  # seconds of the run
    seconds: float  # how much of it the run covered
    interval: Interval
    before: int = 0  # users, when somebody was watched last

    @property
    def end(self) -> float:
        """Seconds of the run at its end."""
        return self.begin + self.seconds

    @property
    def users(self) -> int:
        """How many senders there were in all processes; as before, where nobody was watched."""
        return sum(self.interval.users.values()) if self.interval.users else self.before

    @property
    def accepted(self) -> float:
        """Messages a second."""
        return self.interval.accepted / self.seconds

    @property
    def due(self) -> float:
        """Messages a second that should have begun."""
        return self.interval.due / self.seconds

    @property
    def failures(self) -> int:
        """How much went wrong."""
        return sum(self.interval.troubles.values())

    @property
    def held(self) -> bool:
        """Whether the target took what it was asked to, without saying no."""
        met = self.interval
        return self._kept_up and self.failures <= _GAVE_IN * max(met.begun, met.due)

    @property
    def _kept_up(self) -> bool:
        """Whether what was due was punctual; what is still under way at the end is no shortfall."""
        met, wanted = self.interval, _KEPT_UP * self.interval.due
        under_way = self.due * met.latency.percentile(99) / 1e6
        return (
            met.late <= _MANY_LATE * met.due
            and met.begun + self.due * LATE >= wanted
            and met.accepted + self.due * LATE + under_way >= wanted
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A stage of the plan, and what was counted in it."""

    stage: Stage
    met: Moment


def moments(result: LoadResult) -> tuple[Moment, ...]:
    """The run from its begin to its end, without gaps."""
    found, before = [], 0
    for met in _moments(result):
        found.append(replace(met, before=before))
        before = found[-1].users
    return tuple(found)


def _moments(result: LoadResult) -> tuple[Moment, ...]:
    width, intervals = result.series.width, result.series.intervals
    if not intervals:
        return ()
    first, last = min(0, *intervals), max(intervals)
    # `seconds` counts from the first message, which is hardly behind the begin of the run.
    over = max(last * width, result.seconds)
    found = [
        Moment(begin=at * width, seconds=width, interval=intervals.get(at, Interval()))
        for at in range(first, last)
    ]
    covered = min(width, over - last * width) if over > last * width else 0.0
    if covered >= _PARTLY * width or not found:
        rest = Moment(
            begin=last * width, seconds=covered or width, interval=intervals.get(last, Interval())
        )
        return (*found, rest)
    # What little there was afterwards belongs to the moment before: nothing is left out.
    rest = Moment(begin=last * width, seconds=covered, interval=intervals[last])
    return (*found[:-1], total([found[-1], rest]))


def total(told: Sequence[Moment]) -> Moment:
    """Neighbours put together, from the begin of the first; there must be one."""
    whole = Interval()
    for met in told:
        whole = whole + met.interval
    seconds = sum(met.seconds for met in told)
    return Moment(begin=told[0].begin, seconds=seconds, interval=whole, before=told[0].before)


def at(result: LoadResult, seconds: float) -> Moment | None:
    """What was going on at this second of the run; None where nothing was counted."""
    for met in reversed(moments(result)):
        if met.begin <= seconds:
            return met
    return None


def stage_at(result: LoadResult, seconds: float) -> Stage | None:
    """The stage of the plan at this second; the last one afterwards."""
    for stage in reversed(result.stages):
        if stage.begin <= seconds:
            return stage
    return None


def planned(result: LoadResult, by: float | None = None) -> float:
    """How many messages the plan asks for by a moment, or as far as the run came."""
    if by is None:
        by = max((it.end for it in moments(result)), default=0.0)
    return sum(stage.due_by(by) for stage in result.stages)


def by_stage(result: LoadResult) -> tuple[Staged, ...]:
    """The stages that were reached, with what was counted in each."""
    return tuple(_by_stage(result))


def around_the_break(stages: Sequence[Staged]) -> tuple[Staged | None, Staged | None]:
    """The last stage that held, and the first that did not; None where there is no such stage."""
    held = list(takewhile(lambda it: it.met.held, stages))
    broken = next((it for it in stages if not it.met.held), None)
    return (held[-1] if held else None), broken


def _by_stage(result: LoadResult) -> Iterator[Staged]:
    told = moments(result)
    for stage in result.stages:
        inside = [met for met in told if stage_at(result, met.begin + met.seconds / 2) is stage]
        met = total(inside) if inside else None
        # Where nothing was due under a rate the run had been stopped: what came was due before.
        if met and (met.interval.due or not stage.rate):
            yield Staged(stage=stage, met=met)
