"""Rates as people write them: `500/s`, `30/min`, `5/h`."""

from __future__ import annotations

import re
from typing import Final

_SECONDS: Final = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3_600.0}
_RATE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?/ ?(s|min|m|h)", re.ASCII)


def read_rate(text: str) -> float | None:
    """So many a second, or None if it is no rate."""
    match = _RATE.fullmatch(text)
    return float(match[1]) / _SECONDS[match[2]] if match else None
