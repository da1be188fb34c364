"""Two runs compared: what became of each case, and what that makes of the exit status."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.reports.comparing import comparison_lines, comparison_markdown
from harness.results import Level, Verdict
from harness.results.comparison import Change, compare
from tests.reports.outcomes import ATTACKED, ERROR, FAIL, FIXED, INFO, KNOWN, MET, SKIP, WARN, a_run

OTHERWISE = replace(FAIL, surprise=replace(FAIL.surprise, met="421 bye"))
# before, after -> what became of it, exit status at level must and at level should
CASES = {
    "met stays met": (MET, MET, Change.SAME, 0, 0),
    "met breaks": (MET, FAIL, Change.BROKE, 1, 1),
    "met breaks where it should not": (MET, WARN, Change.BROKE, 0, 1),
    "met breaks where it may": (MET, INFO, Change.BROKE, 0, 0),
    "known becomes unknown": (KNOWN, FAIL, Change.BROKE, 1, 1),
    "a warning becomes a failure": (WARN, FAIL, Change.BROKE, 1, 1),
    "unmet is met": (FAIL, MET, Change.FIXED, 0, 0),
    "unmet is known": (FAIL, KNOWN, Change.FIXED, 0, 0),
    "known is met": (KNOWN, FIXED, Change.FIXED, 0, 0),
    "met and fixed are one": (MET, FIXED, Change.SAME, 0, 0),
    "unmet stays unmet": (FAIL, FAIL, Change.SAME, 0, 0),
    "unmet in another way": (FAIL, OTHERWISE, Change.DIFFERS, 0, 0),
    "hidden by an error": (MET, ERROR, Change.UNJUDGED, 3, 3),
    "hidden by a skip": (MET, SKIP, Change.UNJUDGED, 0, 0),
    "an error is gone": (ERROR, MET, Change.JUDGED, 0, 0),
    "never judged": (SKIP, ERROR, Change.SAME, 0, 0),
}


@pytest.mark.parametrize(("old", "new", "change", "must", "should"), CASES.values(), ids=CASES)
def test_what_became_of_a_case(old, new, change, must, should):
    comparison = compare(a_run(old), a_run(new))

    assert [case.change for case in comparison.cases] == [change]
    assert comparison.exit_status(Level.MUST) == must
    assert comparison.exit_status(Level.SHOULD) == should


def test_every_pair_of_verdicts_becomes_something():
    outcomes = {outcome.verdict: outcome for outcome in (MET, FAIL, WARN, INFO, SKIP, ERROR, KNOWN,
                                                        FIXED)}  # fmt: skip
    assert outcomes.keys() == set(Verdict)
    for old in outcomes.values():
        for new in outcomes.values():
            assert len(compare(a_run(old), a_run(new)).cases) == 1


def test_new_cases_break_nothing_and_cases_that_are_gone_come_last():
    old, new = replace(MET, address="a/old"), replace(FAIL, address="a/new")
    comparison = compare(a_run(old, MET), a_run(MET, new))

    assert [case.change for case in comparison.cases] == [Change.SAME, Change.NEW, Change.GONE]
    assert comparison.exit_status(Level.MUST) == 0


def test_what_an_interrupted_run_did_not_come_to_is_not_gone():
    assert compare(a_run(MET), a_run(interrupted=True)).cases == ()


def test_people_read_what_broke_first():
    others = [replace(it, address=f"a/{it.verdict}") for it in (MET, FAIL, SKIP)]
    broken = replace(others[0], verdict=Verdict.FAIL, surprise=FAIL.surprise)
    mended = replace(others[1], verdict=Verdict.MET, surprise=None)
    told = list(comparison_lines(compare(a_run(*others), a_run(mended, others[2], broken))))

    assert "1 broke" in told
    assert told.index("1 broke") < told.index("1 fixed")
    assert "  a/met  met -> fail: wanted 503|5xx, met 250 2.1.5 ok" in told
    assert "  a/fail  fail -> met" in told
    assert told[-1] == "1 broke, 1 fixed, 1 as before"


def test_that_nothing_changed_is_said():
    assert list(comparison_lines(compare(a_run(MET), a_run(MET))))[-1] == (
        "nothing changed, 1 as before"
    )


def test_all_that_broke_is_told_and_little_of_what_is_new():
    old = [replace(MET, address=f"a/{n}") for n in range(30)]
    broken = [replace(FAIL, address=it.address) for it in old]
    new = [replace(MET, address=f"b/{n}") for n in range(30)]
    told = list(comparison_lines(compare(a_run(*old), a_run(*broken, *new))))

    assert sum(" met -> fail" in line for line in told) == 30
    assert sum(line.startswith("  b/") for line in told) == 20
    assert "  and 10 more" in told


def test_what_a_peer_sent_stays_text():
    comparison = compare(a_run(MET), a_run(replace(ATTACKED, address=MET.address)))

    for told in (comparison_lines(comparison), comparison_markdown(comparison)):
        assert all(line.isprintable() for line in told)
    assert "<x/>" not in "".join(comparison_markdown(comparison))
