"""What a run found, as values: verdicts, outcomes, surprises, and what they make together."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How one case ended."""

    MET = "met"
    FAIL = "fail"  # unmet, and a MUST (or a vulnerability)
    WARN = "warn"  # unmet, and a SHOULD, derived or de-facto
    INFO = "info"  # unmet, and a MAY
    SKIP = "skip"  # the target or the run lacks what the case needs
    ERROR = "error"  # the harness, the network, a start refused: never blamed on the target
    KNOWN = "known"  # unmet, and written down as a known deviation
    FIXED = "fixed"  # met, though a known deviation says it is not


JUDGED = frozenset({Verdict.MET, Verdict.FAIL, Verdict.WARN, Verdict.INFO, Verdict.KNOWN,
                    Verdict.FIXED})  # fmt: skip


class Grade(StrEnum):
    """How much weight a requirement has."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"
    DE_FACTO = "de-facto"
    VULNERABILITY = "vulnerability"


class Level(StrEnum):
    """From which grade on an unmet case makes the run fail."""

    MUST = "must"
    SHOULD = "should"

    def is_failed_by(self, verdict: Verdict) -> bool:
        """Whether a case with this verdict makes the run fail."""
        return verdict is Verdict.FAIL or (self is Level.SHOULD and verdict is Verdict.WARN)


def worst_status(statuses: Iterable[int]) -> int:
    """The exit status of many runs: a failure is said before what could not be judged."""
    found = set(statuses)
    return 1 if 1 in found else max(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in a file of ours, with the author's line."""

    path: str
    line: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a case checks: an entry of the catalogue."""

    id: str
    level: str  # MUST, MUST NOT, SHOULD, ...
    rfc: str
    section: str
    text: str  # the requirement in one sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise:
    """The one thing that was not as wanted."""

    at: Spot
    wanted: str  # all that would have been accepted
    met: str  # what came
    detail: tuple[str, ...] = ()  # more lines: a hex diff, the odd thing about a reply
    exchange: int | None = None  # which of the outcome's exchanges it is about, if one

    def __str__(self) -> str:
        return f"wanted {self.wanted}, met {self.met}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Octets that went over a wire, or something that happened to it; secrets already masked."""

    at: float  # seconds since the case began
    who: str  # "C" client, "S" server, "*" something that happened
    octets: bytes = b""
    happened: str = ""  # with who "*": "connected from 127.0.0.1:4711", "TLS 1.3", "closed"
    connection: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One case, played and judged."""

    address: str
    title: str
    verdict: Verdict
    grade: Grade
    requirements: tuple[Requirement, ...] = ()
    at: Spot
    surprise: Surprise | None = None
    reason: str = ""  # why it was skipped, what the error was, why it is known
    notes: tuple[str, ...] = ()  # accepted, but worth saying: "501 accepted, 555 would be best"
    exchanges: tuple[Exchange, ...] = ()
    ports: tuple[int, ...] = ()  # our local ports, to search the target's log for
    seconds: float = 0.0
    replay: str = ""  # the command line that runs just this case again
    caught_by: str | None = None
    suite: str = ""  # what the address begins with

    @property
    def group(self) -> str:
        """The suite, or if nobody named it, all of the address but its last word."""
        return self.suite or self.address.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The rest of the address: the case's id, with /row for a row of a family."""
        return self.address.removeprefix(self.group).lstrip("/")

    @property
    def selector(self) -> str:
        """What `-s` and `explain` know the case by: a suite of the user's own has its path."""
        words = shlex.split(self.replay)
        return words[words.index("-s") + 1] if "-s" in words else self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run of suites against one target."""

    target: str
    name: str = ""  # what its people call it, if its file says so
    started: str  # ISO 8601, UTC
    seconds: float
    seed: int
    segment: str = "whole"
    level: Level = Level.MUST
    interrupted: bool = False
    signal: str = ""  # that interrupted it: SIGINT, SIGTERM
    greeting: str = ""  # what the target said first: which software this was
    selected: int = 0  # how many cases were to be played; an interrupted run has fewer outcomes
    outcomes: tuple[Outcome, ...] = ()
    harness: str = ""  # our version

    @property
    def tally(self) -> dict[Verdict, int]:
        """How many cases ended in each verdict, all verdicts named."""
        counts = dict.fromkeys(Verdict, 0)
        for outcome in self.outcomes:
            counts[outcome.verdict] += 1
        return counts

    @property
    def judged(self) -> int:
        """How many cases say something about the target."""
        return sum(outcome.verdict in JUDGED for outcome in self.outcomes)

    @property
    def total(self) -> int:
        """How many cases there were to judge."""
        return max(self.selected, len(self.outcomes))

    @property
    def exit_status(self) -> int:
        """0 nothing wrong, 1 the target fails at the level, 3 some case could not be judged.

        A skip is a fact about the target and no trouble; an error hides a verdict, so a run with
        one is never green, and neither is a run that judged nothing.
        """
        if any(self.level.is_failed_by(outcome.verdict) for outcome in self.outcomes):
            return 1
        return 3 if self.tally[Verdict.ERROR] or not self.judged else 0
