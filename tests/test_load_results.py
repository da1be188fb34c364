from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.load_results import (
    End,
    Judged,
    Messages,
    Trouble,
    from_json,
    read,
    to_json,
    write,
)
from tests.load_values import BLANK, histogram

RESULT = replace(
    BLANK,
    seconds=10.0,
    end=End.COMPLETE,
    messages=Messages(begun=100, accepted=97, refused=2, unanswered=1),
    octets=97 * 1024,
    connections=20,
    phases={"message": histogram(1234)},
    troubles=(
        Trouble(stage="RCPT", what="450 4.2.0", count=2, example="450 4.2.0 later"),
        Trouble(stage="message", what="closed", count=1),
    ),
    thresholds=(Judged(threshold="failures == 0", met=False, found="3"),),
    greeting="220 here",
    harness="0.1.0",
)


def test_a_result_survives_json():
    assert from_json(to_json(RESULT)) == RESULT


def test_rate_and_failures_follow_from_the_counts():
    assert (RESULT.rate, RESULT.failures, RESULT.failed_share) == (9.7, 3, 0.03)


def test_a_run_that_measured_nothing_has_no_rate():
    empty = replace(RESULT, seconds=0.0, messages=Messages(), troubles=())

    assert (empty.rate, empty.failed_share) == (0.0, 0.0)


def test_messages_of_several_processes_add_up():
    assert RESULT.messages + RESULT.messages == Messages(
        begun=200, accepted=194, refused=4, unanswered=2
    )


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", "7", "null", '{"format": "smtp-harness-result/1"}',
        '{"format": "smtp-harness-load/2"}',
        '{"format": "smtp-harness-load/2", "end": "soon"}',
        to_json(RESULT).replace('"accepted"', '"excepted"'),
        to_json(RESULT).replace('"buckets"', '"baskets"'),
    ],
)  # fmt: skip
def test_what_is_no_load_result_is_said_to_be_none(text: str):
    with pytest.raises(UsageError):
        from_json(text)


def test_the_file_says_its_format():
    assert json.loads(to_json(RESULT))["format"] == "smtp-harness-load/2"


def test_writing_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path):
    path = tmp_path / "result.json"
    write(replace(RESULT, end=End.RUNNING), path)
    write(RESULT, path)

    assert read(path) == RESULT
    assert [found.name for found in tmp_path.iterdir()] == ["result.json"]
