from __future__ import annotations

from dataclasses import replace

import pytest

from harness.load_results import End, Judged, LoadResult, Series, Trouble, UnderLoad
from harness.reports.load.findings import FEW, Weight, findings
from harness.reports.load.verdict import Word, verdict
from tests.reports.load_runs import (
    RUNS,
    breaking,
    closed,
    dead_worker,
    frozen,
    healthy,
    lossy,
    nothing,
    stopped,
)

VERDICTS = {
    "healthy": (Word.HELD, "it held: all thresholds kept"),
    "frozen": (
        Word.BROKE,
        "it broke: message p99 < 250ms (found 704ms), late < 1% (found 2.833%)",
    ),
    "breaking": (
        Word.BROKE,
        "it broke: message p99 < 250ms (found 1.31s), failures < 0.1% (found 7.211%)",
    ),
    "lossy": (
        Word.BROKE,
        "it broke: lost == 0 (found 5), duplicates == 0 (found 1), altered == 0 (found 1)",
    ),
    "dead worker": (
        Word.BROKE,
        "missed, and our own generator was the limit: lost_generators == 0 (found 1)",
    ),
    "stopped": (
        Word.BROKE,
        "missed, and our own generator was the limit: message p99 < 250ms (found 1.5s), "
        "late < 1% (found 6.644%)",
    ),
    "closed": (Word.DOUBTFUL, "it held, but our own generator was the limit"),
    "nothing": (Word.NOTHING, "nothing was measured"),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_verdict_says_what_the_exit_status_says_and_why(name: str):
    result = RUNS[name]()
    found = verdict(result)

    assert (found.word, found.title) == VERDICTS[name]
    assert (found.word in (Word.BROKE, Word.NOTHING)) == (result.exit_status != 0)


@pytest.mark.parametrize(
    ("end", "title"),
    [
        (End.RUNNING, "it held as long as it was measured: the generator broke off"),
        (End.INTERRUPTED, "it held as long as it was measured: the run was interrupted"),
        (End.ABORTED, "its breaking point was reached after 30 s"),
    ],
)
def test_a_run_that_was_cut_short_did_not_simply_hold(end: End, title: str):
    assert verdict(replace(healthy(), end=end)).title == title


def test_what_a_generator_that_broke_off_missed_is_not_said_to_be_the_servers_doing():
    rate = Judged(threshold="rate >= 500/s", met=False, found="20/s")
    cut = replace(healthy(), end=End.RUNNING, thresholds=(rate,))

    assert verdict(cut).title == "missed, and the generator broke off: rate >= 500/s (found 20/s)"
    assert verdict(replace(cut, end=End.COMPLETE)).title.startswith("it broke: rate")


def test_a_breaking_point_that_was_looked_for_is_told_with_what_held():
    allowed = replace(breaking(), thresholds=())
    ours = replace(allowed, generators=stopped().generators)

    assert verdict(allowed).word is Word.STOPPED
    assert verdict(allowed).title == ("its breaking point was reached after 36 s: 'step 4' held")
    assert verdict(ours).title == (
        "a breaking point was reached, and our own generator was the limit, after 36 s: "
        "'step 4' held"
    )
    assert findings(allowed)[0].weight is Weight.BROKE


def test_many_missed_thresholds_do_not_make_a_line_of_all():
    missed = lossy().thresholds[:3] * 2

    assert verdict(replace(lossy(), thresholds=missed)).title.endswith(", and 3 more")


def told(result: LoadResult) -> list[str]:
    return [finding.text for finding in findings(result)]


def test_nothing_is_told_of_a_run_that_was_well():
    assert findings(healthy()) == ()


def test_a_breaking_point_is_told_beside_the_last_stage_that_held():
    first, *_ = findings(breaking())

    assert first.text == (
        "stage 'step 5' did not hold (100 users, 780/s of 1,000/s accepted, p99 559 ms, "
        "192 failures); 'step 4' held (80 users, 800/s of 800/s accepted, p99 11.3 ms)"
    )
    assert (first.weight, first.at) == (Weight.BROKE, 24)
    assert told(breaking())[1] == (
        "stopped at 36 s, as it was told to: message p99 > 1s (found 1.13s)"
    )


def test_a_run_of_one_stage_that_was_stopped_says_when():
    assert told(replace(healthy(), end=End.ABORTED)) == [
        "stopped at 30 s, as it was told to: a limit was met"
    ]


def test_each_refusal_is_told_with_what_was_going_on_when_it_came_first():
    assert (
        "greeting 421 4.7.0 (it closes connections; a limit of its policy): first at 24 s in stage "
        "'step 5' with 100 users, 788/s accepted of 1,000/s due; 468 times in all"
    ) in told(breaking())


def test_a_server_of_many_refusals_is_told_in_few_lines():
    many = tuple(Trouble(stage="MAIL", what=str(code), count=2) for code in range(400, 410))

    assert told(replace(healthy(), troubles=many))[-1] == (
        f"{10 - FEW} more kinds of failure, {20 - 2 * FEW} times"
    )


def test_what_the_thresholds_allow_is_only_noted():
    allowed = replace(healthy(), troubles=breaking().troubles)

    assert {finding.weight for finding in findings(allowed)} == {Weight.NOTE}


def test_a_freeze_is_told_with_its_moment_and_what_it_made_of_the_plan():
    assert told(frozen()) == [
        "of the messages that were due 2.83 % began late since 12 s with 20 users, "
        "40/s accepted of 300/s due",
        "the slowest message took 994 ms, 322 times the median; it ended at 13 s with 20 users, "
        "560/s accepted of 300/s due",
    ]


def test_a_server_that_became_slower_for_good_is_told_with_the_moment():
    found = told(breaking())

    assert "slower from 24 s on: the median went from 3.45 ms to 304 ms" in found
    assert not any(text.startswith("the slowest message") for text in found)


def test_lost_mail_is_told_first():
    assert told(lossy()) == [
        "5 copies of 5,000 lost: accepted and nowhere to be found",
        "1 copy of 5,000 twice there: more arrived than were accepted",
        "1 copy of 5,000 altered: what arrived is not what was sent",
    ]


def test_lost_mail_that_was_promised_to_nobody_breaks_nothing():
    kept = replace(lossy(), thresholds=(Judged(threshold="lost < 1%", met=True, found="0.1%"),))

    assert {finding.weight for finding in findings(lossy())} == {Weight.BROKE}
    assert {finding.weight for finding in findings(kept)} == {Weight.NOTE}


def test_what_arrives_although_it_was_refused_is_noted():
    accounting = lossy().accounting
    assert accounting is not None
    run = replace(healthy(), accounting=replace(
        accounting, lost=0, duplicates=0, altered=0, unknown=3
    ))  # fmt: skip

    assert told(run) == ["3 copies arrived that had not been accepted"]


def test_a_lost_worker_is_told_with_the_moment_since_when_it_was_silent():
    (finding, *others) = findings(dead_worker())

    assert finding.text == "worker 2, a process of ours, was lost after 15 s"
    assert (finding.weight, finding.at) == (Weight.DOUBT, 15)
    assert [other.text for other in others] == [
        "of the messages that were due 1.33 % never began since 15 s with 20 users, "
        "240/s accepted of 400/s due"
    ]


def test_of_many_lost_workers_few_are_told_and_the_rest_counted():
    gone = dead_worker().generators["worker 2"]
    run = replace(dead_worker(), generators={f"worker {at}": gone for at in range(1, 21)})
    lost = [text for text in told(run) if "lost" in text]

    assert len(lost) == FEW + 1
    assert lost[-1] == "processes of ours that were lost besides: 16"


@pytest.mark.parametrize("run", [stopped, closed], ids=["stopped", "busy"])
def test_a_generator_that_was_the_limit_is_told_before_all_that_it_measured(run):
    first, *_ = findings(run())

    assert first.weight is Weight.DOUBT
    assert first.text.startswith("the generator was the bottleneck: ")


def test_what_broke_under_load_is_told_with_its_rate():
    assert told(breaking())[-1] == (
        "rfc5321/4.5.3.2/greeting (5321-4.5.3.2-1) breaks under load: first at 25 s and 780/s: "
        "expected 220, met 421"
    )


def test_of_many_cases_that_broke_the_first_are_told_and_the_rest_counted():
    under_load = breaking().under_load
    assert under_load is not None
    (one,) = under_load.breaks
    many = tuple(replace(one, case=f"a/{at}", at=float(at)) for at in range(FEW + 2))
    texts = told(replace(breaking(), under_load=replace(under_load, breaks=many)))

    assert [text[:3] for text in texts[-FEW - 1 : -1]] == [f"a/{at}" for at in range(FEW)]
    assert texts[-1] == "2 more cases of the suites broke under load"


def test_a_load_too_short_for_a_round_of_the_suites_leaves_a_doubt():
    (finding,) = findings(replace(healthy(), under_load=UnderLoad(cases=40, rounds=0)))

    assert finding.weight is Weight.DOUBT
    assert finding.text.startswith("the load was too short for one round of the suites")


def test_a_run_that_measured_nothing_says_so_first():
    assert told(nothing())[0] == "nothing was measured: no sender came as far as a message"


def test_what_a_server_said_moves_no_terminal():
    wild = Trouble(stage="MAIL", what="\x1b[2J", count=1)

    assert all(text.isprintable() for text in told(replace(healthy(), troubles=(wild,))))


def test_a_result_without_a_series_is_told_as_far_as_it_goes():
    texts = told(replace(breaking(), series=Series()))

    assert "RCPT 452 4.3.1 (the mail system is full): 495 times" in texts
