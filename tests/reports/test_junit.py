from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from harness.reports.junit import to_junit
from harness.results import Level, Spot
from tests.reports.outcomes import (
    ATTACKED,
    ERROR,
    FAIL,
    FIXED,
    INFO,
    KNOWN,
    MET,
    ONE_OF_EACH,
    SKIP,
    WARN,
    a_run,
)
from tests.reports.parsing import spoiled, unescaped


def parsed(*outcomes, level=None, **changes):
    return ElementTree.fromstring(to_junit(a_run(*outcomes, **changes), level=level).encode())


# outcome, level -> the element that tells a CI what happened
TOLD = {
    "met": (MET, Level.SHOULD, None),
    "a MUST unmet": (FAIL, Level.MUST, "failure"),
    "a SHOULD unmet at level must": (WARN, Level.MUST, None),
    "a SHOULD unmet at level should": (WARN, Level.SHOULD, "failure"),
    "a MAY unmet": (INFO, Level.SHOULD, None),
    "an error": (ERROR, Level.MUST, "error"),
    "a skip": (SKIP, Level.MUST, "skipped"),
    "a known deviation": (KNOWN, Level.SHOULD, None),
    "a known deviation that is gone": (FIXED, Level.SHOULD, None),
}


@pytest.mark.parametrize(("outcome", "level", "element"), TOLD.values(), ids=TOLD)
def test_a_verdict_becomes_the_element_that_ci_understands(outcome, level, element):
    case = parsed(outcome, level=level).find(".//testcase")
    told = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]

    assert told == ([element] if element else [])
    assert all(child.get("message") for child in case if child.tag in told)


def test_the_counts_add_up():
    root = parsed(*ONE_OF_EACH)

    for element in (root, root.find("testsuite")):
        counts = {name: element.get(name) for name in ("tests", "failures", "errors", "skipped")}
        assert counts == {"tests": "8", "failures": "1", "errors": "1", "skipped": "1"}


def test_the_level_of_the_run_is_the_default():
    assert parsed(WARN, level=None).get("failures") == "0"
    assert ElementTree.fromstring(to_junit(a_run(WARN, level=Level.SHOULD))).get("failures") == "1"


def test_a_failure_without_a_word_is_still_a_failure():
    mute = replace(FAIL, surprise=None, reason="")

    assert parsed(mute).find(".//failure").get("message") == "fail"


def test_a_case_has_its_name_place_and_time():
    case = parsed(FAIL).find(".//testcase")

    assert case.get("classname") == "rfc5321/3.3"
    assert case.get("name") == "rcpt-first"
    assert case.get("file") == "suites/rfc5321/3.3-order.smtp.yaml"
    assert case.get("line") == "10"
    assert case.get("time") == "0.004"


def test_a_suite_took_as_long_as_its_cases():
    assert parsed(MET, FAIL).find("testsuite").get("time") == "0.008"


def test_a_case_that_took_no_time_has_one():
    assert parsed(replace(SKIP, seconds=0.0)).find(".//testcase").get("time") == "0.000"


def test_the_dialogue_is_the_output_of_the_case():
    case = parsed(FAIL).find(".//testcase")

    assert "C: RCPT TO:<x@[127.0.0.1]>" in case.find("system-out").text
    assert "smtp-harness run" in case.find("system-out").text
    assert "wanted 503|5xx" in case.find("failure").text
    assert parsed(SKIP).find(".//system-out") is None


def test_properties_tell_requirement_verdict_and_target():
    root = parsed(FAIL)
    of_run = {entry.get("name"): entry.get("value") for entry in root.iter("property")}

    assert of_run["target"] == "127.0.0.1:2525"
    assert of_run["seed"] == "4711"
    assert of_run["verdict"] == "fail"
    assert of_run["requirement"] == "5321-3.3-8"
    assert of_run["rfc"] == "5321#3.3"
    assert of_run["local-port"] == "41222"
    assert root.find(".//testcase")[0].tag == "properties"


def test_suites_stay_apart():
    other = replace(MET, address="rfc1870/6.1/too-big", suite="rfc1870/6.1")
    names = [suite.get("name") for suite in parsed(MET, other)]

    assert names == ["rfc5321/3.3", "rfc1870/6.1"]


def test_a_hostile_peer_cannot_break_the_document():
    hostile = replace(ATTACKED, at=Spot(path="caf\udce9\x1b.yaml", line=1))
    case = parsed(hostile, target="\x1b[m\ufffe", greeting="\0").find(".//testcase")

    assert r"\x1B[2J" in case.find("system-out").text
    assert "]]>&<x/> [127.0.0.1]" in case.find("system-out").text
    assert r"\xEF\xBF\xBE" in case.find("failure").text
    assert case.find("failure").get("message").isprintable()


def test_whatever_was_said_is_said_and_nothing_of_it_dropped():
    assert unescaped(to_junit(spoiled(a_run(*ONE_OF_EACH, ATTACKED)))) == []


def test_a_run_of_nothing_is_a_document_too():
    assert parsed().get("tests") == "0"
