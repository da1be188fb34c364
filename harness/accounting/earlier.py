"""When a message was taken from whoever sent it, as the trace above it tells.

The same seed makes the same tokens, for it makes the same octets: what a target still had of an
earlier run, and delivers during this one, differs in nothing but its trace.  RFC 5321 4.4 has
whoever takes mail for relay or delivery put a Received field on top, which ends in the date.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

# RFC 5321 4.4 of a message; RFC 3464 2.2.5 of a report: when what it is about was taken.
_RECEIVED: Final = re.compile(rb"^Received:([^\n]*\n(?:[ \t][^\n]*\n)*)", re.I | re.M)
_ARRIVAL: Final = re.compile(rb"^Arrival-Date:([^\n]*)", re.I | re.M)


def taken_at(above: bytes) -> float | None:
    """Seconds since the epoch, by the lowest Received field; None if nothing says when."""
    return _last(field.rpartition(b";")[2] for field in _RECEIVED.findall(above))


def reported_at(above: bytes) -> float | None:
    """When what is reported was taken, by what stands above its token in the report."""
    said = _last(_ARRIVAL.findall(above))
    return taken_at(above) if said is None else said


def _last(dates: Iterator[bytes] | list[bytes]) -> float | None:
    return next((_seconds(date) for date in reversed(list(dates))), None)


@functools.lru_cache(maxsize=64)  # much comes in the same second
def _seconds(date: bytes) -> float | None:
    try:
        moment = parsedate_to_datetime(date.decode("ascii", "replace").strip())
        if moment.tzinfo is None:  # nor is it in our own zone
            # -0000 is Universal Time, from wherever (RFC 5322 3.3); other zones nobody knows.
            return moment.replace(tzinfo=UTC).timestamp() if b"-0000" in date else None
        return moment.timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
