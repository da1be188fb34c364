"""A master and its workers: each message that is wanted is begun once, whatever becomes of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from loadtests.running.granting import Grants


@dataclass
class Worker:
    """What a worker does with its orders."""

    users: int = 1
    left: int = 0
    begun: int = 0
    orders: int = 0
    waiting: list[int] = field(default_factory=list)  # orders under way

    def obey(self) -> None:
        for more in self.waiting:
            self.left = max(0, self.left + more)
            self.orders += 1
        self.waiting.clear()

    def begin(self, some: int) -> None:
        if self.users:
            some = min(some, self.left)
            self.left -= some
            self.begun += some


class Run:
    """Some workers and their master."""

    def __init__(self, wanted: int, **workers: Worker) -> None:
        self.grants = Grants(wanted)
        self.workers = workers

    def turn(self, *, some: int = 5) -> None:
        """A second: orders arrive, messages are begun, reports are heard."""
        users = {name: each.users for name, each in self.workers.items()}
        for name, more in self.grants.orders(users).items():
            self.workers[name].waiting.append(more)
        for name, each in self.workers.items():
            each.obey()
            each.begin(some)
            self.grants.hear(name, (each.orders, each.begun, each.left))

    def finish(self) -> int:
        """How many were begun in all; by the lost they were before."""
        for _ in range(200):
            if self.grants.is_spent(self.workers):
                return sum(each.begun for each in self.workers.values())
            self.turn()
        pytest.fail(f"it never ended: {self.workers}")


def test_workers_get_equal_parts():
    run = Run(11, a=Worker(users=0), b=Worker(users=0))

    assert run.grants.orders({"a": 0, "b": 0}) == {"a": 6, "b": 5}


def test_all_that_are_wanted_are_begun_and_not_one_more():
    assert Run(101, a=Worker(), b=Worker(), c=Worker()).finish() == 101


def test_who_has_no_users_keeps_nothing_from_the_others():
    run = Run(100, a=Worker(users=0), b=Worker(users=0))
    run.turn()
    run.workers["a"].users = 1

    assert run.finish() == 100
    assert run.workers["b"].begun == 0


def test_who_comes_later_takes_its_part():
    run = Run(1_000, a=Worker())
    run.turn()
    run.workers["b"] = Worker()

    assert run.finish() == 1_000
    assert run.workers["b"].begun > 100


def test_what_a_lost_worker_had_not_begun_is_begun_by_the_others():
    run = Run(100, a=Worker(), b=Worker())
    run.turn()
    lost = run.workers.pop("b")
    assert lost.begun == 5

    assert run.finish() == 95


def test_what_a_lost_worker_began_and_did_not_report_is_begun_again():
    run = Run(100, a=Worker(), b=Worker())
    run.turn()
    run.workers["b"].begin(7)  # between two reports
    lost = run.workers.pop("b")
    assert lost.begun == 5 + 7

    assert run.finish() + lost.begun == 100 + 7


def test_who_was_given_up_and_comes_back_gives_back_what_it_still_holds():
    run = Run(100, a=Worker(), b=Worker())
    run.turn(some=1)
    late = run.workers.pop("b")
    run.turn(some=1)
    run.workers["b"] = late

    assert run.finish() == 100


@pytest.mark.parametrize("users", [0, 1], ids=["without users", "at work"])
def test_what_two_hold_is_taken_back_from_the_richest_and_no_more(users: int):
    run = Run(100, a=Worker(), b=Worker())
    run.turn(some=10)  # each was given 50 and began 10
    late = run.workers.pop("b")
    run.turn(some=0)  # a is given the 40 that b had left: it holds 80
    run.workers["a"].users = users
    run.turn(some=30)  # of which, at work, it begins 30
    run.workers["b"] = late

    assert run.grants.orders({"a": users, "b": 1}) == {"a": -40}


def test_nobody_is_asked_for_more_than_it_holds():
    run = Run(100, a=Worker(), b=Worker())
    run.turn(some=10)
    late = run.workers.pop("b")
    run.turn(some=0)
    run.turn(some=55)  # a has 25 left of 80
    late.begin(20)  # and b 20 of 40
    run.workers["b"] = late
    run.grants.hear("b", (late.orders, late.begun, late.left))

    assert run.grants.orders({"a": 1, "b": 1}) == {"a": -25}


def test_what_all_hold_is_nobodys_to_move():
    run = Run(100, a=Worker(), b=Worker())
    run.turn(some=10)

    assert run.grants.orders({"a": 1, "b": 1}) == {}


def test_alone_a_master_is_not_done():
    assert not Run(1).grants.is_spent([])


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_to_users_the_number_is_kept(seed: int):
    source = random.Random(seed)
    run = Run(300, a=Worker(), b=Worker(), c=Worker())
    for _ in range(30):
        for each in run.workers.values():
            each.users = source.randrange(3)
        run.turn(some=source.randrange(8))
    for each in run.workers.values():
        each.users = source.randrange(2)
    run.workers["a"].users = 1

    assert run.finish() == 300
