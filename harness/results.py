"""Results: what a run found, as versioned values; reports and `compare` read nothing else.

A result is a value before it is a report: nothing here knows SMTP, files or terminals.
`to_json` and `from_json` are each other's inverse; FORMAT changes when a reader would notice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

FORMAT = "smtp-harness-result/1"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run of suites against one target."""

    target: str
    started: str  # ISO 8601, UTC
    seconds: float
    seed: int
    segment: str = "whole"
    level: Level = Level.MUST
    interrupted: bool = False
    greeting: str = ""  # what the target said first: which software this was
    outcomes: tuple[Outcome, ...] = ()
    harness: str = ""  # our version
    tally: dict[Verdict, int] = field(default_factory=dict)
