"""What breaks under load: cases that were met before it, placed in time and beside a rate."""

from __future__ import annotations

import pytest

from harness.load_results import Interval, LoadResult, Series
from harness.load_results.breaking import Round, find_breaks, rate_about
from harness.results import Grade, Outcome, Requirement, Spot, Surprise, Verdict

AT = Spot(path="suite.yaml", line=1)
NEEDS = Requirement(id="5321-3.3-1", level="MUST", rfc="5321", section="3.3", text="so it is")


def outcome(address: str, verdict: str = "met", *, seconds: float = 1.0, reason: str = ""):
    failed = verdict in ("fail", "warn")
    return Outcome(
        address=address,
        title="",
        verdict=Verdict(verdict),
        grade=Grade.MUST,
        requirements=(NEEDS,),
        at=AT,
        surprise=Surprise(at=AT, wanted="250", met="451 later") if failed else None,
        reason=reason,
        seconds=seconds,
    )


def played(*outcomes: Outcome, begin: float = 2.0, seconds: float | None = None) -> Round:
    whole = sum(each.seconds for each in outcomes)
    return Round(begin=begin, seconds=whole if seconds is None else seconds, outcomes=outcomes)


def load(*accepted: int, width: float = 1.0) -> LoadResult:
    intervals = {number: Interval(accepted=count) for number, count in enumerate(accepted)}
    return LoadResult(
        target="t", profile="p", seed=1, users=1, started="2026-01-02T03:04:05+00:00",
        seconds=len(accepted) * width, phases={}, series=Series(width=width, intervals=intervals),
    )  # fmt: skip


STEADY = load(*[100] * 20)
BEFORE = (outcome("a"), outcome("b"), outcome("c", "fail"), outcome("d", "skip"))


def test_a_case_that_stays_met_breaks_nothing():
    found = find_breaks(BEFORE, [played(outcome("a"), outcome("b"))], STEADY)

    assert (found.cases, found.rounds, found.breaks) == (2, 1, ())


@pytest.mark.parametrize(("verdict", "breaks"), [
    ("fail", True), ("warn", True), ("info", True), ("error", True), ("known", True),
    ("met", False), ("fixed", False), ("skip", False),
])  # fmt: skip
def test_what_was_met_breaks_when_it_is_unmet_or_cannot_be_judged(verdict, breaks):
    found = find_breaks(BEFORE, [played(outcome("a", verdict, reason="why"))], STEADY)

    assert bool(found.breaks) is breaks


@pytest.mark.parametrize("address", ["c", "d", "e"])
def test_what_was_not_met_before_cannot_break(address):
    assert find_breaks(BEFORE, [played(outcome(address, "fail"))], STEADY).breaks == ()


def test_a_break_names_case_requirement_moment_rate_and_what_came():
    rounds = [played(outcome("a", seconds=3.0), outcome("b", "fail", seconds=1.0))]
    (found,) = find_breaks(BEFORE, rounds, STEADY).breaks

    assert (found.case, found.requirement, found.at, found.rate) == ("b", "5321-3.3-1", 6.0, 100)
    assert (found.verdict, found.headline, found.times) == ("fail", "wanted 250, met 451 later", 1)


def test_what_could_not_be_judged_says_why():
    (found,) = find_breaks(BEFORE, [played(outcome("a", "error", reason="421"))], STEADY).breaks

    assert (found.verdict, found.headline) == ("error", "421")


def test_cases_side_by_side_are_placed_within_their_round():
    # Two at a time: a round of two seconds in which the cases took four in all.
    side_by_side = played(outcome("a", seconds=2.0), outcome("b", "fail", seconds=2.0), seconds=2.0)
    (found,) = find_breaks(BEFORE, [side_by_side], STEADY).breaks

    assert found.at == 4.0


def test_the_first_time_is_told_and_how_often_it_happened():
    rounds = [
        played(outcome("a"), begin=1.0),
        played(outcome("a", "fail"), begin=5.0),
        played(outcome("a", "error", reason="421"), begin=9.0),
    ]
    found = find_breaks(BEFORE, rounds, STEADY)

    assert found.rounds == 3
    assert [(it.at, it.verdict, it.times) for it in found.breaks] == [(6.0, "fail", 2)]


def test_breaks_are_told_in_the_order_of_time():
    rounds = [played(outcome("b", "fail"), outcome("a", "fail"))]

    assert [it.case for it in find_breaks(BEFORE, rounds, STEADY).breaks] == ["b", "a"]


@pytest.mark.parametrize("begin", [-9.0, 30.0])
def test_a_round_before_or_after_the_load_says_nothing_of_it(begin):
    found = find_breaks(BEFORE, [played(outcome("a", "fail"), begin=begin)], STEADY)

    assert (found.rounds, found.breaks) == (0, ())


def test_of_a_round_that_began_before_the_load_its_end_counts():
    rounds = [played(outcome("a", "fail"), outcome("b", "fail"), begin=-1.5)]

    assert [it.case for it in find_breaks(BEFORE, rounds, STEADY).breaks] == ["b"]


# second, intervals -> rate about then
RATES = {
    "the mean of three": (2.5, (10, 20, 30, 40, 50), 30.0),
    "at the begin": (0.5, (10, 20, 30), 15.0),
    "at the end": (2.5, (10, 20, 30), 25.0),
    "behind the end": (3.2, (10, 20, 30), 30.0),
    "far behind it": (9.0, (10, 20, 30), 0.0),
    "nothing was accepted": (1.0, (0, 0, 0), 0.0),
    "no interval": (1.0, (), 0.0),
}


@pytest.mark.parametrize(("at", "accepted", "rate"), RATES.values(), ids=RATES)
def test_a_rate_is_of_the_seconds_about_a_moment(at, accepted, rate):
    assert rate_about(at, load(*accepted).series) == rate


def test_wider_intervals_are_rates_all_the_same():
    assert rate_about(5.0, load(400, 400, 400, width=4.0).series) == 100.0


def test_a_series_with_gaps_has_accepted_nothing_there():
    series = Series(intervals={0: Interval(accepted=30), 2: Interval(accepted=30)})

    assert rate_about(1.5, series) == 20.0
