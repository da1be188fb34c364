from __future__ import annotations

import itertools

import pytest

from harness.load_results import LATE, Stage
from loadtests.timing.agenda import Agenda
from loadtests.timing.plan import Plan

TEN_A_SECOND = Plan((Stage(name="", begin=0.0, end=10.0, users=(5, 5), rate=(10.0, 10.0)),))


def agenda(share: float = 1.0, first: float = 1.0, begin: float = 0.0, now: float = 0.0) -> Agenda:
    made = Agenda(TEN_A_SECOND, lambda: share, first=first)
    made.start(begin, max(begin, now))
    return made


def moments(of: Agenda, count: int) -> list[float | None]:
    return [of.claim() for _ in range(count)]


def test_each_message_has_a_moment_of_its_own():
    assert moments(agenda(begin=100.0), 3) == pytest.approx([100.1, 100.2, 100.3])


def test_the_moments_end_with_the_plan():
    found = moments(agenda(), 101)

    assert found[99] == pytest.approx(10.0)
    assert found[100] is None


def test_processes_share_the_moments():
    one, other = agenda(share=0.5, first=0.25), agenda(share=0.5, first=0.75)
    found = sorted(moment for each in (one, other) for moment in moments(each, 50) if moment)

    gaps = [after - before for before, after in itertools.pairwise(found)]
    assert len(found) == 100
    assert gaps == pytest.approx([0.1] * 99)


def test_who_is_left_alone_takes_over_the_share_of_the_others():
    share = 0.5
    made = Agenda(TEN_A_SECOND, lambda: share, first=1.0)
    assert moments(made, 2) == pytest.approx([0.2, 0.4])

    share = 1.0

    assert moments(made, 2) == pytest.approx([0.5, 0.6])


def test_who_joins_later_has_nothing_to_make_up_for():
    made = agenda(begin=0.0, now=5.0)

    assert made.claim() == pytest.approx(5.1)
    assert made.come_due(5.0, begun=0) == {}


def test_what_has_come_due_is_told_once_its_second_is_over():
    made = agenda()
    found = [made.come_due(now + LATE, begun=0) for now in (1.0, 1.5, 1.5, 3.25)]

    assert found == [{0: 10}, {}, {}, {1: 10, 2: 10}]


def test_in_the_end_what_was_begun_was_due_and_what_came_due_just_now_was_not():
    made = agenda()
    made.stop(1.5)

    assert made.come_due(1.6, begun=0) == {0: 10, 1: 4}
    assert made.come_due(1.6, begun=15) == {1: 1}


def test_nothing_comes_due_behind_the_end_of_the_plan():
    assert agenda().come_due(99.0, begun=0) == dict.fromkeys(range(10), 10)


def test_what_comes_due_when_nobody_sends_any_more_is_nobodys():
    made = agenda()
    made.stop(3.0 + LATE)

    assert sum(made.come_due(9.0, begun=0).values()) == 30


def test_a_moment_that_is_given_back_is_the_next_one_s():
    made = agenda()
    first, second, third = (made.claim() or 0.0 for _ in range(3))
    made.give_back(second)
    made.give_back(first)

    assert [made.claim() for _ in range(3)] == pytest.approx([first, second, third + 0.1])


def test_who_waits_for_a_moment_takes_an_earlier_one_for_it():
    made = agenda()
    first, second = (made.claim() or 0.0 for _ in range(2))
    assert made.claim(second) == second

    made.give_back(first)

    assert made.claim(second) == first
    assert made.claim(first) == first
    assert made.claim() == second
