from __future__ import annotations

import pytest

from harness.load_results import Stage
from loadtests.timing.plan import Plan


def stages(*parts: tuple[float, tuple[float, float], tuple[float, float] | None]) -> Plan:
    made, begin = [], 0.0
    for seconds, users, rate in parts:
        made.append(Stage(name="", begin=begin, end=begin + seconds, users=users, rate=rate))
        begin += seconds
    return Plan(made)


STEADY = stages((10, (5, 5), (100, 100)))
RAMP = stages((10, (0, 20), (0, 100)))
SPIKE = stages((2, (5, 5), (10, 10)), (1, (5, 50), (10, 100)), (2, (50, 50), (100, 100)))


@pytest.mark.parametrize(
    ("plan", "moment", "users"),
    [
        (STEADY, 0, 5), (STEADY, 9.9, 5),
        (RAMP, 0, 0), (RAMP, 5, 10), (RAMP, 10, 20), (RAMP, 11, 20),
        (SPIKE, 1, 5), (SPIKE, 2.5, 28), (SPIKE, 3, 50),
    ],
)  # fmt: skip
def test_users_change_evenly_within_a_stage(plan, moment, users):
    assert plan.users_at(moment) == users


@pytest.mark.parametrize(
    ("plan", "moment", "due"),
    [
        (STEADY, 0, 0), (STEADY, 1, 100), (STEADY, 99, 1000),
        (RAMP, 5, 125), (RAMP, 10, 500),
        (SPIKE, 2, 20), (SPIKE, 3, 75), (SPIKE, 5, 275),
    ],
)  # fmt: skip
def test_what_is_due_is_what_the_rate_adds_up_to(plan, moment, due):
    assert plan.due_by(moment) == pytest.approx(due)


@pytest.mark.parametrize("plan", [STEADY, RAMP, SPIKE])
def test_the_moment_of_a_message_is_when_its_number_is_due(plan):
    for count in range(1, int(plan.due_by(plan.duration)) + 1):
        moment = plan.moment_of(count)
        assert moment is not None
        assert plan.due_by(moment) == pytest.approx(count)


def test_nothing_is_due_behind_the_end():
    assert STEADY.moment_of(1000.5) is None


def test_without_a_rate_nothing_is_ever_due():
    plan = stages((10, (5, 5), None))

    assert (plan.due_by(10), plan.moment_of(1)) == (0, None)


def test_a_stage_without_a_rate_is_a_pause_for_what_is_due():
    plan = stages((1, (5, 5), (10, 10)), (5, (5, 5), None), (1, (5, 5), (10, 10)))

    assert plan.moment_of(10) == pytest.approx(1)
    assert plan.moment_of(11) == pytest.approx(6.1)


def test_a_stage_whose_rate_falls_to_nothing_ends_its_messages():
    plan = stages((10, (5, 5), (100, 0)))

    assert plan.moment_of(500) == pytest.approx(10)
    assert plan.moment_of(375) == pytest.approx(5)
