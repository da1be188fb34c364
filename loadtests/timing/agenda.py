"""When messages are due that come at a rate, however long the others take.

A closed loop hides what a stall does: while it waits, it sends nothing, and nothing is measured.
Here each message has its moment, and its latency begins then.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

from harness.load_results import LATE
from loadtests.timing.plan import Plan


class Agenda:
    """The part of the plan's messages that one process sends: as large as its part of the users.

    All moments are of the clock that `begin` was read from.
    """

    def __init__(self, plan: Plan, share: Callable[[], float], *, first: float = 0.5) -> None:
        self._plan = plan
        self._share = share  # of all users that are ours now, 0 to 1
        self._begin = 0.0
        self._first = first  # so that processes do not send at the same moments: 0 to 1
        self._claimed = 0.0  # how much of the plan's count is promised to our senders
        self._counted = 0.0  # how much of it has been counted as due to us,
        self._until = 0.0  # until this second of the run
        self._told = 0
        self._stopped = math.inf  # nobody was asked to begin a message any more
        self._handed = 0
        self._returned: list[float] = []  # a heap of moments whose senders have left

    def start(self, begin: float, now: float) -> None:
        """The run begins, or has begun elsewhere: what was due before now was for others."""
        self._begin = begin
        self._until = max(0.0, now - self._begin)
        self._claimed = self._plan.due_by(self._until)

    def stop(self, now: float) -> None:
        """From now on no message begins: what comes due has no meaning any more."""
        self._stopped = now

    def claim(self, held: float | None = None) -> float | None:
        """The moment of the next message, which is the caller's to send; None if there is none.

        Who holds one keeps it, or has an earlier one for it that somebody gave back.
        """
        returned = self._returned
        if returned and held is None:
            return heapq.heappop(returned)
        if held is not None:
            return heapq.heapreplace(returned, held) if returned and returned[0] < held else held
        step = 1.0 / max(self._share(), 1e-6)
        self._claimed += step * (self._first if not self._handed else 1.0)
        self._handed += 1
        moment = self._plan.moment_of(self._claimed)
        return None if moment is None else self._begin + moment

    def give_back(self, moment: float) -> None:
        """Who claimed it will not send it."""
        heapq.heappush(self._returned, moment)

    def come_due(self, now: float, begun: int) -> dict[int, int]:
        """How many more have come due since the last call, by the second of the run.

        Seconds are told of when they are over, and the last one when we were stopped: what came
        due just now still has time to be begun, but what was begun surely was due.
        """
        is_over = now >= self._stopped
        moment = min(now, self._stopped) - LATE - self._begin
        due: dict[int, int] = {}
        while (end := int(self._until) + 1.0) <= moment:
            self._count(end, due)
        if is_over and self._until < moment:
            self._count(moment, due)
        if is_over:
            self._tell(begun, max(0, int(moment)), due)
        return due

    def _count(self, until: float, due: dict[int, int]) -> None:
        whole = self._plan.due_by(until) - self._plan.due_by(self._until)
        self._counted += whole * self._share()
        second, self._until = int(self._until), until
        self._tell(round(self._counted), second, due)

    def _tell(self, count: int, second: int, due: dict[int, int]) -> None:
        if count > self._told:
            due[second] = due.get(second, 0) + count - self._told
            self._told = count
