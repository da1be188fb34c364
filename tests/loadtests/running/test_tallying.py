"""Locust's statistics are the same, whether they are added up one by one or in batches."""

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


def test_batches_add_up_to_what_was_logged(told: dict[str, Any]):
    assert len(told["both"]) == 6
    assert told["both"][-1][0]["message"]["requests"] > 0
    for one_by_one, in_batches in told["both"]:
        assert in_batches == one_by_one


def test_what_waits_is_added_up_when_a_run_stops(told: dict[str, Any]):
    assert told["stopped"] == [0, 1]
