from __future__ import annotations

import json
import re
from dataclasses import replace

from harness.histogram import Histogram
from harness.load_results import Series
from harness.load_results.comparison import compare
from harness.reports.load.comparing import comparison_lines, comparison_markdown
from harness.reports.load.page import comparison_page
from tests.reports.load_runs import breaking, closed, frozen, healthy, nothing, stopped
from tests.reports.parsing import Read, rendered

WORSE = compare(healthy(1), healthy(2, median=4_000))
SAME = compare(healthy(1), healthy(2))
WILD = "<script>x</script>\x1b[2J"


def test_a_comparison_is_a_table_with_its_verdict_last():
    lines = list(comparison_lines(WORSE))

    assert lines[0] == (
        "old: smtp://127.0.0.1:2525, profile 'steady', 2026-01-02 03:04, 30 s: "
        "it held: all thresholds kept"
    )
    assert [line.split() for line in lines[3:6]] == [
        ["measure", "old", "new", "new", "by", "old", "chance"],
        ["rate", "500/s", "500/s", "1", "same"],
        ["message", "p50", "3", "ms", "3.99", "ms", "1.33", "p", "=", "0.0005", "worse"],
    ]
    assert lines[-1].startswith("worse: message p50 3 ms -> 3.99 ms, message p90 ")


def test_what_is_the_same_is_said_to_be():
    assert list(comparison_lines(SAME))[-1] == (
        "same: nothing differs beyond the tolerance and the noise"
    )


def test_what_is_too_short_to_tell_says_what_it_is_about():
    bare = [replace(run, series=Series()) for run in (healthy(1), healthy(2, median=4_000))]
    comparison = compare(*bare)

    assert list(comparison_lines(comparison))[-1].startswith(
        "the runs are too short, or too unsteady, to tell: message p50 3 ms -> 3.99 ms, "
    )
    assert Read(comparison_page(comparison)).of("section", "doubtful")[0]["id"] == "verdict"


def test_a_missed_threshold_is_named_first():
    *_, verdict = comparison_lines(compare(healthy(1, rate=300), frozen()))

    assert verdict == "worse: message p99 < 250ms is missed now, late < 1% is missed now"


def test_what_cannot_be_compared_says_so():
    assert list(comparison_lines(compare(healthy(), nothing())))[-1] == (
        "cannot be compared: one of the two measured nothing"
    )


def test_other_profiles_and_a_slow_generator_are_remarked():
    lines = list(comparison_lines(compare(healthy(), stopped())))

    assert (
        "! the two runs did not have the same profile and stages: they were asked other things"
    ) in lines
    assert "! new: the generator was the bottleneck: it stood still for 2 s at 12 s" in lines


def test_markdown_is_a_table_that_a_parser_sees():
    html = rendered("\n".join(comparison_markdown(WORSE)))

    assert html.count("<tr>") == 1 + len(WORSE.measures)
    assert html.count("<strong>worse</strong>") == 3


def test_nothing_that_a_server_said_gets_into_a_comparison():
    wild = replace(healthy(), target=WILD, profile=WILD, phases={WILD: Histogram(),
                   **healthy().phases})  # fmt: skip
    comparison = compare(wild, wild)
    plain = compare(healthy(), healthy())

    assert all(line.isprintable() for line in comparison_lines(comparison))
    assert "<script" not in rendered("\n".join(comparison_markdown(comparison)))
    assert Read(comparison_page(comparison)).tags == Read(comparison_page(plain)).tags


def test_the_page_draws_both_runs():
    page = Read(comparison_page(WORSE))

    assert len(page.of("svg", "chart")) == 3
    assert len([it for it in page.of("path", "line") if "old" in it["class"]]) == 8  # 4 samples
    assert page.of("section", "broke")[0]["id"] == "verdict"


def test_the_page_tells_each_moment_of_both_runs():
    longer = compare(healthy(1), closed())
    (told,) = re.findall(r'id="moments">(.*?)</script>', comparison_page(longer))
    moments = json.loads(told)

    assert len(moments) == 50
    assert moments[3][1].startswith("3 s: old 500/s, p50 ")
    assert moments[40][1].startswith("40 s: old was over; new ")


def test_the_page_tells_failures_of_a_moment():
    text = comparison_page(compare(breaking(), breaking()))

    assert "6 failures" in text


def test_a_page_of_runs_without_a_series_has_their_distribution():
    bare = replace(healthy(), series=Series())

    assert len(Read(comparison_page(compare(bare, bare))).of("svg", "chart")) == 1


def test_a_page_of_a_run_that_measured_nothing_says_so():
    page = Read(comparison_page(compare(healthy(), nothing())))

    assert page.of("section", "nothing")[0]["id"] == "verdict"
    assert len(page.of("svg", "chart")) == 1  # the rate, and no latency
