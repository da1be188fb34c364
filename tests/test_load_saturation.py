from __future__ import annotations

from dataclasses import replace

import pytest

from harness.load_results import Generator, Series, saturation
from tests.load_values import histogram
from tests.reports.load_runs import closed, frozen, healthy, stopped

SLOW = {
    "no time left": (Generator(seconds=10, cpu=9.5), "it used 95 % of a processor"),
    "late timers": (
        Generator(lag=histogram(*[100] * 98, 30_000, 30_000)),
        "its timers were late by 30 ms (p99)",
    ),
    "replies that lay there": (
        Generator(own=600, waited=1_000),
        "60 % of its latency was its own",
    ),
    "away": (Generator(lag=histogram(*[100] * 999, 300_000)), "it stood still for 300 ms"),
}


@pytest.mark.parametrize(("generator", "words"), SLOW.values(), ids=SLOW)
def test_a_generator_that_was_the_limit_says_by_what(generator: Generator, words: str):
    found = saturation(replace(healthy(), generators={"local": generator}))

    assert found is not None
    assert found.startswith("the generator was the bottleneck: ")
    assert words in found


FINE = {
    "all is well": Generator(seconds=10, cpu=8.9, lag=histogram(*[100] * 200, 200_000)),
    "half of it": Generator(own=500, waited=1_000),
    "nothing known": Generator(),
}


@pytest.mark.parametrize("generator", FINE.values(), ids=FINE)
def test_a_generator_that_was_fast_enough_says_nothing(generator: Generator):
    assert saturation(replace(healthy(), generators={"local": generator})) is None


def test_timers_that_were_late_matter_beside_what_messages_took():
    late = {"local": Generator(lag=histogram(*[100] * 98, 30_000, 30_000))}
    slow = {"message": histogram(*[400_000] * 100)}

    assert saturation(replace(healthy(), generators=late, phases=slow)) is None


def test_a_server_that_froze_is_not_taken_for_our_own_stall():
    assert saturation(frozen()) is None


def test_our_own_stall_is_told_with_its_moment():
    assert saturation(stopped()) == (
        "the generator was the bottleneck: it stood still for 2 s at 12 s"
    )


def test_a_stall_without_a_series_has_no_moment_to_name():
    assert saturation(replace(stopped(), series=Series())) == (
        "the generator was the bottleneck: it stood still for 2 s"
    )


def test_a_processor_that_was_full_for_a_large_part_of_the_run_is_told():
    run = closed()
    half = {"local": replace(run.generators["local"], cpu=25.0)}

    assert saturation(replace(run, generators=half)) == (
        "the generator was the bottleneck: it used 50 % of a processor, "
        "90 % or more in 68 % of the run"
    )


def test_a_second_or_two_without_time_are_no_limit():
    """A run begins with importing, and connecting."""
    run = healthy()
    for count, is_limit in ((2, False), (3, True)):
        full = {at: replace(run.series.intervals[at], busy={"local": 1.0}) for at in range(count)}
        assert bool(saturation(replace(run, series=Series(intervals=full)))) is is_limit


def test_of_several_processes_the_one_is_named():
    slow = Generator(seconds=10, cpu=9.5, lag=histogram(30_000))
    both = {"worker 1": Generator(), "worker 2": slow}

    assert saturation(replace(healthy(), generators=both)) == (
        "the generator was the bottleneck: worker 2 used 95 % of a processor; "
        "worker 2's timers were late by 30 ms (p99)"
    )


def test_of_many_processes_that_were_the_limit_few_are_told_and_the_rest_counted():
    workers = {f"worker {at}": Generator(seconds=10, cpu=9.5) for at in range(1, 101)}
    found = saturation(replace(healthy(), generators=workers))

    assert found is not None
    assert found.startswith("the generator was the bottleneck: worker 1 used 95 % of a processor; ")
    assert found.endswith("; worker 6 used 95 % of a processor; and 94 more")
