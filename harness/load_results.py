"""What a load run measured, as a versioned value; summary and exit status read nothing else.

The generator writes it every second while it runs, so that a run that is cut short keeps what it
measured.  `to_json` and `from_json` are each other's inverse; FORMAT changes when a reader would
notice.  It holds counts, never rates or percentiles alone: results of several processes add up.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.histogram import Histogram

FORMAT = "smtp-harness-load/1"


class End(StrEnum):
    """How far a run has come."""

    RUNNING = "running"  # or the generator died: nobody could write a better word
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """What became of the messages that were begun."""

    begun: int = 0  # MAIL was sent
    accepted: int = 0  # 250 came after the final dot, and nothing less counts
    refused: int = 0  # a reply said no
    unanswered: int = 0  # the connection or our patience ended first: delivered or not, who knows

    def __add__(self, other: Messages) -> Messages:
        return Messages(
            begun=self.begun + other.begun,
            accepted=self.accepted + other.accepted,
            refused=self.refused + other.refused,
            unanswered=self.unanswered + other.unanswered,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One kind of thing that went wrong, and how often: a refusal by its code, or what happened."""

    stage: str  # of the phases: "connect", "RCPT", "message", ...
    what: str  # "450 4.2.0", "closed", "silent", ...
    count: int
    example: str = ""  # the first one met, as the server put it


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A threshold of the profile, and whether the run kept it."""

    threshold: str
    met: bool
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """One load run against one target, by one or more processes."""

    target: str
    profile: str
    seed: int
    users: int
    started: str  # ISO 8601, UTC
    seconds: float  # from the first message to the last answer
    end: End = End.RUNNING
    messages: Messages = Messages()
    octets: int = 0  # of content that was accepted, as it went over the wire
    connections: int = 0  # that got as far as EHLO's answer
    phases: Mapping[str, Histogram]  # microseconds of what went well, by name
    troubles: tuple[Trouble, ...] = ()
    thresholds: tuple[Judged, ...] = ()
    greeting: str = ""  # what the target said first: which software this was
    harness: str = ""  # our version

    @property
    def rate(self) -> float:
        """Accepted messages a second."""
        return self.messages.accepted / self.seconds if self.seconds else 0.0

    @property
    def failures(self) -> int:
        """How often something went wrong: refusals, lost connections, silence."""
        return sum(trouble.count for trouble in self.troubles)

    @property
    def exit_status(self) -> int:
        """0 nothing wrong, 1 a threshold is missed, 3 nothing was measured."""
        if not self.messages.begun:
            return 3
        return 0 if all(judged.met for judged in self.thresholds) else 1

    @property
    def failed_share(self) -> float:
        """Failures among all that ended, from 0 to 1."""
        ended = self.failures + self.messages.accepted
        return self.failures / ended if ended else 0.0


def to_json(result: LoadResult) -> str:
    """The result as one JSON object."""
    values = {name: getattr(result, name) for name in LoadResult.__slots__}
    values["messages"] = asdict(result.messages)
    values["phases"] = {name: phase.to_json() for name, phase in result.phases.items()}
    values["troubles"] = [asdict(trouble) for trouble in result.troubles]
    values["thresholds"] = [asdict(judged) for judged in result.thresholds]
    # In one line: only so is json written in C, and this happens while latencies are measured.
    return json.dumps({"format": FORMAT, **values}) + "\n"


def from_json(text: str) -> LoadResult:
    """The result that `to_json` wrote; a UsageError if it is something else."""
    try:
        values = json.loads(text)
        found = values.pop("format")
        if found != FORMAT:
            raise UsageError(f"this is a {found}, and I read {FORMAT}")
        return _from_values(values)
    except (ValueError, AttributeError, LookupError, TypeError):
        raise UsageError("this is not a load result of smtp-harness") from None


def _from_values(values: dict[str, Any]) -> LoadResult:
    values["end"] = End(values["end"])
    values["messages"] = Messages(**values["messages"])
    phases = values["phases"]
    values["phases"] = {name: Histogram.from_json(phase) for name, phase in phases.items()}
    values["troubles"] = tuple(Trouble(**trouble) for trouble in values["troubles"])
    values["thresholds"] = tuple(Judged(**judged) for judged in values["thresholds"])
    return LoadResult(**values)


def write(result: LoadResult, path: Path) -> None:
    """Put the result at `path`: a reader meets the old one or the new one, never half of one."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(to_json(result), encoding="utf-8")
    beside.replace(path)


def read(path: Path) -> LoadResult:
    """The result at `path`."""
    return from_json(path.read_text(encoding="utf-8"))
