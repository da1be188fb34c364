from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.errors import UsageError
from harness.results import (
    FORMAT,
    Level,
    Spot,
    Verdict,
    from_json,
    to_json,
)
from tests.reports.outcomes import (
    ATTACKED,
    DIALOGUE,
    ERROR,
    FAIL,
    FIXED,
    INFO,
    KNOWN,
    MET,
    ONE_OF_EACH,
    SKIP,
    SURPRISE,
    WARN,
    a_run,
)

RUNS = {
    "no outcome": a_run(),
    "one of each verdict": a_run(*ONE_OF_EACH),
    "every octet": a_run(
        replace(MET, exchanges=(replace(DIALOGUE[1], octets=bytes(range(256))),))
    ),
    "a peer that attacks": a_run(ATTACKED),
    "no surprise, no port, no requirement": a_run(replace(MET, requirements=(), ports=())),
    "a surprise about no exchange": a_run(replace(FAIL, surprise=replace(SURPRISE, exchange=None))),
    "a surprise with detail": a_run(
        replace(FAIL, surprise=replace(SURPRISE, detail=("0000 41 42", "0010 43")))
    ),
    "level should, interrupted": a_run(WARN, level=Level.SHOULD, interrupted=True, selected=40),
    "a path that is not UTF-8": a_run(replace(MET, at=Spot(path="caf\udce9.smtp.yaml", line=3))),
    "text like our escapes": a_run(
        replace(MET, exchanges=(replace(DIALOGUE[1], octets=rb"a\r\n\x41\\ \q" + b"\\"),))
    ),
}  # fmt: skip


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_run_survives_its_way_through_json(run):
    octets = to_json(run).encode("utf-8", "backslashreplace")

    assert from_json(octets.decode()) == run


def test_the_document_is_ascii_for_a_terminal_obeys_more_than_escape():
    assert to_json(replace(a_run(), greeting="220 \x9b31m\u202e")).isascii()


def test_the_document_says_its_format_and_what_a_reader_would_count():
    document = json.loads(to_json(a_run(*ONE_OF_EACH)))

    assert document["format"] == FORMAT
    assert document["tally"] == dict.fromkeys(map(str, Verdict), 1)
    assert document["judged"] == 6
    assert document["exit_status"] == 1
    assert len(document["outcomes"]) == len(ONE_OF_EACH)
    assert document["outcomes"][1]["exchanges"][3]["octets"] == r"250 2.1.5 ok\r\n"


def test_a_member_from_a_later_version_is_passed_over():
    document = json.loads(to_json(a_run(FAIL)))
    document["weather"] = "fine"
    document["outcomes"][0]["mood"] = {}
    document["outcomes"][0]["surprise"]["at"]["column"] = 3

    assert from_json(json.dumps(document)) == a_run(FAIL)


NO_RESULTS = {
    "no JSON": "{",
    "no object": "[]",
    "null": "null",
    "an empty object": "{}",
    "another format": json.dumps({"format": "smtp-harness-result/99", "outcomes": []}),
    "an outcome that is none": json.dumps(
        {"format": FORMAT, "level": "must", "outcomes": ["x"]}
    ),
    "an outcome with a verdict of its own": to_json(a_run(MET)).replace('"met"', '"splendid"'),
    "a run without a target": json.dumps({"format": FORMAT, "level": "must", "outcomes": []}),
}  # fmt: skip


@pytest.mark.parametrize("text", NO_RESULTS.values(), ids=NO_RESULTS)
def test_what_is_no_result_file_is_a_usage_error(text):
    with pytest.raises(UsageError, match=r"format|no result file"):
        from_json(text)


# outcomes, level -> exit status
ENDS = {
    "all met": ((MET, MET), Level.MUST, 0),
    "skips beside met ones": ((MET, SKIP), Level.MUST, 0),
    "a known deviation": ((KNOWN,), Level.SHOULD, 0),
    "a deviation that is gone": ((FIXED,), Level.SHOULD, 0),
    "a MUST unmet": ((MET, FAIL), Level.MUST, 1),
    "a failure outweighs an error": ((ERROR, FAIL), Level.MUST, 1),
    "a SHOULD unmet at level must": ((WARN,), Level.MUST, 0),
    "a SHOULD unmet at level should": ((WARN,), Level.SHOULD, 1),
    "a MAY unmet at level should": ((INFO,), Level.SHOULD, 0),
    "an error beside met ones": ((MET, ERROR), Level.MUST, 3),
    "only skips": ((SKIP, SKIP), Level.MUST, 3),
    "nothing": ((), Level.MUST, 3),
}


@pytest.mark.parametrize(("outcomes", "level", "status"), ENDS.values(), ids=ENDS)
def test_the_exit_status_follows_from_the_verdicts(outcomes, level, status):
    assert a_run(*outcomes, level=level).exit_status == status


def test_an_interrupted_run_knows_how_many_cases_it_left_out():
    run = a_run(MET, SKIP, selected=40)

    assert (run.judged, run.total) == (1, 40)


def test_an_address_is_a_suite_and_a_name():
    row = replace(MET, address="smuggling/end/hidden/lf.lf", suite="smuggling/end")

    assert (row.group, row.name) == ("smuggling/end", "hidden/lf.lf")
    assert (replace(MET, suite="").group, replace(MET, suite="").name) == (
        "rfc5321/3.3",
        "rcpt-first",
    )


def test_a_surprise_is_a_sentence():
    assert str(SURPRISE) == "wanted 503|5xx, met 250 2.1.5 ok"
    assert str(SURPRISE.at) == "suites/rfc5321/3.3-order.smtp.yaml:17"
