"""Runs as JSON Lines: told while they go on, merged by `cat`, and read again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.errors import UsageError
from harness.reports.formats import to_lines
from harness.results import RunLines, from_lines, is_lines, to_json
from tests.reports.outcomes import ATTACKED, FAIL, MET, ONE_OF_EACH, WARN, a_run

ONE = a_run(*ONE_OF_EACH)
OTHER = a_run(ATTACKED, WARN, target="10.0.0.1:25", seed=1)


def test_a_run_survives_its_way_through_lines():
    assert from_lines(to_lines(ONE)) == [ONE]


def test_files_of_several_runs_are_merged_by_putting_one_behind_the_other():
    assert from_lines(to_lines(ONE) + to_lines(OTHER)) == [ONE, OTHER]


def test_lines_of_runs_side_by_side_may_be_shuffled_into_each_other():
    one, other = to_lines(ONE).splitlines(True), to_lines(OTHER).splitlines(True)
    mixed = [line for pair in zip(one, other, strict=False) for line in pair]
    rest = [*one[len(other) :], *other[len(one) :]]

    assert from_lines("".join(mixed + rest)) == [ONE, OTHER]


def test_a_run_without_its_end_was_interrupted_and_keeps_what_it_found():
    lines = RunLines(a_run(selected=3))
    told = lines.beginning + lines.outcome(MET) + lines.outcome(FAIL)

    (run,) = from_lines(told)
    assert run.interrupted
    assert (run.outcomes, run.total) == ((MET, FAIL), 3)


@pytest.mark.parametrize("cut", [1, 40, -2])
def test_a_last_line_that_was_cut_is_passed_over(cut):
    lines = RunLines(a_run())
    told = lines.beginning + lines.outcome(MET)

    (run,) = from_lines(told + lines.outcome(FAIL)[:cut])
    assert run.outcomes == (MET,)


def test_every_line_is_ascii_and_names_its_run():
    rows = [json.loads(line) for line in to_lines(OTHER).splitlines()]

    assert to_lines(OTHER).isascii()
    assert {row["run"] for row in rows} == {RunLines(OTHER).id}
    assert [row["kind"] for row in rows] == ["run", "outcome", "outcome", "end"]
    assert rows[-1]["tally"]["fail"] == 1


@pytest.mark.parametrize(("line", "problem"), [
    ('{"kind": "outcome", "run": "x"}', "it has no 'x'"),
    ("[]", "list indices"),
    ("no JSON", "it is no JSON"),
    pytest.param("[" * 100_000, "is no result of smtp-harness", id="deep"),
    ('{"kind": "run", "run": "x", "format": "smtp-harness-lines/9"}', "smtp-harness-lines/9"),
])  # fmt: skip
def test_a_line_that_is_none_of_ours_is_named(line, problem):
    with pytest.raises(UsageError, match=f"(?s){problem}"):
        from_lines(to_lines(ONE) + line + "\n")


def test_a_kind_from_a_later_version_is_passed_over():
    assert from_lines(to_lines(ONE) + '{"kind": "weather"}\n') == [ONE]


def test_a_document_is_told_from_lines():
    assert is_lines(to_lines(replace(ONE, outcomes=())))
    for text in (to_json(ONE), "", "null", "no JSON"):
        assert not is_lines(text)
