"""Two runs of the same suites, compared case by case: what broke, what was fixed, what is new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.results.values import JUDGED, Level, Outcome, RunResult, Verdict


class Change(StrEnum):
    """What became of a case, in the order in which people want to know."""

    BROKE = "broke"  # it was met, or it was known or weighed less; now it is unmet
    UNJUDGED = "no longer judged"  # a skip or an error hides what was known
    FIXED = "fixed"
    DIFFERS = "differs"  # unmet before and after, and not in the same way
    NEW = "new"
    GONE = "gone"
    JUDGED = "judged now"
    SAME = "same"


# How bad a verdict is; between neighbours of equal weight nothing breaks and nothing is fixed.
_WEIGHT = {
    Verdict.MET: 0,
    Verdict.FIXED: 0,
    Verdict.KNOWN: 1,
    Verdict.INFO: 2,
    Verdict.WARN: 3,
    Verdict.FAIL: 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One case before and after; the one that does not exist is None."""

    change: Change
    old: Outcome | None
    new: Outcome | None

    @property
    def outcome(self) -> Outcome:
        """The later one that there is."""
        found = self.new or self.old
        assert found is not None
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs, and what became of each case, in the new run's order, then what is gone."""

    old: RunResult
    new: RunResult
    cases: tuple[Compared, ...]

    def of(self, change: Change) -> tuple[Compared, ...]:
        """The cases of which this became."""
        return tuple(case for case in self.cases if case.change is change)

    def exit_status(self, level: Level) -> int:
        """1 when a case broke that counts at this level, 3 when an error hides one, else 0.

        What is new cannot have broken, and what is skipped now says so itself; both are told.
        """
        if any(level.is_failed_by(case.outcome.verdict) for case in self.of(Change.BROKE)):
            return 1
        hidden = (case.outcome.verdict is Verdict.ERROR for case in self.of(Change.UNJUDGED))
        return 3 if any(hidden) else 0


def compare(old: RunResult, new: RunResult) -> Comparison:
    """The cases of two runs, matched by address; an interrupted run's missing cases are no loss."""
    return Comparison(old=old, new=new, cases=tuple(_cases(old, new)))


def _cases(old: RunResult, new: RunResult) -> Iterator[Compared]:
    before = {outcome.address: outcome for outcome in old.outcomes}
    for outcome in new.outcomes:
        was = before.pop(outcome.address, None)
        change = Change.NEW if was is None else _change(was, outcome)
        yield Compared(change=change, old=was, new=outcome)
    if not new.interrupted:
        yield from (Compared(change=Change.GONE, old=was, new=None) for was in before.values())


def _change(old: Outcome, new: Outcome) -> Change:
    match old.verdict in JUDGED, new.verdict in JUDGED:
        case True, False:
            return Change.UNJUDGED
        case False, True:
            return Change.JUDGED
        case False, False:
            return Change.SAME
    before, now = _WEIGHT[old.verdict], _WEIGHT[new.verdict]
    if now != before:
        return Change.BROKE if now > before else Change.FIXED
    return Change.SAME if _met(old) == _met(new) else Change.DIFFERS


def _met(outcome: Outcome) -> str:
    """How it was unmet, as far as two runs could agree on it: where, and on which code."""
    if not outcome.surprise:
        return ""
    return f"{outcome.surprise.wanted} {outcome.surprise.met[:3]}"
