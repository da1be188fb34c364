"""Verdicts: unmet x grade, and all that is no verdict about the target."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.documents import Place
from harness.results import Exchange, Grade, Spot, Surprise, Verdict
from harness.runner.endings import Played
from harness.runner.judge import Charge, grade_of, judge, requirements_of, skipped
from harness.runner.known import Deviation
from harness.transcripts.catalogue import Catalogue
from tests.runner.stages import block

SURPRISE = Surprise(at=Spot(path="x", line=1), wanted="250", met="500")
UNMET = Played(surprise=SURPRISE)
DEVIATION = Deviation(
    address="test/suite/a",
    section="RFC 5321 4.1.4",
    clause="MAY be issued later.",
    met="503",
    who="target",
    link="none",
    at=Place("known.yaml", 1),
)


@pytest.fixture
def case(author):
    return author.case("C: NOOP\nS: 250")


@pytest.mark.parametrize(
    ("grade", "verdict"),
    [
        (Grade.MUST, Verdict.FAIL),
        (Grade.VULNERABILITY, Verdict.FAIL),
        (Grade.SHOULD, Verdict.WARN),
        (Grade.DE_FACTO, Verdict.WARN),
        (Grade.MAY, Verdict.INFO),
    ],
)
def test_unmet_times_grade_is_the_verdict(case, grade, verdict):
    assert judge(case, UNMET, Charge(grade=grade)).verdict is verdict
    assert judge(case, Played(), Charge(grade=grade)).verdict is Verdict.MET


@pytest.mark.parametrize(
    ("played", "verdict", "reason"),
    [
        (Played(void="421"), Verdict.SKIP, "421"),
        (Played(trouble="no space"), Verdict.ERROR, "no space"),
        (Played(trouble="550", refused=True), Verdict.ERROR, "the start was refused: 550"),
        (Played(busy="421 at the greeting"), Verdict.ERROR, "421 at the greeting"),
    ],
)
def test_what_says_nothing_about_the_target_is_no_verdict(case, played, verdict, reason):
    for deviation in (None, DEVIATION):
        outcome = judge(case, played, Charge(grade=Grade.MUST, deviation=deviation))

        assert (outcome.verdict, outcome.reason) == (verdict, reason)


def test_a_known_deviation_is_known_until_it_is_fixed(case):
    charge = Charge(grade=Grade.MUST, deviation=DEVIATION)

    known, fixed = judge(case, UNMET, charge), judge(case, Played(), charge)
    assert (known.verdict, fixed.verdict) == (Verdict.KNOWN, Verdict.FIXED)
    assert known.surprise == SURPRISE
    assert (
        known.reason
        == fixed.reason
        == ('RFC 5321 4.1.4: "MAY be issued later." Known to meet 503: the target is wrong')
    )


def test_a_deviation_says_who_is_wrong_and_where_that_is_discussed():
    ours = replace(DEVIATION, who="us", link="https://example.test/1")

    assert str(ours).endswith("Known to meet 503: we are wrong; https://example.test/1")


def test_an_outcome_holds_all_that_a_report_shows(case):
    played = Played(
        surprise=SURPRISE,
        notes=("odd", "odd", "best"),
        exchanges=(Exchange(at=0.0, who="S", octets=b"500\r\n"),),
        ports=(4711,),
        seconds=1.5,
    )
    outcome = judge(case, played, Charge(grade=Grade.MAY, replay="smtp-harness run"))

    assert (outcome.address, outcome.suite, outcome.title) == (
        "test/suite/a",
        "test/suite",
        "Case a",
    )
    assert (outcome.ports, outcome.seconds, outcome.replay) == ((4711,), 1.5, "smtp-harness run")
    assert outcome.notes == ("odd", "best")
    assert outcome.exchanges == played.exchanges
    assert outcome.at.line == case.at.line


def test_a_case_that_is_not_played_has_a_reason(case):
    outcome = skipped(case, "needs delivery", Charge(grade=Grade.MUST))

    assert (outcome.verdict, outcome.reason) == (Verdict.SKIP, "needs delivery")


# checks, more keys -> grade
GRADES = {
    "a MUST by its word": ("[5321-3.3-8]", "", Grade.MUST),
    "the first of several": ("[5321-3.3-14, 5321-3.3-8]", "", Grade.MAY),
    "nothing in the catalogue": ("[]", "", Grade.DE_FACTO),
    "de-facto": ("[DF-smuggling-1]", "", Grade.DE_FACTO),
    "raised": ("[5321-3.3-14]", "grade: MUST\nwhy: because", Grade.MUST),
    "a vulnerability": ("[DF-smuggling-1]", "grade: vulnerability", Grade.VULNERABILITY),
}


@pytest.mark.parametrize(("checks", "more", "grade"), GRADES.values(), ids=GRADES)
def test_the_first_check_gives_the_grade_unless_it_is_raised(author, checks, more, grade):
    text = block("C: NOOP\nS: 250", more).replace("checks: []", f"checks: {checks}")
    (case,) = author.suite(text).cases

    assert grade_of(case, Catalogue.load()) is grade


def test_the_requirements_of_a_case_are_told_with_their_sections(author):
    text = block("C: NOOP\nS: 250").replace("checks: []", "checks: [5321-3.3-8, 5321-3.3-14]")
    (case,) = author.suite(text).cases

    first, second = requirements_of(case, Catalogue.load())
    assert (first.id, first.level, first.rfc, first.section) == (
        "5321-3.3-8",
        "MUST",
        "5321",
        "3.3",
    )
    assert first.text.startswith("RCPT without a preceding MAIL")
    assert second.level == "MAY"
