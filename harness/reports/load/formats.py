"""The formats that a load run can be told in: a table from a name to the function that tells it."""

from __future__ import annotations

from harness.load_results import LoadResult, to_document
from harness.reports.load.github import to_github
from harness.reports.load.junit import to_junit
from harness.reports.load.markdown import to_markdown
from harness.reports.load.page import to_html
from harness.reports.load.tables import to_csv, to_phases_csv, to_troubles_csv
from harness.reports.wanted import Format, Formats

FORMATS: Formats[LoadResult] = Formats({
    "json": Format(to_document, (".json",)),
    "junit": Format(to_junit, (".xml",)),
    "csv": Format(to_csv, (".csv",)),
    "phases-csv": Format(to_phases_csv),
    "troubles-csv": Format(to_troubles_csv),
    "html": Format(to_html, (".html", ".htm")),
    "markdown": Format(to_markdown, (".md", ".markdown")),
    "github": Format(to_github),
})  # fmt: skip
