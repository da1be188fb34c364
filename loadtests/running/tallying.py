"""Locust's own statistics, kept in batches: one message at a time they cost more than sending it.

Each message is an event of Locust's all the same, and whoever listens hears it at once.  What is
deferred is how Locust's own listener adds it up, for half a second at most.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, Final

import gevent
from locust import stats as locust_stats
from locust.env import Environment
from locust.stats import RequestStats, StatsEntry

MOST: Final = 256  # messages that wait to be added up
EVERY: Final = 0.5  # seconds after which they are, however few they are

_Kind = tuple[str, str]  # method and name, as Locust says


class Tally:
    """Stands where Locust's statistics log a request."""

    def __init__(self, stats: RequestStats) -> None:
        self._stats = stats
        self._log: Any = stats.log_request
        self._kind: _Kind = ("", "")  # of what waits
        self._waiting: list[float] = []  # milliseconds
        self._octets = 0

    def log_request(self, method: str, name: str, response_time: Any, content_length: int) -> None:
        """Note one request, as `RequestStats.log_request` would."""
        if response_time is None:  # of somebody else's user
            self._log(method, name, response_time, content_length)  # as it came
            return
        waiting = self._waiting
        kind = (method, name)
        if kind != self._kind or len(waiting) >= MOST:
            self.flush()
            self._kind = kind
        waiting.append(response_time)
        self._octets += content_length

    def flush(self) -> None:
        """Add up what waits."""
        waiting = self._waiting
        if not waiting:
            return
        method, name = self._kind
        batch: Any = StatsEntry(self._stats, name, method)  # its types want whole milliseconds
        now = time.time()
        batch.num_requests = len(waiting)
        batch.num_reqs_per_sec[int(now)] = len(waiting)
        batch.last_request_timestamp = now
        batch.total_response_time = sum(waiting)
        batch.min_response_time = min(waiting)
        batch.max_response_time = max(waiting)
        batch.total_content_length = self._octets
        rounded = Counter(map(locust_stats.bucket_response_time, waiting))
        batch.response_times.update(rounded)
        for entry in (self._stats.total, self._stats.entries[name, method]):
            entry.extend(batch)
        waiting.clear()
        self._octets = 0


def tally(environment: Environment) -> Tally:
    """Let Locust's statistics of this process be kept in batches."""
    made = Tally(environment.stats)
    environment.stats.log_request = made.log_request  # type: ignore[method-assign]
    timer: Any = gevent.get_hub().loop.timer(EVERY, repeat=EVERY, ref=False)
    timer.start(made.flush)
    stop = environment.events.test_stop
    stop.add_listener(lambda **_: made.flush())  # type: ignore[no-untyped-call]  # Locust's is
    return made
