"""One HTML page of one run or many: requirement by server, without a script from elsewhere."""

from harness.reports.page.writing import to_html, to_page

__all__ = ["to_html", "to_page"]
