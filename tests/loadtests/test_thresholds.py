from __future__ import annotations

from dataclasses import replace

import pytest

from harness.histogram import Histogram
from harness.load_results import LoadResult, Messages, Trouble
from loadtests.thresholds import BadThreshold, judge_all, read_threshold


def phase(*microseconds: int) -> Histogram:
    made = Histogram()
    for value in microseconds:
        made.record(value)
    return made


RESULT = LoadResult(
    target="",
    profile="",
    seed=1,
    users=1,
    started="",
    seconds=2.0,
    messages=Messages(begun=1003, accepted=1000, refused=1, unanswered=2),
    phases={"message": phase(*[1000] * 99, 250_000), "MAIL": phase(200)},
    troubles=(
        Trouble(stage="RCPT", what="450", count=1),
        Trouble(stage="dot", what="closed", count=2),
    ),
)

# sentence -> kept?, what was found
SENTENCES = {
    "failures == 0": (False, "3"),
    "failures < 10": (True, "3"),
    "failures < 0.1%": (False, "0.299%"),
    "failures <= 1 %": (True, "0.299%"),
    "accepted >= 1000": (True, "1000"),
    "refused == 1": (True, "1"),
    "unanswered == 0": (False, "2"),
    "rate >= 500/s": (True, "500.0/s"),
    "rate > 500/s": (False, "500.0/s"),
    "message p50 < 1.5ms": (True, "1.002ms"),
    "message p99 < 2 ms": (True, "1.002ms"),
    "message max < 0.2s": (False, "0.25s"),
    "message p99.9 <= 1min": (True, "0.004167min"),
    "message mean < 3490us": (False, "3490us"),
    "message max < 1us": (False, "250000us"),
    "MAIL max == 200us": (True, "200us"),
    "mail  max<1ms": (True, "0.2ms"),
    "hello max < 1s": (False, "nothing was measured"),
}


@pytest.mark.parametrize(("sentence", "verdict"), SENTENCES.items(), ids=SENTENCES)
def test_a_threshold_is_judged_by_what_it_says(sentence: str, verdict: tuple[bool, str]):
    judged = read_threshold(sentence).judge(RESULT)

    assert (judged.met, judged.found) == verdict
    assert judged.threshold == sentence


@pytest.mark.parametrize(
    ("sentence", "complaint"),
    [
        ("", "reads like"),
        ("message p99", "reads like"),
        ("fast, please", "reads like"),
        ("failures = 0", "reads like"),
        ("failurs == 0", "no count is called 'failurs'"),
        ("mesage p99 < 1s", "no phase is called 'mesage'"),
        ("message p98 < 1s", "no statistic is called 'p98'"),
        ("message p99 < 1h", "number in: us, ms, s, min"),
        ("message p99 < 1", "number in: us, ms, s, min"),
        ("rate > 5", "number in: /s"),
        ("failures < 1ms", "number in: none, %"),
        ("accepted > 1%", "number in: none"),
    ],
)
def test_a_threshold_that_cannot_be_read_says_what_would_be_right(sentence: str, complaint: str):
    with pytest.raises(BadThreshold, match=complaint):
        read_threshold(sentence)


def test_a_wrong_word_comes_with_the_words_there_are():
    with pytest.raises(BadThreshold) as caught:
        read_threshold("mesage p99 < 1s")

    assert caught.value.word == "mesage"
    assert "message" in caught.value.known


def test_failures_count_against_a_run_whose_profile_says_nothing_about_them():
    judged = judge_all([read_threshold("rate > 1/s")], RESULT)

    assert [(one.threshold, one.met) for one in judged] == [
        ("rate > 1/s", True),
        ("failures == 0", False),
    ]


def test_a_profile_that_allows_failures_is_taken_at_its_word():
    judged = judge_all([read_threshold("failures < 1%")], RESULT)

    assert [one.met for one in judged] == [True]


def test_a_run_without_troubles_keeps_the_implied_threshold():
    assert all(one.met for one in judge_all([], replace(RESULT, troubles=())))
