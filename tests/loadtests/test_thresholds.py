from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness.load_results import (
    Accounting,
    Break,
    Generator,
    LoadResult,
    Messages,
    Stage,
    Trouble,
    UnderLoad,
)
from loadtests.thresholds import BadThreshold, judge_all, read_threshold
from tests.load_values import BLANK, histogram

RESULT = replace(
    BLANK,
    seconds=2.0,
    messages=Messages(due=1250, begun=1003, late=25, accepted=1000, refused=1, unanswered=2),
    connections=40,
    resumed=30,
    phases={"message": histogram(*[1000] * 99, 250_000), "MAIL": histogram(200)},
    troubles=(
        Trouble(stage="RCPT", what="450", count=1),
        Trouble(stage="dot", what="closed", count=2),
    ),
    stages=(Stage(name="", begin=0, end=2, users=(1, 1), rate=(600, 650)),),
    generators={
        "worker 1": Generator(seconds=2, cpu=1.9, own=10, waited=100, lag=histogram(100, 200)),
        "worker 2": Generator(
            seconds=2, cpu=0.5, own=60, waited=100, lag=histogram(90_000), lost=True
        ),
    },
    accounting=Accounting(
        where="sink", accepted=1000, delivered=990, bounced=4, queued=5, lost=1, duplicates=3,
        altered=2, latency=histogram(3_000_000),
    ),
    under_load=UnderLoad(
        cases=20,
        rounds=3,
        breaks=(Break(case="c", requirement="", at=1, rate=5, verdict="failed", headline="h"),),
    ),
)  # fmt: skip
UNMEASURED = replace(RESULT, stages=(), generators={}, accounting=None, under_load=None)

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
    "rate < 500.004/s": (True, "500.000/s"),
    "message p50 < 1.5ms": (True, "1.002ms"),
    "message p99 < 2 ms": (True, "1.002ms"),
    "message max < 0.2s": (False, "0.25s"),
    "message p99.9 <= 1min": (True, "250 ms"),
    "message mean < 3490us": (False, "3490us"),
    "message max < 1us": (False, "250000us"),
    "MAIL max == 200us": (True, "200us"),
    "mail  max<1ms": (True, "0.2ms"),
    "hello max < 1s": (False, "nothing was measured"),
    "connections >= 40": (True, "40"),
    "resumed >= 70%": (True, "75.000%"),
    "resumed == 30": (True, "30"),
    "refused < 0.1%": (True, "0.0997%"),
    "unanswered < 0.1%": (False, "0.199%"),
    "late < 1%": (False, "2.000%"),
    "late <= 25": (True, "25"),
    "unsent == 0": (False, "247"),
    "unsent < 20%": (True, "19.760%"),
    "lost == 0": (False, "1"),
    "lost <= 0.1%": (True, "0.100%"),
    "duplicates == 3": (True, "3"),
    "altered < 1%": (True, "0.200%"),
    "bounced < 1%": (True, "0.400%"),
    "queued == 0": (False, "5"),
    "breaks == 0": (False, "1"),
    "breaks <= 5%": (True, "5.000%"),
    "busy < 90%": (False, "95.000%"),
    "own < 50%": (False, "60.000%"),
    "lost_generators == 0": (False, "1"),
    "delivery p99 < 5s": (True, "3s"),
    "lag max < 50ms": (False, "90ms"),
    "lag p50 < 50ms": (True, "0.2ms"),
    "lag p50 < 1s": (True, "200 us"),
}


@pytest.mark.parametrize(("sentence", "verdict"), SENTENCES.items(), ids=SENTENCES)
def test_a_threshold_is_judged_by_what_it_says(sentence: str, verdict: tuple[bool, str]):
    judged = read_threshold(sentence).judge(RESULT)

    assert (judged.met, judged.found) == verdict
    assert judged.threshold == sentence


NOT_MEASURED = ["late < 1%", "unsent == 0", "lost == 0", "duplicates < 1", "altered == 0",
        "bounced < 1%", "queued == 0", "breaks == 0", "busy < 90%", "own < 50%",
        "delivery p99 < 5s", "lag p99 < 1s"]  # fmt: skip


@pytest.mark.parametrize("sentence", NOT_MEASURED)
def test_what_was_not_measured_keeps_no_promise(sentence: str):
    judged = read_threshold(sentence).judge(UNMEASURED)

    assert (judged.met, judged.found) == (False, "nothing was measured")


@pytest.mark.parametrize("sentence", ["breaks == 0", "breaks < 5%"])
def test_suites_that_were_not_played_once_keep_no_promise(sentence: str):
    judged = read_threshold(sentence).judge(
        replace(RESULT, under_load=UnderLoad(cases=20, rounds=0))
    )

    assert (judged.met, judged.found) == (False, "nothing was measured")


def test_a_share_of_nothing_is_nothing():
    idle = replace(RESULT, messages=Messages(), troubles=(), connections=0, resumed=0)
    for sentence in ("failures == 0%", "late == 0%", "unsent == 0%", "refused == 0%"):
        assert read_threshold(sentence).judge(idle).met


@pytest.mark.parametrize(
    ("sentence", "known"),
    [
        ("failures < 5%", True),
        ("message p99 < 5s", True),
        ("lag p99 < 5s", True),
        ("lost == 0", False),
        ("breaks == 0", False),
        ("delivery p99 < 5s", False),
    ],
)
def test_some_promises_can_be_judged_only_when_the_run_is_over(sentence: str, known: bool):
    assert read_threshold(sentence).is_known_during is known


TIME = "compared with a time such as 250ms (in us, ms, s, min)"
COUNT_OR_SHARE = "compared with a count such as 5 or a share such as 0.1%"


@pytest.mark.parametrize(
    ("sentence", "complaint"),
    [
        ("", "reads like"),
        ("message p99", "reads like"),
        ("fast, please", "reads like"),
        ("failures != 0", "reads like"),
        ("failurs == 0", "no count is called 'failurs'"),
        ("mesage p99 < 1s", "no latency is called 'mesage'"),
        ("message p98 < 1s", "no statistic is called 'p98'"),
        ("message p99 < 1h", f"'message p99' is {TIME}, not '1h'"),
        ("MESSAGE p99 < 1", f"'message p99' is {TIME}, not '1'"),
        ("rate > 5", "'rate' is compared with a rate such as 500/s, not '5'"),
        ("failures < 5s", f"'failures' is {COUNT_OR_SHARE}, not '5s'"),
        ("failures < 0,1%", f"'failures' is {COUNT_OR_SHARE}, not '0,1%'"),
        ("accepted > 1%", "'accepted' is compared with a count such as 5, not '1%'"),
        ("busy < 1", "'busy' is compared with a share such as 0.1%, not '1'"),
        ("lost = 0", "'=' compares nothing: write 'lost == 0'"),
        ("lost=0%", "'=' compares nothing: write 'lost==0%'"),
        ("failures =< 5%", "'=<' compares nothing: write 'failures <= 5%'"),
        ("rate => 5/s", "'=>' compares nothing: write 'rate >= 5/s'"),
        ("lsot = 0", "no count is called 'lsot'"),
        ("lost = 0s", f"'lost' is {COUNT_OR_SHARE}, not '0s'"),
        ("lag < 1ms", "no count is called 'lag'"),
    ],
)
def test_a_threshold_that_cannot_be_read_says_what_would_be_right(sentence: str, complaint: str):
    with pytest.raises(BadThreshold, match=re.escape(complaint)):
        read_threshold(sentence)


def test_a_wrong_word_comes_with_the_words_there_are():
    with pytest.raises(BadThreshold) as caught:
        read_threshold("mesage p99 < 1s")

    assert caught.value.word == "mesage"
    assert "message" in caught.value.known


def judged(result: LoadResult, *sentences: str) -> dict[str, bool]:
    promised = [read_threshold(sentence) for sentence in sentences]
    return {one.threshold: one.met for one in judge_all(promised, result)}


def test_a_profile_that_says_nothing_promises_what_everybody_expects():
    assert judged(RESULT) == {
        "failures == 0": False,
        "lost_generators == 0": False,
        "late < 1%": False,
        "unsent == 0": False,
        "lost == 0": False,
        "duplicates == 0": False,
        "altered == 0": False,
    }


def test_nothing_is_promised_of_what_there_was_not():
    assert judged(UNMEASURED, "rate > 1/s") == {"rate > 1/s": True, "failures == 0": False}


def test_who_lost_its_only_worker_has_lost_one():
    alone = replace(UNMEASURED, generators={"worker 1": Generator(lost=True)})

    assert not judged(alone)["lost_generators == 0"]


def test_a_profile_is_taken_at_its_word():
    said = ["failures < 1%", "late < 5%", "unsent < 50%", "lost < 1%", "duplicates < 5",
            "altered < 5", "lost_generators < 2"]  # fmt: skip

    assert judged(RESULT, *said) == dict.fromkeys(said, True)


def test_a_latency_of_that_name_is_no_word_about_the_count():
    assert judged(UNMEASURED, "message p50 < 1s") == {
        "message p50 < 1s": True,
        "failures == 0": False,
    }


def test_a_run_without_troubles_keeps_the_implied_threshold():
    assert all(judged(replace(UNMEASURED, troubles=())).values())
