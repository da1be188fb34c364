"""The page of a load run: its axes as values, its HTML as a parser reads it."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from harness.histogram import Histogram
from harness.load_results import Interval, Series, Trouble, UnderLoad
from harness.reports.load.findings import findings
from harness.reports.load.limits import limits, meaning
from harness.reports.load.page import to_html
from harness.reports.load.page.charts import KINDS, charts, distribution
from harness.reports.load.page.plot import (
    Chart,
    Mark,
    Step,
    area,
    clock,
    linear,
    logarithmic,
    steps,
    tail,
)
from tests.load_values import histogram
from tests.reports.load_runs import RUNS, breaking, closed, frozen, healthy, lossy, nothing, stopped
from tests.reports.parsing import Read

# --- axes ----------------------------------------------------------------------------------------


def plain(value: float) -> str:
    return f"{value:g}"


@pytest.mark.parametrize(
    ("most", "named"),
    [
        (0, ["0", "1"]), (1, ["0", "0.5", "1"]), (3, ["0", "1", "2", "3"]),
        (790, ["0", "200", "400", "600", "800"]), (800, ["0", "200", "400", "600", "800"]),
        (801, ["0", "500", "1000"]), (12_345, ["0", "5000", "10000", "15000"]),
    ],
)  # fmt: skip
def test_a_linear_axis_ends_at_a_round_number_beyond_all(most: float, named: list[str]):
    axis = linear(most, plain)

    assert [shown for _, shown in axis.ticks] == named
    assert axis.place(axis.ticks[-1][0]) == pytest.approx(1)
    assert axis.place(most) <= 1


@pytest.mark.parametrize(
    ("least", "most", "named"),
    [
        (3_000, 9_000, ["1000", "10000"]), (3_000, 10_000, ["1000", "10000"]),
        (0, 0, ["1", "10"]), (100, 100, ["100", "1000"]),
        (90, 2_000, ["10", "100", "1000", "10000"]),
    ],
)  # fmt: skip
def test_a_logarithmic_axis_has_whole_decades(least: float, most: float, named: list[str]):
    axis = logarithmic(least, most, plain)

    assert [shown for _, shown in axis.ticks] == named
    assert 0 <= axis.place(least) <= axis.place(most) <= 1
    assert axis.place(0) == 0


def test_each_further_nine_has_as_much_room_as_the_one_before():
    axis = tail(10_000)

    assert [shown for _, shown in axis.ticks] == ["50%", "90%", "99%", "99.9%", "99.99%"]
    assert [round(axis.place(share), 3) for share in (0, 0.9, 0.99, 0.999, 1)] == [
        0, 0.25, 0.5, 0.75, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "count"), [(0, 1), (3, 4), (30, 7), (61, 5), (3_600, 7), (86_400, 7), (90_000, 6)]
)
def test_a_clock_names_few_round_moments(seconds: float, count: int):
    axis = clock(seconds, plain)

    assert len(axis.ticks) == count
    assert all(axis.place(at) <= 1 for at, _ in axis.ticks)


def test_a_gap_stays_a_gap():
    across, up = linear(4, plain), linear(4, plain)
    values = [Step(0, 1, 1), Step(1, 2, None), Step(2, 3, 2), Step(3, 4, 4)]

    assert steps(values, across, up, "l0") == (
        '<path class="line l0" d="M0 750H250M500 500H750L750 0H1000"/>'
    )
    assert area(values[:2], across, up, "x") == ('<path class="area x" d="M0 1000V750H250V1000Z"/>')
    assert steps([Step(0, 1, None)], across, up, "l0") == ""


# --- charts --------------------------------------------------------------------------------------


def drawn(result):
    return {it.title: it for it in charts(result, findings(result))}


CHARTS = {
    "healthy": ["Messages a second", "Latency of a message", "Users"],
    "breaking": ["Messages a second", "Latency of a message", "Failures a second", "Users"],
    "nothing": ["Messages a second", "Failures a second", "Users"],
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_run_has_the_charts_of_what_was_met(name: str):
    wanted = [*CHARTS[name], *(["Latencies: which share was faster"] if name != "nothing" else [])]

    assert list(drawn(RUNS[name]())) == wanted


def test_a_result_without_a_series_has_its_distribution_still():
    assert list(drawn(replace(healthy(), series=Series()))) == ["Latencies: which share was faster"]


def test_a_result_without_anything_has_no_chart():
    assert drawn(replace(nothing(), series=Series())) == {}


def test_what_is_due_is_drawn_only_under_a_rate():
    assert [name for _, name in drawn(frozen())["Messages a second"].legend] == [
        "accepted", "due", "began late",
    ]  # fmt: skip
    assert [name for _, name in drawn(closed())["Messages a second"].legend] == ["accepted"]


SIDES = {
    "one in the middle": ([50], ["middle"]),
    "at the edges": ([0, 100], ["start", "end"]),
    "far from each other": ([30, 60], ["middle", "middle"]),
    "near each other": ([66, 75], ["end", "start"]),
    "three of them": ([40, 50, 60], ["end", "middle", "start"]),
    "near each other and the edge": ([1, 10, 99], ["start", "start", "end"]),
    "none": ([], []),
}


@pytest.mark.parametrize(("places", "sides"), SIDES.values(), ids=SIDES)
def test_labels_of_marks_that_are_near_lie_beside_each_other(places, sides):
    marks = tuple(Mark(place / 100, "1") for place in places)
    chart = Chart(name="", across=linear(1, plain), up=linear(1, plain), drawn="", marks=marks)

    assert re.findall(r'class="mark" x="[^>]*text-anchor="(\w+)"', chart.markup()) == sides


def test_marks_have_the_numbers_of_the_findings_and_near_ones_share_one():
    chart = drawn(breaking())["Messages a second"].chart

    assert [(mark.at, mark.label) for mark in chart.marks] == [
        (24, "1 3 4 6 7"), (27.5, "5"), (36, "2"),
    ]  # fmt: skip


def test_kinds_of_trouble_beyond_the_colours_share_one():
    many = {f"MAIL {code}": 20 - number for number, code in enumerate(range(450, 460))}
    run = replace(
        healthy(), troubles=(Trouble(stage="MAIL", what="450", count=1),),
        series=Series(intervals={0: Interval(troubles=many), 1: Interval(troubles=many)}),
    )  # fmt: skip
    legend = drawn(run)["Failures a second"].legend

    assert len(legend) == KINDS + 1
    assert legend[0] == ("k0", "MAIL 450 (40)")
    assert legend[-1] == ("k7", f"all others ({2 * (13 + 12 + 11)})")


def test_the_curve_of_a_distribution_ends_at_its_slowest():
    chart = distribution({"message": histogram(*[1_000] * 999, 100_000)}).chart
    path = re.findall(r"[\d.]+ \d+", chart.drawn)

    assert path[0] == "0 1000"
    assert path[-1].endswith(" 0")


def test_the_delivery_has_a_curve():
    *_, chart = charts(lossy(), ())

    assert ("l1", "delivery") in chart.legend


def test_a_phase_of_which_nothing_was_measured_has_none():
    run = replace(healthy(), phases={"TLS": Histogram(), **healthy().phases})

    assert "TLS" not in [it for _, it in drawn(run)["Latencies: which share was faster"].legend]


# --- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "what", "words"),
    [
        ("greeting", "421 4.7.0", "it closes connections; a limit of its policy"),
        ("RCPT", "452 4.5.3", "too many recipients"),
        ("RCPT", "450", "a mailbox is not to be had now"),
        ("dot", "432 4.3.2", "it takes no mail now"),
        ("dot", "552 5.3.4", "more than it has room for; the message is too big"),
        ("connect", "Connection refused", "no connection can be had"),
        ("RCPT", "550 5.1.1", ""),
        ("MAIL", "553 5.7.1", ""),
        ("dot", "closed", ""),
    ],
)  # fmt: skip
def test_a_limit_of_the_server_is_told_in_words(stage: str, what: str, words: str):
    assert meaning(Trouble(stage=stage, what=what, count=1)) == words


def test_limits_stand_in_the_order_in_which_they_were_met():
    assert [it.what for it in limits(breaking())] == ["421 4.7.0", "452 4.3.1"]


# --- the page ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RUNS)
def test_each_run_has_a_page_with_its_verdict(name: str):
    page = Read(to_html(RUNS[name]()))
    (verdict,) = [it for it in page.of("section") if it.get("id") == "verdict"]

    assert verdict["class"] in ("held", "broke", "doubtful", "nothing")
    assert len(page.of("svg", "chart")) >= 3


def test_nothing_that_a_server_said_is_markup():
    plain_run = breaking()
    wild = "<script>x</script>\"'&\x1b"
    attacked = replace(
        plain_run, greeting=wild, target=wild, profile=wild, harness=wild,
        troubles=tuple(replace(it, example=wild) for it in plain_run.troubles),
        stages=tuple(replace(it, name=wild) for it in plain_run.stages),
        generators={wild: plain_run.generators["local"]},
    )  # fmt: skip
    tags = [Read(to_html(run)).tags for run in (plain_run, attacked)]

    assert tags[0] == tags[1]


def test_no_style_no_script_no_image_from_elsewhere():
    page = Read(to_html(breaking()))

    assert not [it for tag, it in page.elements if "src" in it or "href" in it or "style" in it]
    assert "default-src 'none'" in page.of("meta")[1]["content"]


def test_what_the_script_tells_of_a_moment_is_in_the_page():
    text = to_html(breaking())
    (told,) = re.findall(r'id="moments">(.*?)</script>', text)
    moments = json.loads(told)

    assert len(moments) == 36
    assert moments[30][0] == pytest.approx(100 * 30.5 / 36, abs=0.01)
    assert moments[30][1].startswith("30 s in 'step 6': 120 users, ")


def test_a_stall_of_ours_is_told_on_the_page():
    words = "".join(Read(to_html(stopped())).words)

    assert "the generator was the bottleneck: it stood still for 2 s at 12 s" in words


def test_many_kinds_of_trouble_do_not_make_a_page_of_all():
    many = tuple(Trouble(stage="MAIL", what=f"4{n}", count=1) for n in range(1_000))

    assert "900 more kinds are in the result file." in to_html(replace(healthy(), troubles=many))


def test_a_day_of_load_weighs_little():
    """600 intervals are the most that a result has."""
    intervals = {at: healthy().series.intervals[at % 30] for at in range(600)}
    run = replace(healthy(), series=Series(width=128.0, intervals=intervals), seconds=76_800.0)

    assert len(to_html(run).encode()) < 300_000


def test_suites_that_did_not_break_are_told_as_well():
    run = replace(healthy(), under_load=UnderLoad(cases=40, rounds=9))

    assert "40 cases that were met before the load, 9 rounds. None broke." in to_html(run)


def test_suites_that_were_not_played_once_are_not_told_as_unbroken():
    words = to_html(replace(healthy(), under_load=UnderLoad(cases=40, rounds=0)))

    assert "40 cases that were met before the load; no round was played under it." in words
    assert "None broke" not in words


def test_mail_that_is_not_named_is_counted():
    accounting = lossy().accounting
    assert accounting is not None
    many = replace(lossy(), accounting=replace(accounting, lost=4_000))

    assert "and 3,995 more." in to_html(many)
    assert "more." not in to_html(lossy())
