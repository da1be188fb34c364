from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.load_results import End, Interval, Judged, Messages, Series, Trouble, UnderLoad
from harness.reports.load import progress, summary
from harness.reports.load.terminal import MANY_TROUBLES
from tests.load_values import BLANK, histogram
from tests.reports.load_runs import breaking, closed, dead_worker, lossy, nothing

RESULT = replace(
    BLANK,
    seconds=10.0,
    end=End.COMPLETE,
    messages=Messages(begun=12_345, accepted=12_340, refused=4, unanswered=1),
    octets=12_636_160,
    connections=21,
    phases={"connect": histogram(90), "message": histogram(*[800] * 98, 20_000, 2_000_000)},
    troubles=(
        Trouble(
            stage="RCPT",
            what="450 4.2.0",
            count=4,
            example="450 4.2.0 later [127.0.0.1]",
            first=2.5,
        ),
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
        "went wrong at       what  count  first",
        "RCPT           450 4.2.0      4  2.5 s   450 4.2.0 later [127.0.0.1]",
        "dot               closed      1    0 s",
        "",
        "MISSED failures == 0 (found 5)",
        "kept   message p99 < 1s (found 0.02s)",
        "1 of 2 thresholds kept",
        "",
        "it broke: failures == 0 (found 5)",
        "  ! dot closed: 1 time",
        "  ! RCPT 450 4.2.0 (a mailbox is not to be had now): 4 times",
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


def test_what_was_due_and_what_was_resumed_is_told_where_there_is_any():
    lines = summary(replace(RESULT, resumed=7, messages=Messages(due=10, begun=8, late=3)))

    assert "10 were due: 3 began late, 2 never" in lines
    assert any(line.endswith("21 connections, 7 of them resumed") for line in lines)


def test_stages_are_told_with_what_was_asked_for_and_what_came():
    lines = summary(breaking())
    at = next(at for at, line in enumerate(lines) if line.startswith("stage "))

    assert lines[at : at + 2] == [
        "stage   begin  users      due  accepted      p50      p99      max  failures  held",
        "step 1    0 s     20    200/s     200/s  2.65 ms  6.26 ms  11.2 ms         0   yes",
    ]
    assert lines[at + 5].split()[-2:] == ["192", "NO"]


def test_stages_without_a_rate_have_no_column_for_what_was_due():
    (head,) = [line for line in summary(closed()) if line.startswith("stage ")]

    assert head.split() == [
        "stage", "begin", "users", "accepted", "p50", "p99", "max", "failures", "held",
    ]  # fmt: skip


def test_where_the_mail_went_is_told_and_each_misfortune_named():
    lines = summary(lossy())

    assert "5,000 copies accepted = 4,980 delivered + 10 bounced + 5 still queued + 5 lost" in lines
    assert "  lost load-00000001-00000003-000000011-1a2b3c4d to user1@here.test" in lines
    assert [line.split()[0] for line in lines if " load-0" in line] == [
        *["lost"] * 5, "duplicate", "altered",
    ]  # fmt: skip
    assert "  ... and 5 more" in lines


def test_mail_that_is_only_counted_is_not_left_out_of_what_is_more():
    accounting = lossy().accounting
    assert accounting is not None
    more = replace(lossy(), accounting=replace(accounting, lost=4_000))

    assert "  ... and 4,000 more" in summary(more)


def test_a_process_of_ours_that_was_lost_is_told():
    assert any(line.startswith("our worker 2") and line.endswith("LOST")
               for line in summary(dead_worker()))  # fmt: skip


def test_the_documentation_shows_what_is_said():
    text = (Path(__file__).parents[2] / "docs" / "load.md").read_text(encoding="utf-8")
    shown = text.partition("\n```\nit broke: ")[2].partition("\n```\n")[0].splitlines()

    assert len(shown) > 5
    assert set(shown[1:]) < set(summary(breaking()))


def test_progress_is_one_line():
    second = Interval(users={"generator": 20}, accepted=1_234)
    so_far = replace(RESULT, seconds=7.4, series=Series(intervals=dict.fromkeys(range(8), second)))

    assert progress(so_far) == (
        "7.4 s, 20 users, 1,542/s, 12,340 accepted, 5 failures (RCPT 450 4.2.0 x4, dot closed x1)"
    )


def test_progress_tells_what_happens_now_in_which_stage_and_not_the_average():
    line = progress(breaking(), ends=36.0)

    assert line.startswith("36 s of 36 s (step 6), 120 users, 739/s of 1,200/s due, p50 4")
    assert ", 4,398 late, 963 failures (RCPT 452 4.3.1 x495, greeting 421" in line


def test_progress_of_a_run_that_ends_with_a_message_has_no_moment_to_end_at():
    line = progress(breaking(), wanted=30_000)

    assert line.startswith("36 s (step 6), ")
    assert ", 21,162 of 30,000 accepted, " in line
    assert progress(breaking(), ends=36.0, wanted=30_000).startswith("36 s of 36 s (step 6), ")


def test_progress_names_few_failures_and_counts_the_rest():
    kinds = tuple(Trouble(stage="MAIL", what=str(code), count=1) for code in range(450, 455))

    assert progress(replace(breaking(), troubles=kinds)).endswith(
        "5 failures (MAIL 450 x1, MAIL 451 x1, MAIL 452 x1, and 2 more)"
    )


def test_progress_of_a_run_that_has_just_begun():
    assert progress(replace(nothing(), series=Series())) == "it has not begun yet"


def test_progress_knows_what_is_due_now_though_it_is_counted_a_second_later():
    seconds = {at: it for at, it in breaking().series.intervals.items() if at < 9}
    seconds[8] = replace(seconds[8], due=0, users={})
    so_far = replace(breaking(), seconds=9.0, series=Series(intervals=seconds))

    assert progress(so_far).startswith("9 s (step 2), 40 users, 400/s of 400/s due,")


def test_how_much_of_the_suites_was_played_under_load_is_told():
    quiet = replace(RESULT, under_load=UnderLoad(cases=40, rounds=1))

    assert "suites under load: 40 cases met before it, 1 round, none broke" in summary(quiet)
    assert "suites under load: 40 cases met before it, 9 rounds, 1 of them broke" in summary(
        breaking()
    )
    assert not any("suites" in line for line in summary(RESULT))


def test_a_load_too_short_for_a_round_is_not_told_as_one_that_broke_nothing():
    short = replace(RESULT, under_load=UnderLoad(cases=40, rounds=0))

    assert "suites under load: 40 cases met before it, no round was played" in summary(short)
