from __future__ import annotations

from dataclasses import replace

import pytest

from harness.histogram import Histogram
from harness.load_results import End, Judged, LoadResult, Messages, Trouble
from harness.reports.load_summary import MANY_TROUBLES, duration, progress, summary


def phase(*microseconds: int) -> Histogram:
    made = Histogram()
    for value in microseconds:
        made.record(value)
    return made


RESULT = LoadResult(
    target="smtp://127.0.0.1:2525",
    profile="smoke",
    seed=1,
    users=20,
    started="2026-01-02T03:04:05+00:00",
    seconds=10.0,
    end=End.COMPLETE,
    messages=Messages(begun=12_345, accepted=12_340, refused=4, unanswered=1),
    octets=12_636_160,
    connections=21,
    phases={"connect": phase(90), "message": phase(*[800] * 98, 20_000, 2_000_000)},
    troubles=(
        Trouble(stage="RCPT", what="450 4.2.0", count=4, example="450 4.2.0 later [127.0.0.1]"),
        Trouble(stage="dot", what="closed", count=1),
    ),
    thresholds=(
        Judged(threshold="failures == 0", met=False, found="5"),
        Judged(threshold="message p99 < 1s", met=True, found="0.02s"),
    ),
    greeting="220 here.test \x1b[31m",
)


def test_a_run_is_told_in_a_screenful():
    assert summary(RESULT) == [
        "load 'smoke' against smtp://127.0.0.1:2525: 20 users, seed 1",
        "it greeted us with: 220 here.test \\x1B[31m",
        "",
        "12,340 of 12,345 messages accepted in 10.0 s, 4 refused, 1 unanswered",
        "rate 1,234.0 messages/s, 1.26 MB/s over 21 connections",
        "",
        "phase    count     p50     p90    p99  p99.9    max",
        "connect      1   90 us   90 us  90 us  90 us  90 us",
        "message    100  802 us  802 us  20 ms    2 s    2 s",
        "",
        "went wrong at       what  count",
        "RCPT           450 4.2.0      4   450 4.2.0 later [127.0.0.1]",
        "dot               closed      1",
        "",
        "MISSED failures == 0 (found 5)",
        "kept   message p99 < 1s (found 0.02s)",
        "1 of 2 thresholds kept",
    ]


@pytest.mark.parametrize(
    ("end", "words"), [(End.INTERRUPTED, "was interrupted"), (End.RUNNING, "broke off")]
)
def test_a_run_that_was_cut_short_says_so(end: End, words: str):
    assert any(words in line for line in summary(replace(RESULT, end=end)))


def test_a_run_that_measured_nothing_can_be_told_too():
    nothing = replace(
        RESULT, messages=Messages(), phases={}, seconds=0.0, greeting="", thresholds=(), octets=0
    )

    assert "0 of 0 messages accepted in 0.0 s, 0 refused, 0 unanswered" in summary(nothing)


def test_a_run_without_trouble_has_no_table_of_troubles():
    assert not any("went wrong" in line for line in summary(replace(RESULT, troubles=())))


def test_a_server_of_many_troubles_does_not_fill_the_screen():
    many = tuple(Trouble(stage="MAIL", what=f"{code}", count=1) for code in range(400, 500))
    lines = summary(replace(RESULT, troubles=many))

    assert f"... and {100 - MANY_TROUBLES} more kinds" in lines
    assert len(lines) < 40


def test_progress_is_one_line():
    assert progress(RESULT, 7.4) == "7 s: 12,340 accepted, 1,234/s, p99 20 ms, 5 failures"
    assert "no message yet" in progress(replace(RESULT, phases={}), 0.5)


@pytest.mark.parametrize(
    ("microseconds", "shown"),
    [
        (0, "0 us"),
        (999, "999 us"),
        (1_000, "1 ms"),
        (1_234, "1.23 ms"),
        (99_960, "100 ms"),
        (999_400, "999 ms"),
        (999_600, "1 s"),
        (1_500_000, "1.5 s"),
        (125_000_000, "125 s"),
    ],
)
def test_latencies_have_three_digits_and_a_unit(microseconds: int, shown: str):
    assert duration(microseconds) == shown
