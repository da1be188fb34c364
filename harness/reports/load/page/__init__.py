"""One HTML page of one load run: a file that needs no network."""

from harness.reports.load.page.writing import to_html

__all__ = ["to_html"]
