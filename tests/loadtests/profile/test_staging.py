from __future__ import annotations

from pathlib import Path

import pytest

from harness.load_results import Stage
from tests.loadtests.profile.writing import complaints, profile


def stages(folder: Path, text: str) -> list[tuple[str, float, float]]:
    return [(one.name, one.begin, one.end) for one in profile(folder, text).stages]


def test_a_profile_without_stages_is_one_without_a_name(tmp_path: Path):
    (stage,) = profile(tmp_path, "duration: 2m\nusers: 5").stages

    assert stage == Stage(name="", begin=0.0, end=120.0, users=(5, 5))


# what is written -> users from, to
USERS = {"20": (20, 20), "1..200": (1, 200), "200..0": (200, 0), "5 .. 6": (5, 6)}


@pytest.mark.parametrize(("written", "users"), USERS.items(), ids=USERS)
def test_users_stay_or_change_evenly(tmp_path: Path, written: str, users: tuple[int, int]):
    found = profile(tmp_path, f"users: {written}")

    assert found.stages[0].users == users
    assert found.users == max(users)


RATES = {
    "500/s": (500, 500),
    "60/min": (1, 1),
    "1800/h": (0.5, 0.5),
    "0.5/s": (0.5, 0.5),
    "100/s..2000/s": (100, 2000),
    "0/s..60 / min": (0, 1),
}


@pytest.mark.parametrize(("written", "rate"), RATES.items(), ids=RATES)
def test_rates_are_per_second_minute_or_hour(tmp_path: Path, written: str, rate: tuple[int, int]):
    found = profile(tmp_path, f"rate: {written}")

    assert found.stages[0].rate == rate
    assert found.has_rate
    assert found.users == 20  # connections, where nobody says how many


def test_stages_follow_each_other(tmp_path: Path):
    text = """
users: 2
stages:
  - {name: calm, for: 1m}
  - {name: crowd, for: 10s, users: 2..50}
  - {for: 30s, users: 50}
"""
    assert stages(tmp_path, text) == [("calm", 0, 60), ("crowd", 60, 70), ("50 users", 70, 100)]
    assert [one.users for one in profile(tmp_path, text).stages] == [(2, 2), (2, 50), (50, 50)]


def test_a_stage_without_a_name_is_called_by_what_it_asks_for(tmp_path: Path):
    text = """
stages:
  - {for: 1s, rate: 10/s..500/s}
  - {for: 1s, rate: 500/s}
  - {for: 1s, rate: 500/s}
  - {for: 1s, rate: 60/min, name: calm}
  - {for: 1s, rate: 60/min, name: calm}
"""
    assert [name for name, _, _ in stages(tmp_path, text)] == [
        "10/s..500/s",
        "500/s",
        "500/s (2)",
        "calm",
        "calm (2)",
    ]


def test_steps_are_stages_that_stay_at_their_level(tmp_path: Path):
    text = "stages: [{name: climb, for: 40s, rate: 100/s..400/s, users: 1..10, steps: 4}]"
    found = profile(tmp_path, text).stages

    assert [(one.name, one.begin, one.end) for one in found] == [
        ("climb 100/s", 0, 10),
        ("climb 200/s", 10, 20),
        ("climb 300/s", 20, 30),
        ("climb 400/s", 30, 40),
    ]
    assert [one.rate for one in found] == [(rate, rate) for rate in (100, 200, 300, 400)]
    assert [one.users for one in found] == [(1, 1), (4, 4), (7, 7), (10, 10)]


def test_steps_of_users_have_whole_ones(tmp_path: Path):
    found = profile(tmp_path, "stages: [{for: 30s, users: 1..10, steps: 3}]").stages

    assert [(one.name, one.users) for one in found] == [
        ("1 user", (1, 1)),
        ("6 users", (6, 6)),
        ("10 users", (10, 10)),
    ]


NO_NUMBER = "'users' must be a whole number, not {!r} (such as 20 or 1..200)"
NO_RATE = "'rate' must be a rate, not {!r} (such as 500/s, 100/s..2000/s, 60/min or 100/h)"
NO_DURATION = "'duration' must be a duration, not {!r} (such as 5s, 200ms or 2m)"

# what is written -> what is pointed at, and what is said of it
WRONG = {
    "users: many": ("many", NO_NUMBER.format("many")),
    "users: 1.5": ("1.5", NO_NUMBER.format("1.5")),
    "users: 1..": ("1", NO_NUMBER.format("")),
    "users: 1..x": ("x", NO_NUMBER.format("x")),
    "users: 1...2": (".2", NO_NUMBER.format(".2")),
    "users: 2000000": ("2000000", "'users' must be at most 1000000"),
    "users: 0": ("0", "'users' must be at least 1 at some time"),
    "rate: 500": ("500", NO_RATE.format("500")),
    "rate: 1..500/s": ("1", NO_RATE.format("1")),
    "rate: 5/d": ("5/d", NO_RATE.format("5/d")),
    "rate: 0/s": ("0/s", "'rate' must be more than nothing at some time"),
    "duration: 0s": ("0s", "'duration' must be more than nothing, and 365d at most"),
    "duration: ten": ("ten", NO_DURATION.format("ten")),
    "duration: 1s..2s": ("1s..2s", NO_DURATION.format("1s..2s")),
    "stages: []": ("[", "'stages' names no stage"),
    "stages: [calm]": ("calm", "a stage must be a mapping: `key: value` lines"),
    "stages: [{users: 5}]": ("{", "a stage has no 'for'"),
    "stages: [{for: 1s, user: 5}]": ("user", "unknown key 'user' (did you mean 'users'?)"),
    "stages: [{for: 1s, users: 1..9, steps: 1}]": ("1", "'steps' must be from 2 to 1000"),
    "stages: [{for: 1s, users: 9, steps: 3}]": (
        "3",
        "'steps' lead from one number of users, or rate, to another (such as rate: 100/s..1000/s)",
    ),
    "stages: [{for: 1s, rate: 1/s}, {for: 2s}]": (
        "{",
        "this stage has no 'rate', and others have (0/s for none)",
    ),
    "duration: 1s\nstages: [{for: 1s}]": (
        "1s",
        "'duration' and 'stages' are two plans (leave one out)",
    ),
}


@pytest.mark.parametrize(("text", "complaint"), WRONG.items(), ids=WRONG)
def test_a_plan_that_is_none_is_complained_of(
    tmp_path: Path, text: str, complaint: tuple[str, str]
):
    assert complaints(tmp_path, text) == [complaint]
