"""A server that repeats what it was told does not bring the password into a report."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest

from harness.results import Exchange, Outcome, to_json
from harness.runner.discretion import Discretion
from harness.runner.plan import make_plan
from harness.runner.run import run_suites
from harness.runner.settings import Settings
from harness.target import Login, Secret, Target
from tests.reports.outcomes import FAIL, SURPRISE, a_run
from tests.runner.stages import ADDRESS, Peer, block, staged

PASSWORD = "pass=wörd\\1"
FORMS = {
    "PLAIN": b64encode(f"\0alice\0{PASSWORD}".encode()).decode(),
    "PLAIN for oneself": b64encode(f"alice\0alice\0{PASSWORD}".encode()).decode(),
    "LOGIN": b64encode(PASSWORD.encode()).decode(),
    "without padding": b64encode(PASSWORD.encode()).decode().rstrip("="),
}


def target(password: Secret | None) -> Target:
    return Target(address=ADDRESS, login=Login("alice", password) if password else None)


def saying(text: str) -> Outcome:
    """An outcome in each of whose texts this stands."""
    return replace(
        FAIL,
        reason=f"AUTH was answered 535 {text}",
        notes=(f"odd: {text}",),
        surprise=replace(SURPRISE, met=f"535 {text}", detail=(text,)),
        exchanges=(Exchange(at=0, who="S", octets=f"535 {text}\r\n".encode()),
                   Exchange(at=0, who="*", happened=f"too late to say {text}")),
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_no_form_of_the_password_stays(form):
    hushed = Discretion(target(Secret(text=PASSWORD))).hush(saying(form))

    assert form.rstrip("=") not in to_json(a_run(hushed))
    assert hushed.reason.startswith("AUTH was answered 535 ***")
    assert hushed.exchanges[0].octets.startswith(b"535 ***")


def test_the_password_as_it_is_goes_too():
    hushed = Discretion(target(Secret(text="correct horse"))).hush(saying("correct horse?"))

    assert hushed.surprise
    assert (hushed.surprise.met, hushed.surprise.detail) == ("535 ***?", ("***?",))


@pytest.mark.parametrize(
    "password",
    [None, Secret(text=""), Secret(text="x"), Secret(env="SURELY_NOBODY_SET_THIS")],
    ids=["no login", "empty", "a letter", "not there"],
)
def test_what_is_no_secret_stays(password):
    outcome = saying("example x")

    assert Discretion(target(password)).hush(outcome) == outcome


async def test_a_run_is_discreet(autojump_clock, author):
    told = b64encode(b"\0alice\0wonderland")
    peer = Peer(EHLO=b"250-peer.test\r\n250 AUTH PLAIN\r\n", AUTH=b"535 wrong: %b\r\n" % told)
    settings = Settings()
    async with staged(peer, target(Secret(text="wonderland")), settings) as stage:
        stage.offers.clear()
        suite = author.suite(block("C: NOOP\nS: 250", start="auth"))
        plan = make_plan([suite], stage.target, settings)
        result = await run_suites(plan, settings, print, hears_signals=False, stage=stage)

    assert result.outcomes[0].reason == "the start was refused: AUTH was answered 535 wrong: ***"
    assert told.decode().rstrip("=") not in to_json(result)
