"""One HTML page of one load run, or of two compared: a file that needs no network."""

from harness.reports.load.page.overlay import comparison_page
from harness.reports.load.page.writing import to_html

__all__ = ["comparison_page", "to_html"]
