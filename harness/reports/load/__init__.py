"""What is told of a load run: on a terminal, to CI, in tables, on a page; all from one value."""

from harness.reports.load.formats import FORMATS
from harness.reports.load.progress import progress
from harness.reports.load.terminal import summary

__all__ = ["FORMATS", "progress", "summary"]
