"""Runs as JSON Lines: written case by case while a run goes on, and merged by `cat`.

    {"kind": "run", "format": "smtp-harness-lines/1", "run": "5d0c...", "target": ..., "seed": ...}
    {"kind": "outcome", "run": "5d0c...", "address": "rfc5321/4.5.2/leading-dots", ...}
    {"kind": "end", "run": "5d0c...", "seconds": 2.1, "interrupted": false, "tally": ..., ...}

Every line names its run, so lines of many runs may come in any order that leaves each run's own
as it was.  A run without its end was killed: what it found until then is there, and it counts as
interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from harness.errors import UsageError
from harness.json_reading import read_json
from harness.results.document import outcome_of, run_of, why
from harness.results.values import Outcome, RunResult
from harness.visible import visible

LINES_FORMAT = "smtp-harness-lines/1"
_AT_THE_END = ("seconds", "interrupted", "signal", "greeting")  # which nobody knows before


@dataclass(frozen=True, slots=True)
class RunLines:
    """The lines of one run, each with its line end; `run` is what is known when it begins."""

    run: RunResult

    @property
    def id(self) -> str:
        """What tells this run's lines from another's."""
        return sha256(self._beginning(id="").encode()).hexdigest()[:16]

    @property
    def beginning(self) -> str:
        """The first line."""
        return self._beginning(id=self.id)

    def outcome(self, outcome: Outcome) -> str:
        """The line of one case."""
        return _line({"kind": "outcome", "run": self.id, **asdict(outcome)})

    def end(self, result: RunResult) -> str:
        """The last line, from the result of the whole run."""
        late = {name: getattr(result, name) for name in _AT_THE_END}
        sums = {"tally": result.tally, "judged": result.judged, "exit_status": result.exit_status}
        return _line({"kind": "end", "run": self.id, **late, **sums})

    def _beginning(self, id: str) -> str:
        known = asdict(replace(self.run, outcomes=()))
        del known["outcomes"]
        return _line({"kind": "run", "format": LINES_FORMAT, "run": id, **known})


def is_lines(text: str) -> bool:
    """Whether a text is JSON Lines of runs rather than the document of one."""
    try:
        first = read_json(text.partition("\n")[0])
    except ValueError:
        return False
    return isinstance(first, dict) and "kind" in first


def from_lines(text: str) -> list[RunResult]:
    """The runs that lines tell of, in the order in which they began.

    A last line without its end is what a killed run was about to say, and is passed over.
    """
    runs: dict[str, tuple[dict[str, Any], list[Outcome]]] = {}
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            _take(read_json(line), runs)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise UsageError(f"line {number} is no result of smtp-harness: {why(error)}") from error
    return [run_of(members, outcomes) for members, outcomes in runs.values()]


def _take(row: Mapping[str, Any], runs: dict[str, tuple[dict[str, Any], list[Outcome]]]) -> None:
    match row["kind"]:
        case "run":
            if row["format"] != LINES_FORMAT:
                raise UsageError(
                    f"this result is in format {row['format']!r}; "
                    f"this version reads {LINES_FORMAT!r}"
                )
            runs[row["run"]] = {**row, "interrupted": True}, []
        case "outcome":
            runs[row["run"]][1].append(outcome_of(row))
        case "end":
            runs[row["run"]][0].update(row)


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, default=visible) + "\n"
