"""When a message may go and until when it has to: RFC 4865 and RFC 2852."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class DeliverBy:
    """Within how many seconds, what then (R: return it, N: tell), whether to tell of relaying."""

    seconds: int
    mode: str
    trace: bool = False


_BY = re.compile(r"([-+]?[0-9]{1,9});([NRnr])([Tt]?)")
_SECONDS = re.compile(r"[1-9][0-9]{0,8}")
_UTC = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?"
    r"(?:[Zz]|[-+]00:00)"
)


def read_deliver_by(value: str | None) -> DeliverBy | None:
    """What BY asks for; None if it is nothing (RFC 2852 4)."""
    match = _BY.fullmatch(value or "")
    if match is None:
        return None
    wish = DeliverBy(int(match[1]), match[2].upper(), match[3] != "")
    # What is due already can only be told of, not returned.
    return None if wish.mode == "R" and wish.seconds <= 0 else wish


def read_hold_for(value: str | None) -> int | None:
    """The seconds to hold a message; None if it is no such number (RFC 4865 3)."""
    return int(value) if value is not None and _SECONDS.fullmatch(value) else None


def read_hold_until(value: str | None) -> int | None:
    """The time, since the epoch, to hold a message until; None if it is no time in UTC."""
    match = _UTC.fullmatch(value or "")
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(number) for number in match.groups()[:6])
    if second > 60:  # RFC 3339 5.7 knows leap seconds
        return None
    try:
        moment = datetime(year, month, day, hour, minute, tzinfo=UTC) + timedelta(seconds=second)
    except (ValueError, OverflowError):
        return None
    # Not before the time (RFC 4865 4.2): a fraction of a second is one more.
    return int(moment.timestamp()) + bool((match[7] or "").strip(".0"))
