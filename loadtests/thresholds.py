"""Thresholds: what a profile promises of a run, as sentences such as `message p99 < 250ms`.

Two shapes: a count, a share or a rate of the whole run (`failures < 0.1%`, `rate >= 500/s`), or a
statistic of a latency (`hello max < 2s`).  What was never measured keeps no promise: its threshold
is missed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.histogram import Histogram
from harness.load_results import Judged, LoadResult
from harness.load_results.quantities import duration
from loadtests.measures import COUNTS, LATENCIES, SHARE, STATISTICS, has_rate

_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "==": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_MEANT: Final = {"=": "==", "=<": "<=", "=>": ">="}  # what is written for some of them
_MICROSECONDS: Final = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000}
_LITTLE: Final = 0.01  # of a threshold's unit; below, what was found is told in its own
_MORE_DIGITS: Final = 6  # at the most
_FACTORS: Final = {SHARE: 0.01, **_MICROSECONDS}
_NUMBERS: Final = {"": "a count such as 5", SHARE: "a share such as 0.1%",
                   "/s": "a rate such as 500/s"}  # fmt: skip
_TIME: Final = f"a time such as 250ms (in {', '.join(_MICROSECONDS)})"
_SENTENCE: Final = re.compile(
    r"(?P<words>[A-Za-z0-9._ ]+?) *(?P<compare>==|<=|>=|=<|=>|<|>|=)"
    r" *(?P<number>\d+(?:\.\d+)?) *(?P<unit>\S*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One promise: what is looked at, and how it must compare with a limit."""

    text: str  # as its author wrote it
    what: str  # a count, or a latency
    statistic: str  # of a latency; "" for a count
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

    @property
    def is_known_during(self) -> bool:
        """Whether it can be judged while the run goes on."""
        return not (COUNTS[self.what].known_late if not self.statistic else self.what == "delivery")

    def _find(self, result: LoadResult) -> float | None:
        if not self.statistic:
            return COUNTS[self.what].find(result, as_share=self.unit == SHARE)
        latency: Histogram | None = LATENCIES[self.what](result)
        return STATISTICS[self.statistic](latency) if latency and latency.count else None

    def _shown(self, found: float) -> str:
        """As many digits as tell it from the limit, if there is anything to tell."""
        for more in range(_MORE_DIGITS):
            if (shown := self._written(found, more)) != self._written(self.limit, more):
                return shown
        return self._written(found, 0)

    def _written(self, found: float, more: int) -> str:
        """With so many digits more than usual."""
        match self.unit:
            case "%":
                return f"{found:.{3 + more}%}"
            case "/s":
                return f"{found:,.{1 + more}f}/s"
            case "":
                return f"{found:.0f}"
            case unit:
                value = found / _MICROSECONDS[unit]
                if value < _LITTLE:  # 0.002174min is for nobody
                    return duration(found)
                return f"{value:.{4 + more}g}{unit}" if value < 1000 else f"{value:.{more}f}{unit}"


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
    if match["compare"] in _MEANT:
        raise _misspelt(match)
    what, _, statistic = " ".join(match["words"].split()).partition(" ")
    if statistic:
        what = _look_up(what, LATENCIES, "latency")
        statistic = _look_up(statistic, STATISTICS, "statistic")
        _check_unit(match, _MICROSECONDS, f"'{what} {statistic}' is compared with {_TIME}")
    else:
        what = _look_up(what, COUNTS, "count")
        units = COUNTS[what].units
        numbers = " or ".join(_NUMBERS[unit] for unit in units)
        _check_unit(match, units, f"'{what}' is compared with {numbers}")
    return Threshold(
        text=text.strip(),
        what=what,
        statistic=statistic,
        compare=match["compare"],
        limit=float(match["number"]) * _FACTORS.get(match["unit"], 1),
        unit=match["unit"],
    )


def _look_up(word: str, known: Sequence[str] | Mapping[str, object], kind: str) -> str:
    for name in known:
        if name.lower() == word.lower():
            return name
    raise BadThreshold(f"no {kind} is called '{word}'", tuple(known), word)


def _check_unit(match: re.Match[str], known: Container[str], wish: str) -> None:
    if match["unit"] not in known:
        raise BadThreshold(f"{wish}, not '{match['number']}{match['unit']}'")


def _misspelt(match: re.Match[str]) -> BadThreshold:
    """What is wrong with a comparison that people write for another one.

    What it advises can be read: a word that is wrong besides is complained of first.
    """
    begin, end = match.span("compare")
    meant = f"{match.string[:begin]}{_MEANT[match['compare']]}{match.string[end:]}"
    read_threshold(meant)
    return BadThreshold(f"'{match['compare']}' compares nothing: write '{meant}'")


def _has_workers(result: LoadResult) -> bool:
    """Whether there were processes to lose: one that was lost may have been all there were."""
    return len(result.generators) > 1 or result.lost_generators > 0


# What every profile promises that says nothing about it, where there is something to promise.
_IMPLIED: Final[tuple[tuple[str, Callable[[LoadResult], bool]], ...]] = (
    ("failures == 0", lambda result: True),
    ("lost_generators == 0", _has_workers),
    ("late < 1%", has_rate),
    ("unsent == 0", has_rate),
    ("lost == 0", lambda result: result.accounting is not None),
    ("duplicates == 0", lambda result: result.accounting is not None),
    ("altered == 0", lambda result: result.accounting is not None),
)


def judge_all(thresholds: Sequence[Threshold], result: LoadResult) -> tuple[Judged, ...]:
    """Every promise of a profile judged, and those that it makes by saying nothing."""
    promised = [*thresholds, *_implied(thresholds, result)]
    return tuple(threshold.judge(result) for threshold in promised)


def _implied(thresholds: Sequence[Threshold], result: LoadResult) -> Iterator[Threshold]:
    mentioned = {threshold.what for threshold in thresholds if not threshold.statistic}
    for text, applies in _IMPLIED:
        threshold = read_threshold(text)
        if threshold.what not in mentioned and applies(result):
            yield threshold
