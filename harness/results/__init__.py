"""Results: what a run found, as versioned values; reports and `compare` read nothing else.

A result is a value before it is a report: nothing here knows SMTP, files or terminals.
"""

from harness.results.document import FORMAT, from_json, to_json
from harness.results.lines import LINES_FORMAT, RunLines, from_lines, is_lines
from harness.results.values import (
    JUDGED,
    Exchange,
    Grade,
    Level,
    Outcome,
    Requirement,
    RunResult,
    Spot,
    Surprise,
    Verdict,
    worst_status,
)

__all__ = [
    "FORMAT",
    "JUDGED",
    "LINES_FORMAT",
    "Exchange",
    "Grade",
    "Level",
    "Outcome",
    "Requirement",
    "RunLines",
    "RunResult",
    "Spot",
    "Surprise",
    "Verdict",
    "from_json",
    "from_lines",
    "is_lines",
    "to_json",
    "worst_status",
]
