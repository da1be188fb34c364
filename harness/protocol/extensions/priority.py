"""Which message goes first (RFC 6710)."""

from __future__ import annotations

import re

_VALUE = re.compile(r"-?[1-9]|0")


def read_priority(value: str | None) -> int | None:
    """The number from -9 to 9; None if it is none (RFC 6710 7)."""
    return int(value) if value is not None and _VALUE.fullmatch(value) else None
