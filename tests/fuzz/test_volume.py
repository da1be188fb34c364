"""Conversations from seeds: a few thousand inputs here, a million and more in `make nightly`."""

from __future__ import annotations

import pytest

from tests.fuzz.volume import Tally, converse


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_conversations_from_seeds_are_answered_in_step(seed):
    tally = Tally()
    for number in range(seed * 50, seed * 50 + 50):
        converse(number, tally)
    assert tally.conversations == 50
    assert {state for state, _ in tally.met} >= {"FRESH", "READY", "SENDER", "RECIPIENTS", "TEXT"}
