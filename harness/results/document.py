"""A run as one JSON document, and back; docs/results.md describes it.

`to_json` and `from_json` are each other's inverse; FORMAT changes when a reader would notice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

from harness.errors import UsageError
from harness.json_reading import read_json
from harness.results.values import (
    Exchange,
    Grade,
    Level,
    Outcome,
    Requirement,
    RunResult,
    Spot,
    Surprise,
    Verdict,
)
from harness.visible import octets_of, visible

FORMAT = "smtp-harness-result/1"

T = TypeVar("T")


def to_json(result: RunResult) -> str:
    """The run as a JSON document, as docs/results.md describes it."""
    document = {
        "format": FORMAT,
        **asdict(result),
        "tally": result.tally,
        "judged": result.judged,
        "exit_status": result.exit_status,
    }
    return json.dumps(document, default=visible, indent=1) + "\n"


def from_json(text: str) -> RunResult:
    """The run that a JSON document tells of; members that we do not know are passed over."""
    try:
        document = read_json(text)
        found = document["format"]
        if found != FORMAT:
            raise UsageError(f"this result is in format {found!r}; this version reads {FORMAT!r}")
        return run_of(document, map(outcome_of, document["outcomes"]))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(f"this is no result file of smtp-harness: {why(error)}") from error


def why(error: Exception) -> str:
    """What is wrong with a document, for a person who does not know Python."""
    match error:
        case json.JSONDecodeError():
            return "it is no JSON"
        case KeyError():
            return f"it has no {error}"
        case _:
            return str(error)


def run_of(row: Mapping[str, Any], outcomes: Iterable[Outcome]) -> RunResult:
    """The run in an object, with these outcomes."""
    return _read(RunResult, row, level=Level(row["level"]), outcomes=tuple(outcomes))


def outcome_of(row: Mapping[str, Any]) -> Outcome:
    """The outcome in an object."""
    return _read(
        Outcome,
        row,
        verdict=Verdict(row["verdict"]),
        grade=Grade(row["grade"]),
        requirements=tuple(_read(Requirement, entry) for entry in row["requirements"]),
        at=_read(Spot, row["at"]),
        surprise=_surprise(row["surprise"]) if row.get("surprise") else None,
        notes=tuple(row["notes"]),
        exchanges=tuple(
            _read(Exchange, entry, octets=octets_of(entry["octets"])) for entry in row["exchanges"]
        ),
        ports=tuple(row["ports"]),
    )


def _surprise(row: Mapping[str, Any]) -> Surprise:
    return _read(Surprise, row, at=_read(Spot, row["at"]), detail=tuple(row["detail"]))


def _read(kind: type[T], row: Mapping[str, Any], **converted: object) -> T:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # all are dataclasses
    return kind(**{name: value for name, value in row.items() if name in known} | converted)
