from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.load_results import (
    End,
    Follower,
    Judged,
    Messages,
    Trouble,
    from_json,
    read,
    to_json,
    together,
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


def test_of_a_trouble_that_several_processes_met_the_earliest_is_the_example():
    one, other = (
        replace(
            RESULT, troubles=(Trouble(stage="RCPT", what="450", count=1, example=said, first=at),)
        )
        for said, at in (("450 later", 7.0), ("450 not now", 2.0))
    )

    (found,) = together(one, other).troubles
    assert (found.count, found.example, found.first) == (2, "450 not now", 2.0)


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


# --- a file that grows ---------------------------------------------------------------------------


def part(accepted: int) -> str:
    return to_json(replace(BLANK, messages=Messages(accepted=accepted)))


def test_wherever_the_last_line_is_cut_all_before_it_is_kept():
    before, last = part(1) + part(2), part(4)

    for size in range(len(last) - 1):
        assert from_json(before + last[:size]).messages.accepted == 3
    assert from_json(before + last[:-1]).messages.accepted == 7  # there lacks but its line end


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (part(1)[:-20], "^this is not"),  # there was nothing before it
        (part(1) + part(2)[:-20] + "\n", "^line 2: this is not"),  # it was not the last
        (part(1) + part(2)[:-20] + part(4), "^line 2: this is not"),
        (part(1) + "[7]", "^line 2: this is not"),  # nobody cut it
        (part(1) + part(2).replace("load/2", "load/9"), "this is a smtp-harness-load/9"),
    ],
)
def test_what_is_wrong_before_the_end_is_not_passed_over(text: str, words: str):
    with pytest.raises(UsageError, match=words):
        from_json(text)


def test_a_growing_file_is_followed_by_whole_lines(tmp_path: Path):
    path, text = tmp_path / "result.json", part(1) + part(2)
    follower, seen = Follower(path), []
    with path.open("w") as file:
        for char in text:
            file.write(char)
            file.flush()
            known = follower.look()
            seen.append(known.messages.accepted if known else None)

    assert seen == [None] * (len(part(1)) - 1) + [1] * len(part(2)) + [3]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: write(replace(RESULT, messages=Messages(accepted=5)), path),
        lambda path: path.write_text(part(5)),
    ],
    ids=["another takes its place", "it is cut"],
)
def test_a_file_that_is_another_now_is_read_anew(tmp_path: Path, change: Callable[[Path], object]):
    path = tmp_path / "result.json"
    follower = Follower(path)
    path.write_text(part(1) + part(2))
    follower.look()
    change(path)

    known = follower.look()
    assert known is not None
    assert known.messages.accepted == 5


def test_a_file_that_is_gone_was_as_it_was(tmp_path: Path):
    path = tmp_path / "result.json"
    follower = Follower(path)
    assert follower.look() is None
    path.write_text(part(1))
    known = follower.look()
    path.unlink()

    assert follower.look() is known
