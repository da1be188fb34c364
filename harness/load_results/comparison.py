"""Two load runs compared: what became better, what worse, and what may be chance.

Only what was sampled over time can be told from noise: the rate, the latency of messages and the
share of failures.  What differs less than a tolerance is the same, however sure the difference is:
two runs of one server differ, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.histogram import Histogram
from harness.load_results.chance import Stratum, chance, difference, least_chance
from harness.load_results.moments import Moment, moments
from harness.load_results.sampling import Rows, Sample, independent
from harness.load_results.series import Series
from harness.load_results.values import Judged, LoadResult, Stage

TOLERANCE = 0.1  # beyond it a measure is another one
SURE = 0.01  # the greatest probability of chance at which we call a difference one
_PERCENTILES = (50, 90, 99)
_POINT = 0.001  # by so much may the share of failures rise: a tolerance of nothing is none


class Change(StrEnum):
    """What became of a measure."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "same"  # within the tolerance
    NOISE = "noise"  # beyond it, and as probably by chance
    UNSURE = "too short to tell"  # beyond it, and too few samples that are independent
    UNTESTED = "not tested"  # there are no samples over time


class Kind(StrEnum):
    """What a measure counts in."""

    RATE = "rate"  # messages a second: the more the better
    LATENCY = "latency"  # microseconds
    SHARE = "share"  # from 0 to 1, of failures


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure of both runs; `chance` is None where it cannot be said."""

    name: str
    kind: Kind
    old: float
    new: float
    change: Change
    chance: float | None = None

    @property
    def ratio(self) -> float:
        """New by old; infinite when there was nothing before."""
        if self.old:
            return self.new / self.old
        return math.inf if self.new else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs, and all that is compared of them."""

    old: LoadResult
    new: LoadResult
    measures: tuple[Measure, ...]
    broke: tuple[Judged, ...]  # thresholds that are missed now and were not before
    is_alike: bool  # the same was asked of both

    def of(self, change: Change) -> tuple[Measure, ...]:
        """The measures of which this became."""
        return tuple(measure for measure in self.measures if measure.change is change)

    @property
    def change(self) -> Change:
        """The verdict: one thing that is worse makes the whole worse."""
        if self.broke or self.of(Change.WORSE):
            return Change.WORSE
        found = (it for it in (Change.BETTER, Change.UNSURE) if self.of(it))
        return next(found, Change.SAME)

    @property
    def exit_status(self) -> int:
        """1 when something is worse, 3 when one of the two measured nothing, else 0."""
        if 3 in (self.old.exit_status, self.new.exit_status):
            return 3
        return 1 if self.change is Change.WORSE else 0


def compare(old: LoadResult, new: LoadResult, tolerance: float = TOLERANCE) -> Comparison:
    """The two runs, the new one beside the old one."""
    is_alike = _plan(old) == _plan(new)
    measures = (*_tested(old, new, tolerance, is_alike), *_untested(old, new))
    return Comparison(
        old=old, new=new, measures=measures, broke=tuple(_broke(old, new)), is_alike=is_alike
    )


def _plan(result: LoadResult) -> tuple[tuple[Stage, ...], str]:
    return result.stages, result.profile


def _broke(old: LoadResult, new: LoadResult) -> Iterator[Judged]:
    missed = {judged.threshold for judged in old.thresholds if not judged.met}
    return (it for it in new.thresholds if not it.met and it.threshold not in missed)


# --- what was sampled over time ------------------------------------------------------------------


def _tested(
    old: LoadResult, new: LoadResult, tolerance: float, is_alike: bool
) -> Iterator[Measure]:
    rows = list(_rows(*_same_width(old, new), is_alike))

    def measure(name: str, kind: Kind, values: tuple[float, float], sample: Sample) -> Measure:
        blank = Measure(name=name, kind=kind, old=values[0], new=values[1], change=Change.SAME)
        if not _is_beyond(blank, tolerance):
            return blank
        return _judged(blank, [it for row in rows for it in independent(row, sample)])

    yield measure("rate", Kind.RATE, (old.rate, new.rate), _logarithm_of_rate)
    for percent in _PERCENTILES:
        values = (_of_message(old, percent), _of_message(new, percent))
        name = f"message p{percent}"
        if all(values):
            yield measure(name, Kind.LATENCY, values, _logarithm_of(percent))
    shares = (old.failed_share, new.failed_share)
    yield measure("failures", Kind.SHARE, shares, _failed)


def _of_message(result: LoadResult, percent: float) -> float:
    message = result.phases.get("message")
    return message.percentile(percent) if message else 0


def _logarithm_of_rate(it: Moment) -> float:
    """Rates are compared as ratios, so that a ramp is not all about its end."""
    return math.log1p(it.accepted)


def _logarithm_of(percent: float) -> Sample:
    """Latencies are compared as ratios, so that one slow second does not outweigh all others."""

    def sample(it: Moment) -> float | None:
        latency = it.interval.latency
        return math.log(max(1, latency.percentile(percent))) if latency.count else None

    return sample


def _failed(it: Moment) -> float | None:
    ended = it.failures + it.interval.accepted
    return it.failures / ended if ended else None


def _judged(measure: Measure, strata: Sequence[Stratum]) -> Measure:
    if least_chance(strata) > SURE:
        return replace(measure, change=Change.UNSURE)
    found = chance(strata)
    # The samples may say the opposite of the whole, where one second outweighs all others.
    is_more = difference(strata) > 0
    if found > SURE or is_more != (measure.new > measure.old):
        return replace(measure, change=Change.NOISE, chance=found)
    is_good = is_more == (measure.kind is Kind.RATE)
    return replace(measure, change=Change.BETTER if is_good else Change.WORSE, chance=found)


def _is_beyond(measure: Measure, tolerance: float) -> bool:
    if measure.kind is Kind.SHARE:
        return abs(measure.new - measure.old) > max(_POINT, tolerance * measure.old)
    low, high = sorted((measure.old, measure.new))
    return high > low * (1 + tolerance)


def _same_width(old: LoadResult, new: LoadResult) -> tuple[LoadResult, LoadResult]:
    width = max(old.series.width, new.series.width)
    one, other = (replace(it, series=Series(width=width) + it.series) for it in (old, new))
    return one, other


def _rows(old: LoadResult, new: LoadResult, is_alike: bool) -> Iterator[Rows]:
    """Moments of both that may be compared: of a level stage all with all, else by their second."""
    before, now = _whole(old), _whole(new)
    if not is_alike or not old.stages:
        yield Rows(before, now)
        return
    for stage in old.stages:
        inside = [[it for it in row if _is_in(it, stage)] for row in (before, now)]
        if _is_level(stage):
            yield Rows(inside[0], inside[1])
        else:
            later = {it.begin: it for it in inside[1]}
            pairs = [(it, later[it.begin]) for it in inside[0] if it.begin in later]
            yield Rows([it for it, _ in pairs], [it for _, it in pairs], are_pairs=True)


def _whole(result: LoadResult) -> list[Moment]:
    """The moments that the run covered wholly, but not its first: there it still connects."""
    told = [it for it in moments(result) if it.seconds >= result.series.width]
    return told[1:]


def _is_in(met: Moment, stage: Stage) -> bool:
    return stage.begin <= met.begin and met.end <= stage.end


def _is_level(stage: Stage) -> bool:
    rate = stage.rate or (0, 0)
    return stage.users[0] == stage.users[1] and rate[0] == rate[1]


# --- what was not --------------------------------------------------------------------------------


def _untested(old: LoadResult, new: LoadResult) -> Iterator[Measure]:
    before, now = _phases(old), _phases(new)
    for name in before:
        if name not in now or name == "message":
            continue
        for percent in _PERCENTILES:
            yield Measure(
                name=f"{name} p{percent}", kind=Kind.LATENCY, change=Change.UNTESTED,
                old=before[name].percentile(percent), new=now[name].percentile(percent),
            )  # fmt: skip


def _phases(result: LoadResult) -> Mapping[str, Histogram]:
    found = {name: phase for name, phase in result.phases.items() if phase.count}
    if result.accounting and result.accounting.latency.count:
        found["delivery"] = result.accounting.latency
    return found
