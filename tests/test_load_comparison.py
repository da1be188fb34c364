"""Two load runs compared: what is another one, what is noise, what is the exit status."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import pytest

from harness.load_results import (
    Interval,
    Judged,
    LoadResult,
    Messages,
    Moment,
    Series,
    Stage,
    Trouble,
)
from harness.load_results.chance import Stratum, chance, difference, least_chance
from harness.load_results.comparison import Change, compare
from harness.load_results.sampling import Rows, independent
from tests.reports.load_runs import (
    a_run,
    an_interval,
    breaking,
    closed,
    frozen,
    healthy,
    lossy,
    nothing,
    steady,
)


def became(old: LoadResult, new: LoadResult, **tolerance: float) -> dict[str, Change]:
    return {it.name: it.change for it in compare(old, new, **tolerance).measures}


def test_two_runs_of_one_server_are_the_same():
    comparison = compare(healthy(1), healthy(2))

    assert (comparison.change, comparison.exit_status) == (Change.SAME, 0)
    assert {it.change for it in comparison.measures} == {Change.SAME, Change.UNTESTED}


def test_a_slower_server_is_worse_and_the_other_way_round_better():
    comparison = compare(healthy(1), healthy(2, median=4_000))

    assert (comparison.change, comparison.exit_status) == (Change.WORSE, 1)
    assert [it.name for it in comparison.of(Change.WORSE)] == [
        "message p50", "message p90", "message p99",
    ]  # fmt: skip
    assert compare(healthy(2, median=4_000), healthy(1)).change is Change.BETTER
    assert compare(healthy(2, median=4_000), healthy(1)).exit_status == 0


def test_what_differs_less_than_the_tolerance_is_the_same_however_sure_it_is():
    assert became(healthy(1), healthy(2, median=3_200))["message p50"] is Change.SAME
    assert became(healthy(1), healthy(2, median=3_200), tolerance=0.02)["message p50"] is (
        Change.WORSE
    )


def at_a_rate_of(spread: float, seed: int, mean: float = 500, seconds: int = 30) -> LoadResult:
    """As fast as it goes, which is so fast, more or less."""

    def second(at: int, source: Random) -> Interval:
        return an_interval(source, max(1, round(source.gauss(mean, spread))))

    return a_run(second, [steady(0, seconds, 20, None, "steady")], seed=seed)


def scaled(result: LoadResult, factor: float) -> LoadResult:
    """A run whose total says something else than its seconds do."""
    accepted = round(result.messages.accepted * factor)
    return replace(result, messages=replace(result.messages, accepted=accepted))


def test_a_rate_that_jumps_about_anyway_is_noise():
    assert became(at_a_rate_of(200, 1), at_a_rate_of(200, 2, 430))["rate"] is Change.NOISE
    assert became(at_a_rate_of(5, 1), at_a_rate_of(5, 4, 410))["rate"] is Change.WORSE
    assert became(at_a_rate_of(5, 1), at_a_rate_of(5, 4, 590))["rate"] is Change.BETTER


def test_samples_that_say_the_opposite_of_the_whole_are_noise():
    assert became(at_a_rate_of(5, 1), scaled(at_a_rate_of(5, 4, 590), 0.5))["rate"] is Change.NOISE


def test_one_stall_is_noise_for_a_percentile_and_told_by_its_threshold():
    old = replace(healthy(1, rate=300), thresholds=tuple(
        replace(judged, met=True) for judged in frozen().thresholds
    ))  # fmt: skip
    comparison = compare(old, frozen())

    assert became(old, frozen())["message p99"] is Change.NOISE
    assert [it.threshold for it in comparison.broke] == ["message p99 < 250ms", "late < 1%"]
    assert comparison.exit_status == 1


def test_a_threshold_that_was_missed_before_breaks_nothing():
    assert compare(frozen(), frozen()).broke == ()


def test_a_threshold_that_is_new_and_missed_breaks():
    new = replace(healthy(), thresholds=(Judged(threshold="lost == 0", met=False, found="1"),))

    assert compare(healthy(), new).exit_status == 1


def test_a_run_too_short_to_say_is_not_tested():
    old, new = at_a_rate_of(5, 1, seconds=4), at_a_rate_of(5, 2, 300, seconds=4)

    assert became(old, new)["rate"] is Change.UNSURE
    assert compare(old, new).change is Change.UNSURE
    assert compare(old, new).exit_status == 0


def with_failures(seed: int, share: float) -> LoadResult:
    def second(at: int, source: Random) -> Interval:
        failed = sum(source.random() < share for _ in range(500))
        return an_interval(source, 500 - failed, troubles={"MAIL 451": failed} if failed else {})

    return a_run(second, [steady(0, 30, 20, None, "steady")], seed=seed)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (0, 0.05, Change.WORSE), (0.05, 0, Change.BETTER), (0, 0.0005, Change.SAME),
        (0.2, 0.205, Change.SAME),
    ],
)  # fmt: skip
def test_failures_are_compared_by_their_share(before: float, after: float, change: Change):
    assert became(with_failures(1, before), with_failures(2, after))["failures"] is change


def test_something_after_nothing_has_no_finite_ratio():
    (failures,) = [it for it in compare(with_failures(1, 0), with_failures(2, 0.05)).measures
                   if it.name == "failures"]  # fmt: skip

    assert failures.ratio == math.inf


def test_a_ramp_is_compared_second_by_second():
    """Within it the rate changes more than between the two runs."""
    ramp = [Stage(name="up", begin=0, end=30, users=(1, 100), rate=None)]

    def run(factor: float, seed: int) -> LoadResult:
        return a_run(
            lambda at, source: an_interval(
                source, round(factor * source.gauss(20, 1) * (at + 1)), 2_000 + 400 * at
            ),
            ramp, seed=seed,
        )  # fmt: skip

    assert became(run(1, 1), run(0.85, 2))["rate"] is Change.WORSE
    assert became(run(1, 1), run(1, 2))["rate"] is Change.SAME


def test_a_machine_that_is_busy_for_a_while_is_no_other_server():
    """Seconds that are like the one before them are no samples of their own."""

    def run(seed: int, phase: int) -> LoadResult:
        return a_run(
            lambda at, source: an_interval(source, 700 if (at + phase) // 10 % 2 else 300),
            [steady(0, 30, 20, None, "steady")], seed=seed,
        )  # fmt: skip

    old, new = run(1, 0), run(2, 10)

    assert new.rate / old.rate > 1.1
    assert became(old, new)["rate"] in (Change.NOISE, Change.UNSURE)


def test_stages_are_compared_each_with_its_own():
    assert compare(breaking(), breaking()).change is Change.SAME
    assert compare(closed(), closed()).change is Change.SAME


def test_runs_that_were_asked_other_things_are_known_as_such():
    assert compare(healthy(1), healthy(2)).is_alike
    assert not compare(healthy(1), healthy(1, rate=400)).is_alike
    assert not compare(healthy(1), replace(healthy(1), profile="spike")).is_alike


def test_intervals_of_another_width_are_brought_to_the_wider():
    old = healthy(1)
    wide = replace(old, series=Series(width=2.0) + old.series)
    new = healthy(2, median=4_000)

    assert became(wide, new)["message p50"] is Change.WORSE
    assert became(old, replace(new, series=wide.series))["rate"] is Change.SAME


def test_a_run_without_a_series_is_not_tested():
    assert (
        became(replace(healthy(1), series=Series()), healthy(2, median=9_000))["message p50"]
        is Change.UNSURE
    )


def test_a_run_that_measured_nothing_cannot_be_compared():
    assert compare(healthy(), nothing()).exit_status == 3
    assert compare(nothing(), healthy()).exit_status == 3


def test_phases_and_the_delivery_are_told_without_a_test():
    names = {it.name: it.change for it in compare(lossy(), lossy()).measures}

    assert names["delivery p99"] is Change.UNTESTED
    assert names["dot p50"] is Change.UNTESTED


def test_a_phase_that_only_one_has_is_passed_over():
    without = replace(lossy(), accounting=None)

    assert "delivery p99" not in became(without, lossy())
    assert "delivery p99" not in became(lossy(), without)


def test_runs_without_messages_have_no_latency_to_compare():
    refused = replace(
        healthy(), phases={}, messages=Messages(begun=9),
        troubles=(Trouble(stage="MAIL", what="451", count=9),),
    )  # fmt: skip

    assert "message p50" not in became(healthy(), refused)


# --- the test itself -----------------------------------------------------------------------------


def samples_of(old: list[float], new: list[float]) -> list[Stratum]:
    return [Stratum(tuple(old), tuple(new))]


def test_equal_samples_differ_by_chance_for_certain():
    assert chance(samples_of([5.0] * 9, [5.0] * 9)) == 1.0


def test_samples_that_are_far_apart_hardly_differ_by_chance():
    assert chance(samples_of([1.0, 1.1, 1.2] * 4, [2.0, 2.1, 2.2] * 4)) < 0.001


def test_the_same_samples_have_the_same_chance_each_time():
    mixed = samples_of([1.0, 3.0, 2.0, 5.0, 4.0], [2.0, 4.0, 3.0, 6.0, 5.0])

    assert chance(mixed) == chance(mixed)


@pytest.mark.slow
def test_of_runs_of_one_server_as_many_are_called_different_as_was_said():
    """At 5 % one in twenty; 200 pairs have 10 of them, and hardly ever twice as many."""
    source = Random(11)

    def sample() -> list[float]:
        return [source.lognormvariate(0, 0.5) for _ in range(12)]

    found = sum(chance(samples_of(sample(), sample())) <= 0.05 for _ in range(200))

    assert 3 <= found <= 20


def test_strata_keep_what_was_asked_apart():
    """Every second of new is greater by 1, while seconds differ by 100."""
    strata = [Stratum((100.0 * at,), (100.0 * at + 1,)) for at in range(12)]
    together = samples_of([it.old[0] for it in strata], [it.new[0] for it in strata])

    assert chance(strata) < 0.01
    assert chance(together) > 0.5


@pytest.mark.parametrize("are_pairs", [False, True])
def test_neighbours_are_joined_until_they_are_independent(are_pairs: bool):
    """A row that keeps its level for six seconds each has a sixth of its samples, or fewer."""
    source = Random(3)

    def row(length: int) -> list[Moment]:
        levels = [source.gauss(0, 1) for _ in range(40)]
        return [
            Moment(begin=float(at), seconds=1.0, interval=Interval(
                accepted=round(1_000 + 100 * (levels[at // length] + source.gauss(0, 0.1)))
            )) for at in range(38)
        ]  # fmt: skip

    def samples(length: int) -> int:
        both = Rows(row(length), row(length), are_pairs=are_pairs)
        return sum(len(it.old) for it in independent(both, lambda it: it.accepted))

    assert samples(1) >= 19
    assert samples(6) <= 8


def test_no_moment_makes_no_sample():
    assert independent(Rows([], []), lambda it: it.accepted) == samples_of([], [])
    assert independent(Rows([], [], are_pairs=True), lambda it: it.accepted) == []


def test_a_stratum_of_one_side_says_nothing():
    alone = [Stratum((), (1.0,)), Stratum((2.0,), ())]

    assert (difference(alone), least_chance(alone)) == (0, 1.0)


@pytest.mark.parametrize(
    ("old", "new", "least"), [(3, 3, 2 / 20), (5, 5, 2 / 252), (1, 1, 1.0), (9, 0, 1.0)]
)
def test_few_samples_can_say_little(old: int, new: int, least: float):
    assert least_chance(samples_of([1.0] * old, [2.0] * new)) == pytest.approx(least)
