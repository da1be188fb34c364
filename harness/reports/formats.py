"""The formats that a run can be told in: a table from a name to the function that tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.reports.github import to_github
from harness.reports.junit import to_junit
from harness.reports.markdown import to_markdown
from harness.reports.page import to_html, to_page
from harness.reports.sarif import to_sarif
from harness.reports.tap import to_tap
from harness.results import RunLines, RunResult, to_json

STDOUT = Path("-")


@dataclass(frozen=True, slots=True)
class Format:
    """How a run is told; a file with one of the suffixes is meant to be in this format."""

    tell: Callable[[RunResult], str]
    suffixes: tuple[str, ...] = ()
    tell_all: Callable[[Sequence[RunResult]], str] | None = None  # many runs in one report


def to_lines(result: RunResult) -> str:
    """The run as JSON Lines, all at once."""
    lines = RunLines(result)
    told = (lines.outcome(outcome) for outcome in result.outcomes)
    return "".join([lines.beginning, *told, lines.end(result)])


def all_to_lines(results: Sequence[RunResult]) -> str:
    """The runs one behind the other."""
    return "".join(map(to_lines, results))


FORMATS: Mapping[str, Format] = {
    "json": Format(to_json, (".json",)),
    "jsonl": Format(to_lines, (".jsonl", ".ndjson"), all_to_lines),
    "junit": Format(to_junit, (".xml",)),
    "html": Format(to_html, (".html", ".htm"), to_page),
    "markdown": Format(to_markdown, (".md", ".markdown")),
    "github": Format(to_github),
    "sarif": Format(to_sarif, (".sarif",)),
    "tap": Format(to_tap, (".tap",)),
}


@dataclass(frozen=True, slots=True)
class Report:
    """One report that is wanted: the format's name, and the file, or `-` for standard output."""

    format: str
    path: Path

    def tell(self, result: RunResult) -> str:
        """The run in this format."""
        return FORMATS[self.format].tell(result)

    def tell_all(self, results: Sequence[RunResult]) -> str:
        """All these runs in one report; raises UsageError if the format is about one."""
        if len(results) == 1:
            return self.tell(results[0])
        tell = FORMATS[self.format].tell_all
        if tell is None:
            able = " and ".join(name for name, it in FORMATS.items() if it.tell_all)
            raise UsageError(
                f"{self.format} is about one run, and there are {len(results)}: only {able} tell "
                "of many"
            )
        return tell(results)


def read_report(text: str) -> Report:
    """The report in `FORMAT:FILE`, or in `FILE` whose suffix tells the format."""
    format, colon, file = text.partition(":")
    if colon and format in FORMATS and file:
        return Report(format, Path(file))
    path = Path(text)
    for name, known in FORMATS.items():
        if path.suffix in known.suffixes:
            return Report(name, path)
    raise UsageError(
        f"{text!r} does not say which format it is to be in: write one of "
        f"{', '.join(f'{name}:FILE' for name in FORMATS)}"
    )
