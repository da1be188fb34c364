"""What is complained of, with its place."""

from __future__ import annotations

from harness.documents import (
    Complaints,
    parse,
)


def told(text: str) -> list[str]:
    complaints = Complaints()
    parse(text, "x.yaml", complaints)
    return [str(complaint) for complaint in complaints]
