"""All suites that we ship, against the reference server in a process of its own."""

from __future__ import annotations

import pytest
import trio

from harness.cli.choosing import choose
from harness.cli.embedded import embedded
from harness.runner.plan import make_plan
from harness.runner.run import run_suites
from harness.runner.settings import Settings

pytestmark = pytest.mark.slow


# What is about the end of a text and its dots: a liar's trouble is there.
TEXTS = ("rfc5321/4.1*", "rfc5321/4.5*", "smuggling", "rfc2920", "textbook")


def verdicts(fault: str | None, *where: str, **options: object) -> dict[str, str]:
    settings = Settings(jobs=8, **options)  # type: ignore[arg-type]
    with embedded(fault) as target:
        plan = make_plan(choose(where), target, settings)
        result = trio.run(run_suites, plan, settings)
    return {outcome.address: outcome.verdict.value for outcome in result.outcomes}


@pytest.mark.parametrize("segment", ["lines", "bytes", "random:7"])
def test_the_honest_server_meets_all_however_our_writes_are_cut(segment):
    assert set(verdicts(None, segment=segment).values()) == {"met"}


@pytest.mark.parametrize("fault", ["no-unstuff", "lf-dot-lf"])
def test_a_liar_fails_the_same_cases_however_our_writes_are_cut(fault):
    whole = verdicts(fault, *TEXTS, segment="whole")

    assert "fail" in whole.values()
    assert verdicts(fault, *TEXTS, segment="bytes") == whole
