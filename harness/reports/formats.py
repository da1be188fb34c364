"""The formats that a run can be told in: a table from a name to the function that tells it."""

from __future__ import annotations

from collections.abc import Sequence

from harness.reports.github import to_github
from harness.reports.junit import to_junit
from harness.reports.markdown import to_markdown
from harness.reports.page import to_html, to_page
from harness.reports.sarif import to_sarif
from harness.reports.tap import to_tap
from harness.reports.wanted import Format, Formats
from harness.results import RunLines, RunResult, to_json


def to_lines(result: RunResult) -> str:
    """The run as JSON Lines, all at once."""
    lines = RunLines(result)
    told = (lines.outcome(outcome) for outcome in result.outcomes)
    return "".join([lines.beginning, *told, lines.end(result)])


def all_to_lines(results: Sequence[RunResult]) -> str:
    """The runs one behind the other."""
    return "".join(map(to_lines, results))


FORMATS: Formats[RunResult] = Formats({
    "json": Format(to_json, (".json",)),
    "jsonl": Format(to_lines, (".jsonl", ".ndjson"), all_to_lines),
    "junit": Format(to_junit, (".xml",)),
    "html": Format(to_html, (".html", ".htm"), to_page),
    "markdown": Format(to_markdown, (".md", ".markdown")),
    "github": Format(to_github),
    "sarif": Format(to_sarif, (".sarif",)),
    "tap": Format(to_tap, (".tap",)),
})  # fmt: skip
