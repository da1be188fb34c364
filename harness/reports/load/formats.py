"""The formats that a load run can be told in: a table from a name to the function that tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.load_results import LoadResult, to_document
from harness.reports.load.junit import to_junit
from harness.reports.load.markdown import to_markdown
from harness.reports.load.page import to_html
from harness.reports.load.tables import to_csv, to_phases_csv, to_troubles_csv

FORMATS: Mapping[str, Callable[[LoadResult], str]] = {
    "json": to_document,
    "junit": to_junit,
    "csv": to_csv,
    "phases-csv": to_phases_csv,
    "troubles-csv": to_troubles_csv,
    "html": to_html,
    "markdown": to_markdown,
}
_SUFFIXES: Mapping[str, str] = {
    ".json": "json",
    ".xml": "junit",
    ".csv": "csv",
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".markdown": "markdown",
}


@dataclass(frozen=True, slots=True)
class LoadReport:
    """One report that is wanted: the format's name, and the file, or `-` for standard output."""

    format: str
    path: Path

    def tell(self, result: LoadResult) -> str:
        """The run in this format."""
        return FORMATS[self.format](result)


def read_load_report(text: str) -> LoadReport:
    """The report in `FORMAT:FILE`, or in `FILE` whose suffix tells the format."""
    format, colon, file = text.partition(":")
    if colon and format in FORMATS and file:
        return LoadReport(format, Path(file))
    path = Path(text)
    if path.suffix in _SUFFIXES:
        return LoadReport(_SUFFIXES[path.suffix], path)
    raise UsageError(
        f"{text!r} does not say which format it is to be in: write one of "
        f"{', '.join(f'{name}:FILE' for name in FORMATS)}"
    )
