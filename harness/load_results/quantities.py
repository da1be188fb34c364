"""Numbers as people read them: latencies with a unit that suits, rates, counts of things."""

from __future__ import annotations

import math
from collections.abc import Sequence


def duration(microseconds: float) -> str:
    """A latency with three significant digits or so, in the unit that suits it."""
    if microseconds < 999.5:
        return f"{microseconds:.0f} us"
    if microseconds < 999_500:
        return f"{microseconds / 1_000:.3g} ms"
    seconds = microseconds / 1_000_000
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:,.0f} s"


def moment(seconds: float) -> str:
    """A moment of a run, as a clock shows it: what happened at 59.999 s was not at 60 s, where
    another stage may begin."""
    tenths = math.floor(seconds * 10 + 1e-6) / 10 if seconds < 10 else seconds
    return _clock(tenths, math.floor(seconds + 1e-6))


def span(seconds: float) -> str:
    """How long something of a run took: 0.3 s, 12 s, 3:05 min, 2:03:05 h."""
    return _clock(round(seconds, 1), round(seconds))


def _clock(tenths: float, seconds: int) -> str:
    """The tenths where there are so few seconds that they tell something."""
    if tenths < 10:
        return f"{tenths:g} s"
    if seconds < 120:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
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


def listed(shown: Sequence[str], of: int, between: str = ", ") -> str:
    """The first few of a list, and how many more there are."""
    more = of - len(shown)
    return between.join([*shown, *([f"and {more:,} more"] if more > 0 else [])])


def many(number: int, noun: str) -> str:
    """A count and its noun, which ends in s unless there is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
