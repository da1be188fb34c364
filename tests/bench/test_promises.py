"""What is said of a promise follows from the figures of the rounds, whatever they are."""

from __future__ import annotations

import pytest
from bench import aligned
from promises import (
    COSTS,
    PROMISES,
    Promise,
    judged,
    judged_costs,
    judged_held,
    judged_idle,
    judged_memory,
)
from rounds import Round, middle, ratios


def rounds(*rates):
    return [Round(rate=rate, effort=0.0, load_effort=0.0) for rate in rates]


def results(ours=1_000.0):
    names = {promise.theirs for promise in PROMISES}
    return {name: rounds(1_000.0) for name in names} | {
        promise.ours: rounds(ours) for promise in PROMISES
    }


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [(1_499, "MISSED"), (1_500, "kept"), (9_000, "kept")],
)
def test_a_promise_is_kept_from_its_floor_on(rate, verdict):
    rows = {(row[0], row[1]): row for row in judged(PROMISES, results(rate), processors=2)}
    row = rows["serve --sink, pipelined", "smtp-sink"]
    assert (row[2], row[-1]) == ("1.5 x", verdict)


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [(999, "MISSED"), (1_000, "kept"), (1_999, "kept"), (2_000, "kept, and the aim")],
)
def test_an_aim_is_more_than_the_promise(rate, verdict):
    row = judged(PROMISES, results(rate), processors=2)[-1]
    assert (row[:3], row[-1]) == (("serve", "Postfix", "1 x (aim 2)"), verdict)


def test_the_median_of_the_ratios_counts_and_not_the_ratio_of_the_medians():
    ours, theirs = rounds(100, 1_000, 30), rounds(100, 2_000, 10)
    assert ratios(ours, theirs) == [1.0, 0.5, 3.0]
    found = results() | {"serve": ours, "Postfix": theirs}
    assert judged(PROMISES, found, processors=2)[-1][3:6] == ("1.00 x", "0.50", "3.00")


def test_who_was_not_there_is_named():
    found = results()
    del found["Postfix"]
    assert judged(PROMISES, found, processors=2)[-1][-1] == "NOT MEASURED: no Postfix"
    assert sum("NOT MEASURED" in row[-1] for row in judged(PROMISES, found, processors=2)) == 1


@pytest.mark.parametrize(
    ("processors", "verdict"), [(2, "NOT PROMISED: 2 processors"), (3, "MISSED")]
)
def test_nothing_is_promised_where_there_are_too_few_processors(processors, verdict):
    promise = Promise(ours="two", theirs="one", least=1.5, processors=3)
    found = {"two": rounds(1_400), "one": rounds(1_000)}
    (row,) = judged([promise], found, processors=processors)
    assert row[3:6] == ("1.40 x", "1.40", "1.40")
    assert row[-1] == verdict


def test_processor_times_are_compared_where_both_are_known():
    found = results() | {
        "serve --sink": [Round(rate=1.0, effort=2.0, load_effort=1.0)],
        "smtp-sink": [Round(rate=1.0, effort=3.0, load_effort=1.0)],
        "aiosmtpd": [Round(rate=1.0, effort=0.0, load_effort=1.0)],
    }
    found["serve --sink, pipelined"] = found["serve --sink"]
    assert [row[6] for row in judged(PROMISES, found, processors=2)] == [
        "1.50",
        "",
        "1.50",
        "",
        "",
        "",
    ]


def test_an_idle_connection_may_cost_less_than_forty_thousand_octets():
    rows = judged_idle({"after EHLO": 39_999.0, "inside TLS": 40_000.0}, 9_800)
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("9,800 idle connections", "after EHLO", "kept"),
        ("9,800 idle connections", "inside TLS", "MISSED"),
    ]


def test_each_figure_has_its_own_median():
    found = middle(
        [
            Round(rate=1.0, effort=9.0, load_effort=5.0),
            Round(rate=2.0, effort=8.0, load_effort=4.0),
            Round(rate=3.0, effort=7.0, load_effort=6.0),
        ]
    )
    assert found == Round(rate=2.0, effort=8.0, load_effort=5.0)


def test_columns_stand_below_each_other():
    assert aligned([("", "x"), ("long", "12")]) == "       x\nlong  12"


@pytest.mark.parametrize(("times", "verdict"), [(1.25, "kept"), (1.26, "MISSED")])
def test_what_more_of_something_may_cost_has_its_limit(times, verdict):
    rows = judged_costs(dict.fromkeys(COSTS, times))

    assert rows[0][-1] == verdict


def test_memory_may_grow_by_a_twentieth():
    grown = [judged_memory(100_000, after, 20_000, 500_000)[-1] for after in (105_000, 105_001)]

    assert grown == ["kept", "MISSED"]


def test_what_a_generator_holds_is_told_by_the_connection():
    row = judged_held(39_999.0, 9_000)

    assert (row[0], row[3], row[-1]) == ("load, 9,000 connections", "40.0 KB", "kept")
    assert judged_held(40_000.0, 9_000)[-1] == "MISSED"
