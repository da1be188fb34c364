"""The proof of cases, on the reference server and its lies."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from harness.results import Grade, Outcome, Spot, Surprise, Verdict
from harness.runner.plan import make_plan
from harness.runner.prove import Proof, prove
from harness.runner.settings import Settings
from tests.runner.reference import reference
from tests.runner.stages import block

NO_VRFY = block("C: VRFY {recipient}\nS: 25x|55x", "caught_by: no-vrfy", id="vrfy")
NO_HELP = block("C: HELP\nS: 21x", "caught_by: no-help", id="help")
BLIND = block("C: NOOP\nS: 250", "caught_by: no-vrfy", id="blind")
NAMELESS = block("C: NOOP\nS: 250", id="nameless")
WRONG = block("C: WHAT\nS: 251", "caught_by: no-vrfy", id="wrong")
SKIPPED = block("C: NOOP\nS: 250", "needs: [slow]\ncaught_by: no-vrfy", id="skipped")


async def test_a_case_is_proven_if_the_liar_alone_fails_it(author, tmp_path):
    started: list[str] = []

    @asynccontextmanager
    async def start_liar(name: str):
        started.append(name)
        async with reference(tmp_path / name, fault=name) as target:
            yield target

    suite = author.suite(NO_VRFY, NO_HELP, BLIND, NAMELESS, WRONG, SKIPPED)
    told: list[Proof] = []
    async with reference(tmp_path / "honest") as target:
        settings = Settings(jobs=2, fail_fast=True)
        plan = make_plan([suite], target, settings)
        proofs = await prove(plan, settings, start_liar, told.append)

    assert tuple(told) == proofs
    assert sorted(started) == ["no-help", "no-vrfy"]
    objections = {proof.address.rpartition("/")[2]: proof.objection for proof in proofs}
    assert objections.pop("wrong").startswith(
        "on the honest server it is warn: wanted 251, met 500"
    )
    assert objections == {
        "vrfy": "",
        "help": "",
        "blind": "on no-vrfy it is met",
        "nameless": "it names no lie: `caught_by:`",
        "skipped": "on the honest server it is skip: needs time: --slow plays what waits for long",
    }
    assert [proof.is_proven for proof in proofs] == [True, True, False, False, False, False]


def outcome(verdict: Verdict, *, unmet: bool = False) -> Outcome:
    spot = Spot(path="x", line=1)
    return Outcome(
        address="x/y",
        title="x",
        verdict=verdict,
        grade=Grade.MUST,
        at=spot,
        surprise=Surprise(at=spot, wanted="250", met="500") if unmet else None,
        caught_by="a-lie",
        reason="" if unmet else "a reason",
    )


@pytest.mark.parametrize("verdict", [Verdict.SKIP, Verdict.ERROR, Verdict.MET])
def test_a_skip_or_an_error_on_the_liar_is_not_caught(verdict):
    proof = Proof(honest=outcome(Verdict.MET), liar=outcome(verdict))

    assert not proof.is_caught
    assert proof.objection.startswith(f"on a-lie it is {verdict}")


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.WARN, Verdict.INFO])
def test_unmet_on_the_liar_is_caught_whatever_the_verdict(verdict):
    assert Proof(honest=outcome(Verdict.MET), liar=outcome(verdict, unmet=True)).is_proven


def test_a_case_that_the_honest_server_does_not_meet_is_not_proven():
    both = outcome(Verdict.FAIL, unmet=True)

    assert not Proof(honest=both, liar=both).is_proven
