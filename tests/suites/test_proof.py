"""Every shipped case, both ways: met by the honest server, unmet by its liar.

Servers are child processes and verdicts rest on octets; nothing here looks into the server.
"""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import pytest
import trio

from harness.cli.embedded import embedded
from harness.results import JUDGED, Outcome, Verdict
from harness.runner.plan import make_plan
from harness.runner.run import run_suites
from harness.runner.settings import Settings
from harness.transcripts.loader import find_suites, load_suite, shipped_suites
from harness.transcripts.model import Case, Suite
from reference_server.lies import LIES

pytestmark = pytest.mark.slow

TEXTBOOK = "textbook/dialogue/alice-to-bob"
SAMPLE = int(os.environ.get("SMTP_HARNESS_SAMPLE", "8"))
# Their lies are held against RFC 5321: vectors overlap by nature (LF . CR opens LF . CR LF).
NO_RFC = {"auth", "injection", "limits", "relay", "robustness", "smuggling", "starttls", "textbook"}


@cache
def suites():
    return [load_suite(path) for path in find_suites(shipped_suites())]


def play(target, chosen, *, jobs=8) -> tuple[Outcome, ...]:
    settings = Settings(jobs=jobs, seed=1)
    plan = make_plan(chosen, target, settings)
    return trio.run(run_suites, plan, settings).outcomes


def not_met(outcomes) -> dict[str, str]:
    return {
        outcome.address: told(outcome) for outcome in outcomes if outcome.verdict is not Verdict.MET
    }


def test_every_case_is_met_by_the_honest_server():
    with embedded() as target:
        outcomes = play(target, suites())
    assert not_met(outcomes) == {}
    assert len(outcomes) == sum(len(suite.cases) for suite in suites())


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_caught_by_its_cases_and_leaves_the_others_met(name):
    cases = [case for suite in suites() for case in suite.cases]
    about_it = {folder(case.address) for case in cases if case.caught_by == name}
    rfcs = about_it - NO_RFC or {"rfc5321"}
    others = sampled(
        name, [it.address for it in cases if it.caught_by != name and folder(it.address) in rfcs]
    )
    played = {*others, TEXTBOOK}
    with embedded(name) as target:
        outcomes = play(target, of_cases(lambda case: case.caught_by == name or
                                         case.address in played),
                        jobs=1 if LIES[name].one_by_one else 8)  # fmt: skip
    its_own = [outcome for outcome in outcomes if outcome.caught_by == name]
    assert its_own
    assert {outcome.address: told(outcome) for outcome in its_own if not is_caught(outcome)} == {}
    if name != "headerless-refused":  # that one is about the textbook's own message
        assert TEXTBOOK not in not_met(outcomes)
    unmet = not_met(o for o in outcomes if o.address in others)
    assert len(unmet) <= math.ceil(len(others) / 10), unmet


def sampled(name: str, others: Sequence[str]) -> list[str]:
    """The others that are played: with 400 liars each change can wait for one in SAMPLE only.

    Of these, too, a tenth may be unmet, a begun one counting as one.

    `make nightly` plays all of them, in the kill matrix (ci/kills).
    """
    return [it for it in others if zlib.crc32(f"{name} {it}".encode()) % SAMPLE == 0]


def of_cases(is_chosen: Callable[[Case], bool]) -> list[Suite]:
    return [replace(suite, cases=tuple(filter(is_chosen, suite.cases))) for suite in suites()]


def is_caught(outcome: Outcome) -> bool:
    """A skip or an error on the liar is not caught."""
    return outcome.verdict in JUDGED and outcome.surprise is not None


def folder(address: str) -> str:
    return address.split("/")[0]


def told(outcome: Outcome) -> str:
    return f"{outcome.verdict}: {outcome.surprise or outcome.reason}"
