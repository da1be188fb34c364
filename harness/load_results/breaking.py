"""What breaks under load: a sample of the suites before it, and again and again while it goes on.

A case is played somewhere between the begin and the end of its round; it is placed there by how
long each of them took, which is right to a second or so, and a load's series is no finer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.load_results.series import Series
from harness.load_results.values import Break, LoadResult, UnderLoad
from harness.results import Outcome, Verdict

_SAYS_NOTHING = frozenset({Verdict.MET, Verdict.FIXED, Verdict.SKIP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The sample, played once."""

    begin: float  # seconds of the run; before it they are negative
    seconds: float
    outcomes: tuple[Outcome, ...]

    @property
    def moments(self) -> Iterator[tuple[float, Outcome]]:
        """Each outcome and the second of the run when it was there."""
        whole = sum(outcome.seconds for outcome in self.outcomes) or 1.0
        passed = 0.0
        for outcome in self.outcomes:
            passed += outcome.seconds
            yield self.begin + self.seconds * passed / whole, outcome


def find_breaks(before: Iterable[Outcome], rounds: Sequence[Round], load: LoadResult) -> UnderLoad:
    """Which cases that were met before the load were unmet, or could not be judged, under it."""
    met = {outcome.address for outcome in before if outcome.verdict is Verdict.MET}
    breaks: dict[str, Break] = {}
    under = [[*_under(each, load.seconds)] for each in rounds]
    for moments in under:
        for at, outcome in moments:
            if outcome.address in met and outcome.verdict not in _SAYS_NOTHING:
                known = breaks.get(outcome.address)
                breaks[outcome.address] = (
                    _break(at, outcome, load.series)
                    if known is None
                    else replace(known, times=known.times + 1)
                )
    return UnderLoad(
        cases=len(met),
        rounds=sum(map(bool, under)),
        breaks=tuple(sorted(breaks.values(), key=lambda each: each.at)),
    )


def _under(each: Round, seconds: float) -> Iterator[tuple[float, Outcome]]:
    """What of a round was played while the load went on."""
    return ((at, outcome) for at, outcome in each.moments if 0.0 <= at <= seconds)


def _break(at: float, outcome: Outcome, series: Series) -> Break:
    requirement = outcome.requirements[0].id if outcome.requirements else ""
    return Break(
        case=outcome.address,
        requirement=requirement,
        at=round(at, 1),
        rate=rate_about(at, series),
        verdict=outcome.verdict,
        headline=str(outcome.surprise or outcome.reason),
    )


def rate_about(at: float, series: Series) -> float:
    """Accepted messages a second in the interval of that moment and the two beside it."""
    if not series.intervals:
        return 0.0
    number, last = int(at // series.width), max(series.intervals)
    near = range(max(0, number - 1), min(last, number + 1) + 1)
    if not near:
        return 0.0
    accepted = sum(series.intervals[it].accepted for it in near if it in series.intervals)
    return accepted / (len(near) * series.width)
