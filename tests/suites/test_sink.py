"""The suites against a sink: it keeps nothing, and is right in all else."""

from __future__ import annotations

import dataclasses

import pytest
import trio

from harness.cli.choosing import choose
from harness.cli.embedded import embedded
from harness.results import Verdict
from harness.runner.plan import make_plan
from harness.runner.run import run_suites
from harness.runner.settings import Settings

pytestmark = pytest.mark.slow


def outcomes(**options):
    settings = Settings(jobs=8, seed=1, **options)
    with embedded(None, "--sink") as target:
        lacking = dataclasses.replace(
            target, delivery={}, unknown_recipient=None, foreign_recipient=None
        )
        plan = make_plan(choose(()), lacking, settings)
        return trio.run(run_suites, plan, settings).outcomes


# What a sink has not: mail to be read back, and somebody whom it refuses.
LACKING = ("needs to read back what was delivered", "needs a recipient who")


@pytest.mark.parametrize("segment", ["whole", "random:7"])
def test_all_is_met_but_what_needs_delivery_or_a_refusal(segment):
    played = outcomes(segment=segment)
    skipped = [it for it in played if it.verdict is Verdict.SKIP]
    assert [it.reason for it in skipped if not str(it.reason).startswith(LACKING)] == []
    others = {it.address: it.surprise for it in played if it.verdict is not Verdict.SKIP}
    assert {address: surprise for address, surprise in others.items() if surprise} == {}
    assert {it.verdict for it in played} == {Verdict.SKIP, Verdict.MET}
    assert len(others) > len(skipped)
