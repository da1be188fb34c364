"""Locust's own statistics, kept by the second: message by message takes as long as sending them.

Whoever listens to Locust's request events hears of each message at once.  Where nobody does but
Locust itself, the messages of a second are added to its statistics when that is over.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from time import perf_counter
from typing import Any, Final

from locust import stats as locust_stats
from locust.env import Environment
from locust.stats import StatsEntry

from loadtests.counting import phases
from loadtests.counting.recorder import Recorder

METHOD: Final = "SMTP"  # what kind of requests Locust says that ours are


class Tally:
    """Adds up for Locust what it would have added up itself."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    @property
    def wants_each(self) -> bool:
        """Whether somebody listens to each request who is not Locust's own statistics."""
        listeners: Any = self._environment.events.request
        own = 1 if self._environment.runner is not None else 0
        return len(listeners._handlers) > own

    def hear(self, latency: Mapping[int, int]) -> None:
        """Messages were accepted: after so many microseconds, so many."""
        if not latency:
            return
        stats = self._environment.stats
        batch: Any = StatsEntry(stats, phases.MESSAGE, METHOD)  # its types want whole milliseconds
        now = time.time()
        batch.num_requests = sum(latency.values())
        batch.num_reqs_per_sec[int(now)] = batch.num_requests
        batch.last_request_timestamp = now
        batch.total_response_time = sum(value * count for value, count in latency.items()) / 1_000
        batch.min_response_time = min(latency) / 1_000
        batch.max_response_time = max(latency) / 1_000
        for value, count in latency.items():
            batch.response_times[locust_stats.bucket_response_time(value / 1_000)] += count
        for entry in (stats.total, stats.entries[phases.MESSAGE, METHOD]):
            entry.extend(batch)


def tally(environment: Environment, recorder: Recorder) -> None:
    """Let Locust's statistics of this process be kept by the second."""
    recorder.audience = Tally(environment)
    stop = environment.events.test_stop
    stop.add_listener(lambda **_: recorder.turn(perf_counter()))  # type: ignore[no-untyped-call]
