from __future__ import annotations

from dataclasses import replace

import pytest

from harness.load_results import (
    Interval,
    Moment,
    Series,
    Stage,
    at,
    by_stage,
    moments,
    planned,
    stage_at,
)
from tests.load_values import histogram
from tests.reports.load_runs import a_run, breaking, healthy, steady


def counted(*accepted: int, seconds: float, width: float = 1.0):
    run = a_run(lambda at, source: Interval(), [steady(0, 1, 1, None)])
    intervals = {at: Interval(accepted=count) for at, count in enumerate(accepted) if count}
    return replace(run, seconds=seconds, series=Series(width=width, intervals=intervals))


@pytest.mark.parametrize(
    ("accepted", "seconds", "rates"),
    [
        ((10, 10, 10), 3.0, [10, 10, 10]),
        ((10, 0, 10), 3.0, [10, 0, 10]),  # a gap is a second without mail, no missing second
        ((10, 10, 8), 2.8, [10, 10, 10]),  # the last second was not a whole one
        ((10, 10, 2), 2.05, [10, 11]),  # ... and too short to tell of alone
        ((10, 10, 1), 1.9, [10, 11]),  # `seconds` counts from the first message
        ((10,), 0.1, [100]),
        ((), 3.0, []),
    ],
)
def test_a_run_is_told_without_gaps_and_without_a_dip_at_its_end(accepted, seconds, rates):
    told = moments(counted(*accepted, seconds=seconds))

    assert [round(it.accepted) for it in told] == rates
    assert sum(it.interval.accepted for it in told) == sum(accepted)


def test_wide_intervals_count_by_the_second():
    assert [it.accepted for it in moments(counted(40, 20, seconds=8.0, width=4.0))] == [10, 5]


def test_what_was_going_on_at_a_moment():
    run = breaking()

    assert [(at(run, 25.3).users, at(run, 25.3).due), stage_at(run, 25.3).name] == [
        (100, 1_000.0), "step 5",
    ]  # fmt: skip
    assert stage_at(run, 99.0).name == "step 6"
    assert at(replace(run, series=Series()), 3.0) is None
    assert stage_at(replace(run, stages=()), 3.0) is None


def test_each_stage_has_its_own_counts():
    stages = by_stage(breaking())

    assert [it.stage.name for it in stages] == [f"step {number}" for number in range(1, 7)]
    assert [it.met.seconds for it in stages] == [6.0] * 6
    assert [it.met.held for it in stages] == [True] * 4 + [False] * 2
    assert sum(it.met.interval.accepted for it in stages) == breaking().messages.accepted


def test_a_stage_that_was_not_reached_is_not_told():
    run = healthy()
    later = steady(30, 40, 50, 900, "never")

    assert [it.stage.name for it in by_stage(replace(run, stages=(*run.stages, later)))] == [
        "steady"
    ]


def test_a_stage_in_which_nothing_was_due_any_more_is_not_told():
    """A run was stopped in step 5; what had been sent was answered a little later."""
    run = breaking()
    rest = {at: Interval(accepted=3) for at in range(30, 36)}
    intervals = {**run.series.intervals, **rest}

    assert [it.stage.name for it in by_stage(replace(run, series=Series(intervals=intervals)))] == [
        f"step {number}" for number in range(1, 6)
    ]


def test_where_nobody_was_watched_there_are_as_many_users_as_before():
    seconds = {0: Interval(users={"one": 3, "two": 4}), 2: Interval(accepted=1)}
    run = replace(counted(seconds=2.5), series=Series(intervals=seconds))

    assert [met.users for met in moments(run)] == [7, 7, 7]


PLANS = {
    "level": ([steady(0, 30, 5, 100)], 30.0, 3_000),
    "cut short": ([steady(0, 30, 5, 100)], 10.0, 1_000),
    "two stages": ([steady(0, 10, 5, 100), steady(10, 30, 5, 10)], 20.0, 1_100),
    "a ramp": ([Stage(name="", begin=0, end=10, users=(1, 1), rate=(0, 100))], 10.0, 500),
    "half a ramp": ([Stage(name="", begin=0, end=10, users=(1, 1), rate=(0, 100))], 5.0, 125),
    "as they come": ([steady(0, 30, 5, None)], 30.0, 0),
}


@pytest.mark.parametrize(("stages", "seconds", "wanted"), PLANS.values(), ids=PLANS)
def test_how_much_a_plan_asks_for(stages, seconds, wanted):
    run = counted(*[1] * int(seconds), seconds=seconds)

    assert planned(replace(run, stages=tuple(stages))) == pytest.approx(wanted)


HELD = {
    "all of it": (Interval(due=500, begun=500, accepted=500), True),
    "one still under way": (Interval(due=500, begun=500, accepted=470), True),
    "slow, and all of it under way": (
        Interval(due=500, begun=500, accepted=250, latency=histogram(500_000)), True,
    ),
    "some not answered": (Interval(due=500, begun=500, accepted=400), False),
    "some late": (Interval(due=500, begun=500, late=10, accepted=500), False),
    "some not begun": (Interval(due=500, begun=400, accepted=400), False),
    "a refusal": (Interval(due=500, begun=500, accepted=499, troubles={"MAIL 451": 1}), False),
    "as they come": (Interval(begun=500, accepted=300), True),
    "as they come, and refused": (Interval(begun=500, troubles={"MAIL 451": 1}), False),
    "nothing": (Interval(), True),
}  # fmt: skip


@pytest.mark.parametrize(("interval", "held"), HELD.values(), ids=HELD)
def test_what_was_asked_for_was_held_or_not(interval: Interval, held: bool):
    assert Moment(begin=0.0, seconds=1.0, interval=interval).held is held
