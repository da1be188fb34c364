from __future__ import annotations

import json
import random

import pytest

from harness.histogram import Histogram


def recorded(*values: int) -> Histogram:
    made = Histogram()
    for value in values:
        made.record(value)
    return made


@pytest.mark.parametrize(
    "value", [0, 1, 255, 256, 257, 511, 512, 1000, 65_535, 10**6, 86_400 * 10**6]
)
def test_one_latency_is_every_percentile_exactly(value: int):
    found = recorded(value)

    assert {found.percentile(percent) for percent in (0, 50, 99, 99.9, 100)} == {value}


def test_percentiles_are_within_four_per_mille_of_the_truth():
    source = random.Random(7)
    values = sorted(int(source.lognormvariate(8, 1.5)) for _ in range(10_000))

    found = recorded(*values)

    for percent in (1, 50, 90, 99, 99.9):
        truth = values[max(0, -(-len(values) * percent // 100).__int__() - 1)]
        assert found.percentile(percent) == pytest.approx(truth, rel=0.004, abs=1)


def test_no_percentile_is_above_the_greatest_or_below_the_least():
    found = recorded(1001, 1003)

    assert found.percentile(0) >= 1001
    assert found.percentile(100) <= 1003


def test_ninety_nine_per_cent_of_ten_is_all_ten():
    assert recorded(*[10] * 9, 200).percentile(99) == 200


def test_nothing_recorded_is_zero_everywhere():
    found = Histogram()

    assert (found.count, found.percentile(99), found.mean) == (0, 0, 0.0)


def test_the_mean_is_exact():
    assert recorded(1000, 2001).mean == 1500.5


def test_merged_histograms_are_the_histogram_of_all():
    source = random.Random(3)
    values = [source.randrange(1, 10**7) for _ in range(500)]
    whole = recorded(*values)

    merged = Histogram()
    for start in range(0, 500, 100):
        merged.merge(recorded(*values[start : start + 100]))
    merged.merge(Histogram())

    assert merged == whole


def test_json_holds_all_of_it():
    found = recorded(3, 300, 300, 70_000)

    assert Histogram.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_memory_does_not_grow_with_what_is_recorded():
    source = random.Random(1)
    found = Histogram()
    for _ in range(20_000):
        found.record(int(source.lognormvariate(9, 3)))

    assert len(found.counts) < 256 + 128 * 40
