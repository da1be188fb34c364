"""Outcomes to report on: one of each verdict, and one full of hostile octets."""

from __future__ import annotations

from dataclasses import replace

from harness.results import (
    Exchange,
    Grade,
    Outcome,
    Requirement,
    RunResult,
    Spot,
    Surprise,
    Verdict,
)

REQUIREMENT = Requirement(
    id="5321-3.3-8",
    level="MUST",
    rfc="5321",
    section="3.3",
    text="RCPT without a preceding MAIL is refused with 503.",
)
SPOT = Spot(path="suites/rfc5321/3.3-order.smtp.yaml", line=10, text="  - id: rcpt-first")
DIALOGUE = (
    Exchange(at=0.0, who="*", happened="connected from 127.0.0.1:41222 to 127.0.0.1:2525"),
    Exchange(at=0.001, who="S", octets=b"220 example.test ESMTP\r\n"),
    Exchange(at=0.002, who="C", octets=b"RCPT TO:<x@[127.0.0.1]>\r\n"),
    Exchange(at=0.003, who="S", octets=b"250 2.1.5 ok\r\n"),
    Exchange(at=0.004, who="*", happened="closed"),
)
SURPRISE = Surprise(
    at=Spot(path=SPOT.path, line=17, text="      S: 503"),
    wanted="503|5xx",
    met="250 2.1.5 ok",
    exchange=3,
)

MET = Outcome(
    address="rfc5321/3.3/rcpt-first",
    suite="rfc5321/3.3",
    title="RCPT before MAIL is out of order",
    verdict=Verdict.MET,
    grade=Grade.MUST,
    requirements=(REQUIREMENT,),
    at=SPOT,
    exchanges=DIALOGUE,
    ports=(41222,),
    seconds=0.004,
    replay="smtp-harness run 127.0.0.1:2525 -s rfc5321/3.3/rcpt-first",
    caught_by="rcpt-before-mail",
)
FAIL = replace(MET, verdict=Verdict.FAIL, surprise=SURPRISE)
WARN = replace(FAIL, verdict=Verdict.WARN, grade=Grade.SHOULD)
INFO = replace(FAIL, verdict=Verdict.INFO, grade=Grade.MAY)
SKIP = replace(MET, verdict=Verdict.SKIP, reason="needs delivery", exchanges=(), ports=())
ERROR = replace(MET, verdict=Verdict.ERROR, reason="MAIL was answered 451 try later")
KNOWN = replace(FAIL, verdict=Verdict.KNOWN, reason="known since 3.7")
FIXED = replace(MET, verdict=Verdict.FIXED, reason="known since 3.7")
ONE_OF_EACH = (MET, FAIL, WARN, INFO, SKIP, ERROR, KNOWN, FIXED)

# What a terminal would obey, XML cannot hold, and markup would eat.
HOSTILE = (
    b"\x1b[2J\x1b]0;owned\x07\x9b31m\x00\x08\x7f\xff\xfe \xef\xbf\xbe\xe2\x80\xa8\xe2\x80\xae"
    b"]]>&<x/> [127.0.0.1] [red] \\ \r\n"
)
HOSTILE_TEXT = HOSTILE.decode("utf-8", "surrogateescape")
ATTACKED = replace(
    FAIL,
    title=f"title {HOSTILE_TEXT}",
    reason=f"reason {HOSTILE_TEXT}",
    surprise=replace(SURPRISE, wanted=HOSTILE_TEXT, met=HOSTILE_TEXT, detail=(HOSTILE_TEXT,)),
    notes=(HOSTILE_TEXT,),
    exchanges=(
        Exchange(at=0.0, who="*", happened=HOSTILE_TEXT),
        Exchange(at=0.1, who="S", octets=HOSTILE),
        Exchange(at=0.2, who="C", octets=HOSTILE, connection="again"),
    ),
)


def a_run(*outcomes: Outcome, **changes: object) -> RunResult:
    """A run with these outcomes."""
    run = RunResult(
        target="127.0.0.1:2525",
        started="2026-11-24T02:00:00+00:00",
        seconds=1.5,
        seed=4711,
        greeting="220 example.test ESMTP",
        outcomes=outcomes,
        harness="0.1.0",
    )
    return replace(run, **changes)  # type: ignore[arg-type]  # as a test names them
