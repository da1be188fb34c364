"""Thresholds: what a profile promises of a run, as sentences such as `message p99 < 250ms`.

Two shapes: a count or rate of the whole run (`failures < 0.1%`, `rate >= 500/s`), or a statistic
of one phase's latencies (`hello max < 2s`).  A latency that was never measured keeps no promise:
its threshold is missed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.histogram import Histogram
from harness.load_results import Judged, LoadResult
from loadtests.phases import PHASES

IMPLIED = "failures == 0"  # promised by every profile that says nothing about failures

_COUNTS: Mapping[str, Callable[[LoadResult], float]] = {
    "failures": lambda result: result.failures,
    "accepted": lambda result: result.messages.accepted,
    "refused": lambda result: result.messages.refused,
    "unanswered": lambda result: result.messages.unanswered,
    "rate": lambda result: result.rate,
}
_STATISTICS: Mapping[str, Callable[[Histogram], float]] = {
    "mean": lambda phase: phase.mean,
    "p50": lambda phase: phase.percentile(50),
    "p90": lambda phase: phase.percentile(90),
    "p95": lambda phase: phase.percentile(95),
    "p99": lambda phase: phase.percentile(99),
    "p99.9": lambda phase: phase.percentile(99.9),
    "max": lambda phase: phase.greatest,
}
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_MICROSECONDS = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000}
_SENTENCE = re.compile(
    r"(?P<words>[A-Za-z0-9. ]+?) *(?P<compare>==|<=|>=|<|>)"
    r" *(?P<number>\d+(?:\.\d+)?) *(?P<unit>\S*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One promise: what is looked at, and how it must compare with a limit."""

    text: str  # as its author wrote it
    what: str  # a count, or a phase
    statistic: str  # of a phase; "" for a count
    compare: str
    limit: float  # microseconds, a number, or a share from 0 to 1
    unit: str

    def judge(self, result: LoadResult) -> Judged:
        """Whether the run kept the promise, and what was found."""
        found = self._find(result)
        if found is None:
            return Judged(threshold=self.text, met=False, found="nothing was measured")
        met = _COMPARE[self.compare](found, self.limit)
        return Judged(threshold=self.text, met=met, found=self._shown(found))

    def _find(self, result: LoadResult) -> float | None:
        if self.statistic:
            phase = result.phases.get(self.what)
            return _STATISTICS[self.statistic](phase) if phase and phase.count else None
        if self.unit == "%":
            return result.failed_share
        return _COUNTS[self.what](result)

    def _shown(self, found: float) -> str:
        match self.unit:
            case "%":
                return f"{found:.3%}"
            case "/s":
                return f"{found:,.1f}/s"
            case "":
                return f"{found:.0f}"
            case unit:
                value = found / _MICROSECONDS[unit]
                return f"{value:.4g}{unit}" if value < 1000 else f"{value:.0f}{unit}"


class BadThreshold(ValueError):
    """What is wrong with a threshold's text, and the words that would have been right."""

    def __init__(self, message: str, known: Sequence[str] = (), word: str = "") -> None:
        super().__init__(message)
        self.known = tuple(known)
        self.word = word


def read_threshold(text: str) -> Threshold:
    """The promise that `text` makes."""
    match = _SENTENCE.fullmatch(text.strip())
    if match is None:
        raise BadThreshold("a threshold reads like 'failures == 0' or 'message p99 < 250ms'")
    what, _, statistic = " ".join(match["words"].split()).partition(" ")
    if statistic:
        what, statistic = (
            _look_up(what, PHASES, "phase"),
            _look_up(statistic, _STATISTICS, "statistic"),
        )
        _check_unit(match["unit"], _MICROSECONDS, f"{what} {statistic}")
    else:
        what = _look_up(what, _COUNTS, "count")
        _check_unit(match["unit"], _UNITS.get(what, ("",)), what)
    return Threshold(
        text=text.strip(),
        what=what,
        statistic=statistic,
        compare=match["compare"],
        limit=float(match["number"]) * _FACTORS.get(match["unit"], 1),
        unit=match["unit"],
    )


_UNITS = {"failures": ("", "%"), "rate": ("/s",)}
_FACTORS = {"%": 0.01, **_MICROSECONDS}


def _look_up(word: str, known: Sequence[str] | Mapping[str, object], kind: str) -> str:
    for name in known:
        if name.lower() == word.lower():
            return name
    raise BadThreshold(f"no {kind} is called '{word}'", tuple(known), word)


def _check_unit(unit: str, known: Sequence[str] | Mapping[str, object], what: str) -> None:
    if unit not in known:
        units = ", ".join(unit or "none" for unit in known)
        raise BadThreshold(f"'{what}' is compared with a number in: {units}")


def judge_all(thresholds: Sequence[Threshold], result: LoadResult) -> tuple[Judged, ...]:
    """Every promise of a profile judged; "no failures" is one of them unless it says otherwise."""
    promised = list(thresholds)
    if not any(threshold.what == "failures" for threshold in promised):
        promised.append(read_threshold(IMPLIED))
    return tuple(threshold.judge(result) for threshold in promised)
