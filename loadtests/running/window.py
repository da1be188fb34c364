"""The last few seconds of a run, as `stop_when` looks at them: by time, however many tell of them.

Each process tells once a second, at moments of its own.  So messages are those of whole seconds
that all processes have told of: only what came due, was begun and was accepted in the same time can
be compared.  Latencies, and how processes fared, are those of the parts that came in that time.
"""

from __future__ import annotations

import functools
from collections import deque
from dataclasses import replace
from typing import Final

from harness.load_results import Interval, LoadResult, Messages, Trouble, together

SECONDS: Final = 5


class Window:
    """What was told of the last few seconds."""

    def __init__(self) -> None:
        self._parts: deque[tuple[float, LoadResult]] = deque()  # and when they came
        self._seconds: dict[int, Interval] = {}
        self._told: dict[str, int] = {}  # by process: of seconds before this one it has told all

    def add(self, part: LoadResult, now: float) -> None:
        """A process tells what it counted, or is found to be lost."""
        self._parts.append((now, part))
        intervals = part.series.intervals
        for number, interval in intervals.items():
            known = self._seconds.get(number)
            self._seconds[number] = known + interval if known else interval
        for name, generator in part.generators.items():
            # What was watched stands in the second before the one that goes on, or in that one if
            # half of it is over: all that came due before has been told by then.
            watched = [number for number, each in intervals.items() if name in each.users]
            if generator.lost:
                self._told.pop(name, None)
            elif watched:
                self._told[name] = max(watched)
        self._forget(now)

    def look(self, blank: LoadResult, now: float, *, unsent: int) -> LoadResult | None:
        """What is known of these seconds, if it is one at least.

        `unsent` are the messages of the whole run that came due and have not begun: they are due in
        order, so those of these seconds are among them.
        """
        self._forget(now)
        end = self._end()
        first = max(0, end - SECONDS)
        if first == end:
            return None
        span = sum((self._seconds.get(at, _NOTHING) for at in range(first, end)), _NOTHING)
        told = functools.reduce(together, (part for _, part in self._parts), blank)
        return replace(
            told,
            seconds=float(end - first),
            messages=_messages(span, unsent),
            octets=span.octets,
            troubles=tuple(
                Trouble(stage=kind, what="", count=count) for kind, count in span.troubles.items()
            ),
        )

    def _end(self) -> int:
        """The second that not all have told of; who said nothing for so long is not waited for."""
        heard = {name for _, part in self._parts for name in part.generators}
        return min((at for name, at in self._told.items() if name in heard), default=0)

    def _forget(self, now: float) -> None:
        while self._parts and self._parts[0][0] <= now - SECONDS:
            self._parts.popleft()
        first = self._end() - SECONDS
        for number in [number for number in self._seconds if number < first]:
            del self._seconds[number]


def _messages(span: Interval, unsent: int) -> Messages:
    # What was due in the end of a second is often begun in the next: that is not unsent.
    begun = max(span.begun, span.due) if not unsent else max(0, span.due - unsent)
    return Messages(
        due=span.due,
        begun=begun if span.due else span.begun,
        late=span.late,
        accepted=span.accepted,
        refused=span.refused,
        unanswered=span.unanswered,
    )


_NOTHING: Final = Interval()
