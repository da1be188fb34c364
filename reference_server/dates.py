"""Dates: a time as RFC 5322 3.3 writes it, in the zone of this system.

RFC 5321 4.4 prefers local time with its offset to UT.  +0000 says that our zone is UT, and -0000
that nobody knows which zone it is; neither is ours to say of a system that knows.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime


def date(at: float) -> str:
    """A time since the epoch, with the offset that is in force here at that time."""
    return format_datetime(datetime.fromtimestamp(int(at)).astimezone())
