"""Locust's statistics are the same, whether it is told of each message or of each second's."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # importing Locust takes that long


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.loadtests.running.tallied"]
    made = subprocess.run(command, check=True, capture_output=True, timeout=60)
    told: dict[str, Any] = json.loads(made.stdout)
    return told


def test_seconds_add_up_to_what_was_told_one_by_one(told: dict[str, Any]):
    assert len(told["both"]) == 4
    assert told["both"][-1][0]["message"]["requests"] == 1_000
    for one_by_one, by_the_second in told["both"]:
        assert by_the_second == one_by_one


def test_what_waits_is_told_when_a_run_stops(told: dict[str, Any]):
    assert told["stopped"] == [0, 1]


def test_who_begins_to_listen_hears_each_message_and_none_counts_twice(told: dict[str, Any]):
    heard, known = told["joined"]
    assert heard == 2
    assert known == 3
