"""Numbers as people read them: latencies with a unit that suits, rates, counts of things."""

from __future__ import annotations


def duration(microseconds: float) -> str:
    """A latency with three significant digits or so, in the unit that suits it."""
    if microseconds < 1_000:
        return f"{microseconds:.0f} us"
    if microseconds < 1_000_000:
        return f"{microseconds / 1_000:.3g} ms" if microseconds < 999_500 else "1 s"
    seconds = microseconds / 1_000_000
    return f"{seconds:.3g} s" if seconds < 1_000 else f"{seconds:,.0f} s"


def moment(seconds: float) -> str:
    """A moment of a run, or how long something of it took: 0.3 s, 12 s, 3:05 min, 2:03:05 h."""
    if seconds < 1 or (seconds < 10 and seconds % 1):
        return f"{f'{seconds:.1f}'.removesuffix('.0')} s"
    if round(seconds) < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02} h"


def rate(per_second: float) -> str:
    """So many a second, with three significant digits where there are few."""
    return f"{per_second:,.0f}/s" if per_second >= 99.95 else f"{per_second:.3g}/s"


def share(part: float) -> str:
    """A share from 0 to 1 in per cent; never "0 %" of something that there was."""
    if 0 < part < 0.0001:
        return "less than 0.01 %"
    return f"{part * 100:.3g} %"


def many(number: int, noun: str) -> str:
    """A count and its noun, which ends in s unless there is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
