"""Ranges against sets of numbers, which they stand for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.accounting.ranges import Ranges

NUMBERS = st.lists(st.integers(min_value=0, max_value=40))
PIECES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)))


def ranges_of(numbers):
    made = Ranges()
    for number in numbers:
        made.add(number)
    return made


@given(NUMBERS)
def test_ranges_are_the_set_of_what_was_put_in(numbers):
    made, known = Ranges(), set()
    for number in numbers:
        assert made.add(number) is (number not in known)
        known.add(number)
    assert list(made.numbers()) == sorted(known)
    assert len(made) == len(known)
    assert [number for number in range(-1, 42) if number in made] == sorted(known)


@given(NUMBERS)
def test_ranges_stand_apart_and_in_order(numbers):
    found = list(ranges_of(numbers))
    assert all(first <= last for first, last in found)
    assert all(one[1] + 1 < other[0] for one, other in pairwise(found))


@given(PIECES)
def test_whole_ranges_may_overlap(pieces):
    made = Ranges((first, first + length) for first, length in pieces)
    known = {n for first, length in pieces for n in range(first, first + length + 1)}
    assert list(made.numbers()) == sorted(known)


@given(NUMBERS, NUMBERS)
def test_they_are_taken_off_each_other_and_met_with_each_other(one, other):
    left, right = ranges_of(one), ranges_of(other)
    assert list((left - right).numbers()) == sorted(set(one) - set(other))
    assert list((left & right).numbers()) == sorted(set(one) & set(other))


def test_a_long_run_in_order_is_one_range():
    assert list(ranges_of(range(100_000))) == [(0, 99_999)]
