"""What is told of a load run: on a terminal, to CI, in tables, on a page; all from one value."""

from harness.reports.load.formats import FORMATS, LoadReport, read_load_report
from harness.reports.load.progress import progress
from harness.reports.load.terminal import summary

__all__ = ["FORMATS", "LoadReport", "progress", "read_load_report", "summary"]
