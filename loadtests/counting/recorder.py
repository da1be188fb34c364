"""What a process counts, second by second: latencies by phase, messages by fate, troubles by code.

It is taken away in parts, each of them what was counted since the last, which add up to the run
(`harness.load_results.together`).  Nothing grows with the length of a run: a trouble is kept by its
kind, with one example, and there is a limit to kinds.  Time is an argument, by any clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.histogram import Histogram
from harness.load_results import (
    End,
    Generator,
    Interval,
    LoadResult,
    Messages,
    Series,
    Trouble,
)
from harness.protocol.replies import Reply
from loadtests.counting.phases import BODY, DOT, MESSAGE, PHASES

KINDS = 1_000  # of troubles: a server that invents codes must not fill our memory
OTHER = "other"  # what comes after that
NO_REPLY = "no reply code"  # something was said, and it does not begin with one
_EXAMPLE = 300  # characters of a reply that are kept
MICROSECONDS = 1_000_000
_WIDTH = 1.0  # seconds of an interval

# Whole microseconds, and how often: buckets are made of them when a part is taken, for finding one
# costs more than all else that is done for a latency.
Counts = defaultdict[int, int]


def kind_of(reply: Reply) -> str:
    """A refusal as a kind: its code and enhanced code, never its text."""
    if not reply.code:
        return NO_REPLY
    code = f"{reply.code:03d}"
    return f"{code} {reply.enhanced}" if reply.enhanced else code


@dataclass(slots=True)
class _Second:
    """What is counted in one interval."""

    begun: int = 0
    late: int = 0
    accepted: int = 0
    refused: int = 0
    unanswered: int = 0
    octets: int = 0
    latency: Counts = field(default_factory=lambda: defaultdict(int))
    troubles: dict[str, int] = field(default_factory=dict)


class Audience(Protocol):
    """Who hears of messages that were accepted."""

    @property
    def wants_each(self) -> bool:
        """Whether to hear of each at once; else `hear` will do."""

    def hear(self, latency: Mapping[int, int]) -> None:
        """So many of them took so many microseconds, in the last second or a part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fared:
    """How the process itself fared since the last part was taken."""

    users: int = 0
    due: Mapping[int, int] = field(default_factory=dict)  # second -> messages that came due
    generator: Generator = field(default_factory=Generator)


class Recorder:
    """Counts what the senders of one process meet."""

    def __init__(self, blank: LoadResult, *, name: str = "generator") -> None:
        self.name = name  # of this process among others
        self.begun = 0  # messages, in the whole run
        self.ended = 0  # messages whose fate is known
        self.last = 0.0  # the last answer, in seconds of the run
        self.blank = blank  # what is known of the run before anything is counted
        self.audience: Audience | None = None
        self.tells_each = True  # message to its audience, now
        self._zero: float | None = None
        self._greeting = ""
        self._kinds: set[tuple[str, str]] = set()
        self._forget()

    def start(self, now: float, *, elapsed: float = 0.0) -> None:
        """The run begins, or began `elapsed` seconds ago elsewhere."""
        self._zero = now - elapsed
        self.turn(now)

    @property
    def zero(self) -> float:
        """The moment when the run began."""
        assert self._zero is not None, "a run begins before anything is counted"
        return self._zero

    # --- what senders tell -----------------------------------------------------------------------

    def measure(self, phase: str, seconds: float) -> None:
        """Count how long something took that went well."""
        self._phases[phase][int(seconds * MICROSECONDS)] += 1

    def measure_failed(self, phase: str, seconds: float) -> None:
        """Count how long it took until something went wrong."""
        self._failed[phase][int(seconds * MICROSECONDS)] += 1

    def greet(self, greeting: Reply, *, resumed: bool = False) -> None:
        """A connection got as far as the answer to EHLO."""
        self._connections += 1
        self._resumed += resumed
        self._greeting = self._greeting or str(greeting)[:_EXAMPLE]

    def begin(self, now: float, late: bool = False) -> None:
        """The MAIL of a message goes out."""
        if now >= self._next:
            self.turn(now)
        self.begun += 1
        self._second.begun += 1
        if late:
            self._second.late += 1

    def accept(self, seconds: float, body: float, dot: float, octets: int, now: float) -> None:
        """250 came after the final dot of a message; `body` is what writing its text took."""
        if now >= self._next:
            self.turn(now)
        self._bodies[int(body * MICROSECONDS)] += 1
        self._dots[int(dot * MICROSECONDS)] += 1
        second = self._second
        second.latency[int(seconds * MICROSECONDS)] += 1
        second.accepted += 1
        second.octets += octets
        self._last = now
        self.ended += 1

    def refuse(self, seconds: float, now: float) -> None:
        """A reply said no to a whole message; who said it is told to `refused_at`."""
        self._tally(now).refused += 1
        self.measure_failed(MESSAGE, seconds)
        self._last = now
        self.ended += 1

    def lose(self, seconds: float, now: float) -> None:
        """A message got no answer: it may have been delivered, or not."""
        self._tally(now).unanswered += 1
        self.measure_failed(MESSAGE, seconds)
        self._last = now
        self.ended += 1

    def refused_at(self, stage: str, reply: Reply, now: float) -> None:
        """Count a refusal by stage and code."""
        self.trouble(stage, kind_of(reply), now, str(reply))

    def kind(self, stage: str, what: str) -> tuple[str, str]:
        """What a trouble is counted as: there is a limit to kinds."""
        kind = (stage, what)
        if kind not in self._kinds:
            if len(self._kinds) >= KINDS:
                kind = (stage, OTHER)
            self._kinds.add(kind)
        return kind

    def trouble(self, stage: str, what: str, now: float, example: str = "") -> None:
        """Count something that went wrong."""
        kind = self.kind(stage, what)
        first = round(now - self.zero, 3)
        known = self._troubles.get(kind)
        self._troubles[kind] = (
            replace(known, count=known.count + 1)
            if known
            else Trouble(
                stage=kind[0], what=kind[1], count=1, example=example[:_EXAMPLE], first=first
            )
        )
        troubles, name = self._tally(now).troubles, " ".join(kind)
        troubles[name] = troubles.get(name, 0) + 1

    # --- parts -----------------------------------------------------------------------------------

    def take(self, now: float, fared: Fared | None = None) -> LoadResult:
        """All that was counted since the last part was taken."""
        fared = fared or Fared()
        self.turn(now)
        # A part is taken when its second is over: what was watched belongs to that one.
        at = max(0, int((now - self.zero - _WIDTH / 2) // _WIDTH))
        watched = Interval(
            users={self.name: fared.users},
            lag={self.name: fared.generator.lag.greatest},
            busy={self.name: round(fared.generator.busy, 3)},
        )
        due = {second: Interval(due=count) for second, count in fared.due.items()}
        series = Series(width=_WIDTH, intervals=self._intervals) + Series(intervals={at: watched})
        total = sum(self._intervals.values(), Interval())
        self.last = max(self.last, self._last - self.zero)
        part = replace(
            self.blank,
            end=End.RUNNING,
            seconds=round(self.last, 6),
            messages=Messages(
                due=sum(fared.due.values()),
                begun=total.begun,
                late=total.late,
                accepted=total.accepted,
                refused=total.refused,
                unanswered=total.unanswered,
            ),
            octets=total.octets,
            connections=self._connections,
            resumed=self._resumed,
            phases=_met({**_histograms(self._phases), MESSAGE: total.latency}),
            failed=_met(_histograms(self._failed)),
            troubles=tuple(self._troubles.values()),
            greeting=self._greeting,
            series=series + Series(intervals=due),
            generators={self.name: replace(fared.generator, accepted=total.accepted)},
        )
        self._forget()
        self.turn(now)
        return part

    def _forget(self) -> None:
        self._phases: dict[str, Counts] = {phase: defaultdict(int) for phase in PHASES}
        self._bodies, self._dots = self._phases[BODY], self._phases[DOT]
        self._failed: dict[str, Counts] = {phase: defaultdict(int) for phase in PHASES}
        self._troubles: dict[tuple[str, str], Trouble] = {}
        self._intervals: dict[int, Interval] = {}
        self._second = _Second()
        self._at = 0
        self._next = 0.0  # the moment when the next interval begins
        self._connections = self._resumed = 0
        self._greeting = ""
        self._last = 0.0

    def _tally(self, now: float) -> _Second:
        if now >= self._next:
            self.turn(now)
        return self._second

    def turn(self, now: float) -> None:
        """The interval that was counted in is over; another begins."""
        if self._zero is None:
            return  # nothing is counted in a process that sends no mail
        second = self._second
        if self.audience is not None:
            if not self.tells_each:
                self.audience.hear(second.latency)
            self.tells_each = self.audience.wants_each
        if second != _NOTHING:
            counted = Interval(
                begun=second.begun,
                late=second.late,
                accepted=second.accepted,
                refused=second.refused,
                unanswered=second.unanswered,
                octets=second.octets,
                latency=Histogram.of(second.latency),
                troubles=second.troubles,
            )
            known = self._intervals.get(self._at)
            self._intervals[self._at] = known + counted if known else counted
            self._second = _Second()
        self._at = max(0, int((now - self.zero) // _WIDTH))
        self._next = self.zero + (self._at + 1) * _WIDTH


_NOTHING = _Second()


def _histograms(phases: Mapping[str, Counts]) -> dict[str, Histogram]:
    return {name: Histogram.of(counts) for name, counts in phases.items()}


def _met(phases: dict[str, Histogram]) -> dict[str, Histogram]:
    return {name: phase for name, phase in phases.items() if phase.count}
