"""What `stop_when` looks at is of the last five seconds, however many processes tell of them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.load_results import Generator, LoadResult, Stage
from loadtests.counting.recorder import Fared, Recorder
from loadtests.running.window import SECONDS, Window
from loadtests.thresholds import read_threshold
from loadtests.timing.agenda import Agenda
from loadtests.timing.plan import Plan
from tests.load_values import BLANK

EVERY = 1.03  # seconds between two parts: never just one


class Process:
    """One of so many, which sends its share of a rate and tells of it."""

    def __init__(self, place: int, of: int, rate: float, delay: float) -> None:
        self.name = f"worker {place + 1}"
        stages = (Stage(name="", begin=0, end=3600, users=(1, 1), rate=(rate, rate)),)
        self.blank = replace(BLANK, stages=stages)
        self.recorder = Recorder(self.blank, name=self.name)
        self.recorder.start(0.0)
        self.agenda = Agenda(Plan(stages), lambda: 1 / of, first=(place + 1) / (of + 1))
        self.agenda.start(0.0, 0.0)
        self.delay = delay  # behind its moment until a message begins
        self.next_told = EVERY + place / of
        self.is_stuck = False
        self._due = self.agenda.claim() or math.inf

    def go_on(self, now: float) -> LoadResult:
        """All that it does until then, and what it tells."""
        while not self.is_stuck and (begun := self._due + self.delay) <= now:
            self.recorder.begin(begun)
            self.recorder.accept(0.001, 0.0, 0.001, 1000, begun)
            self._due = self.agenda.claim() or math.inf
        due = self.agenda.come_due(now, self.recorder.begun)
        return self.recorder.take(now, Fared(users=1, due=due, generator=Generator(seconds=EVERY)))


class Run:
    """Some processes and the window on them."""

    def __init__(self, count: int = 1, rate: float = 20.0, delay: float = 0.002) -> None:
        self.processes = [Process(place, count, rate, delay) for place in range(count)]
        self.blank = self.processes[0].blank
        self.window = Window()
        self.now = 0.0
        self._due = self._begun = 0

    def tell(self) -> None:
        """Whoever is next tells."""
        process = min(self.processes, key=lambda each: each.next_told)
        self.now = process.next_told
        process.next_told += EVERY
        part = process.go_on(self.now)
        self._due += part.messages.due
        self._begun += part.messages.begun
        self.window.add(part, self.now)

    def lose(self, process: Process) -> None:
        self.processes.remove(process)
        lost = {process.name: Generator(lost=True)}
        self.window.add(replace(self.blank, generators=lost), self.now)

    def look(self) -> LoadResult | None:
        return self.window.look(self.blank, self.now, unsent=max(0, self._due - self._begun))

    def found(self, sentence: str) -> str:
        known = self.look()
        return read_threshold(sentence).judge(known).found if known else ""

    def until(self, seconds: float) -> Run:
        while min(each.next_told for each in self.processes) < seconds:
            self.tell()
        return self


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_steady_rate_is_found_at_all_times(count: int):
    run = Run(count).until(2.5)
    while run.now < 20:
        run.tell()
        known = run.look()
        assert known is not None
        assert 1 <= known.seconds <= SECONDS
        assert run.found("rate < 10/s") == "20.0/s"
        assert run.found("accepted < 1") == f"{20 * known.seconds:.0f}"


@pytest.mark.parametrize("count", [1, 2, 7])
def test_who_begins_all_that_is_due_has_nothing_unsent(count: int):
    run = Run(count, rate=200.0, delay=0.09).until(2.5)
    while run.now < 20:
        run.tell()
        assert run.found("unsent > 0") == "0"


def test_who_begins_no_more_has_soon_all_of_it_unsent():
    run = Run(rate=200.0).until(10)
    run.processes[0].is_stuck = True
    run.until(13)
    assert 100 < int(run.found("unsent > 0")) < 600
    run.until(20)

    assert run.found("unsent > 0") == "1000"
    assert run.found("unsent > 0%") == "100.000%"
    assert run.found("rate < 1/s") == "0.0/s"


def test_before_a_second_is_over_nothing_is_known():
    run = Run()
    run.tell()

    assert run.look() is None


def test_who_is_lost_is_not_waited_for_and_takes_no_place():
    run = Run(2).until(10)
    run.lose(run.processes[1])
    run.until(12)

    assert run.found("lost_generators > 0") == "1"
    assert 10 < float(run.found("rate < 1/s").removesuffix("/s")) < 20
    run.until(20)
    assert run.found("rate < 1/s") == "10.0/s"
    assert run.found("lost_generators > 0") == "0", "it was long ago"


def test_who_left_without_a_word_is_not_waited_for_long():
    run = Run(2).until(10)
    run.processes.pop()
    run.until(10 + 2 * SECONDS + 2)

    assert run.found("rate < 1/s") == "10.0/s"


def test_nothing_is_known_of_who_has_said_nothing_for_long():
    run = Run().until(10)
    run.now += SECONDS

    assert run.look() is None


def test_troubles_are_those_of_these_seconds():
    run = Run().until(10)
    for _ in range(3):
        run.processes[0].recorder.trouble("RCPT", "450", 10.1)
    run.until(13)
    assert run.found("failures > 0") == "3"
    assert run.found("failures > 0%") == "2.913%"  # among 100 that were accepted
    run.until(18)

    assert run.found("failures > 0") == "0"


def test_it_does_not_grow_with_the_run():
    run = Run(2).until(60)

    assert len(run.window._seconds) <= SECONDS + 3
    assert len(run.window._parts) <= 2 * SECONDS
