"""Conversations from seeds: a few thousand inputs here, a million and more in `make nightly`."""

from __future__ import annotations

import pytest

from harness.protocol.services import Service
from tests.fuzz.volume import Tally, converse


@pytest.mark.slow
def test_conversations_from_seeds_are_answered_in_step():
    tally = Tally()
    for seed in range(300):
        converse(seed, tally)
    assert tally.conversations == 300
    states = {"FRESH", "READY", "SENDER", "RECIPIENTS", "TEXT", "CHUNKS", "RESPONSE"}
    met = {(service, state) for service, state, _ in tally.met}
    assert met == {(service.value, state) for service in Service for state in states}
