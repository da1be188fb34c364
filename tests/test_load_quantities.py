from __future__ import annotations

import pytest

from harness.load_results.quantities import duration, many, moment, rate, share, span


@pytest.mark.parametrize(
    ("microseconds", "shown"),
    [
        (0, "0 us"),
        (999, "999 us"),
        (999.6, "1 ms"),  # a mean has a part
        (1_000, "1 ms"),
        (1_234, "1.23 ms"),
        (99_960, "100 ms"),
        (999_400, "999 ms"),
        (999_600, "1 s"),
        (1_500_000, "1.5 s"),
        (59_999_000, "60 s"),
        (125_000_000, "125 s"),
        (999_600_000, "1,000 s"),
        (4_000_000_000, "4,000 s"),
    ],
)
def test_latencies_have_three_digits_and_a_unit(microseconds: int, shown: str):
    assert duration(microseconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"), (0.25, "0.2 s"), (0.3, "0.3 s"), (3, "3 s"), (3.21, "3.2 s"), (5.99, "5.9 s"),
        (9.96, "9.9 s"), (12.7, "12 s"), (59.999, "59 s"), (60, "60 s"), (119.9, "119 s"),
        (120, "2:00 min"), (179.999, "2:59 min"), (185, "3:05 min"), (3_599.9, "59:59 min"),
        (3_600, "1:00:00 h"), (7_385, "2:03:05 h"), (-5.5, "-5.5 s"),
    ],
)  # fmt: skip
def test_a_moment_is_told_as_a_clock_does(seconds: float, shown: str):
    assert moment(seconds) == shown


def test_no_moment_is_too_late_to_be_told():
    assert moment(1e308).endswith(" h")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"), (0.27, "0.3 s"), (3.0, "3 s"), (9.96, "10 s"), (12.7, "13 s"), (59.999, "60 s"),
        (119.4, "119 s"), (119.9, "2:00 min"), (3_599.9, "1:00:00 h"),
    ],
)  # fmt: skip
def test_how_long_something_took_is_rounded(seconds: float, shown: str):
    assert span(seconds) == shown


@pytest.mark.parametrize(
    ("part", "shown"),
    [(0, "0 %"), (0.00001, "less than 0.01 %"), (0.0123, "1.23 %"), (0.5, "50 %"), (1, "100 %")],
)
def test_no_share_of_something_is_told_as_nothing(part: float, shown: str):
    assert share(part) == shown


def test_rates_and_counts():
    assert [rate(0), rate(0.25), rate(40), rate(99.94), rate(99.96), rate(1_234.5)] == [
        "0/s", "0.25/s", "40/s", "99.9/s", "100/s", "1,234/s",
    ]  # fmt: skip
    assert [many(1, "user"), many(0, "user"), many(1_234, "user")] == [
        "1 user", "0 users", "1,234 users",
    ]  # fmt: skip
