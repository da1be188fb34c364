"""Every shipped case, both ways: met by the honest server, unmet by its liar, however it is cut.

Servers are child processes and verdicts rest on octets; nothing here looks into the server.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import cache

import pytest
import trio

from harness.cli.embedded import embedded
from harness.results import Outcome, Verdict
from harness.runner.plan import make_plan
from harness.runner.prove import prove
from harness.runner.run import run_suites
from harness.runner.settings import Settings
from harness.transcripts.loader import find_suites, load_suite, shipped_suites
from reference_server.lies import LIES

pytestmark = pytest.mark.slow


@cache
def suites():
    return [load_suite(path) for path in find_suites(shipped_suites())]


def play_all(target, **settings) -> tuple[Outcome, ...]:
    settings = Settings(jobs=8, seed=1, **settings)
    plan = make_plan(suites(), target, settings)
    return trio.run(run_suites, plan, settings).outcomes


def not_met(outcomes) -> dict[str, str]:
    return {
        outcome.address: f"{outcome.verdict}: {outcome.surprise or outcome.reason}"
        for outcome in outcomes
        if outcome.verdict is not Verdict.MET
    }


def rfc_of(address: str) -> str:
    return address.split("/")[0]


@asynccontextmanager
async def liar(name):
    with embedded(name) as target:
        yield target


def test_every_case_is_met_by_the_honest_server_and_unmet_by_its_liar():
    settings = Settings(jobs=8, seed=1)
    with embedded() as target:
        plan = make_plan(suites(), target, settings)
        proofs = trio.run(prove, plan, settings, liar)
    assert {proof.address: proof.objection for proof in proofs if not proof.is_proven} == {}
    assert len(proofs) == sum(len(suite.cases) for suite in suites())


@pytest.mark.parametrize("segment", ["lines", "bytes", "random:1", "random:2"])
def test_the_verdict_does_not_change_with_the_cuts(segment):
    with embedded() as target:
        assert not_met(play_all(target, segment=segment)) == {}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_leaves_nine_in_ten_of_the_other_cases_of_its_rfc_met(name):
    with embedded(name) as target:
        outcomes = play_all(target)
    caught_by_it = {outcome.address for outcome in outcomes if outcome.caught_by == name}
    # The vectors of smuggling/ overlap by nature (LF . CR opens LF . CR LF), and are no RFC's.
    rfcs = {rfc_of(address) for address in caught_by_it} - {"smuggling", "textbook"} or {"rfc5321"}
    others = [
        outcome
        for outcome in outcomes
        if rfc_of(outcome.address) in rfcs and outcome.address not in caught_by_it
    ]
    tripped = not_met(others)
    assert len(tripped) * 10 <= len(others), tripped


@pytest.mark.parametrize("name", sorted(set(LIES) - {"headerless-refused"}))
def test_a_lie_leaves_the_textbook_case_met(name):
    settings = Settings()
    textbook = [suite for suite in suites() if suite.id == "textbook/dialogue"]
    with embedded(name) as target:
        plan = make_plan(textbook, target, settings, k="alice-to-bob")
        assert not_met(trio.run(run_suites, plan, settings).outcomes) == {}
