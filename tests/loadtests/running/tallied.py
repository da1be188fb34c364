"""Logs the same requests one by one and in batches, and prints what Locust makes of each.

    python -m tests.loadtests.running.tallied

A process of its own, for importing Locust changes all of it.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

from locust.env import Environment
from locust.stats import RequestStats, StatsEntry

from loadtests.running.tallying import MOST, Tally, tally

COUNTS = (0, 1, 2, MOST, MOST + 1, 3 * MOST)


def figures(entry: StatsEntry) -> dict[str, Any]:
    return {
        "requests": entry.num_requests,
        "of no time": entry.num_none_requests,
        "octets": entry.total_content_length,
        "least": entry.min_response_time,
        "most": entry.max_response_time,
        "times": sorted(entry.response_times.items()),
        "a second": sum(entry.num_reqs_per_sec.values()),
        "in all": round(entry.total_response_time, 6),
    }


def logged(count: int, *, batches: bool) -> dict[str, Any]:
    source, stats = random.Random(count), RequestStats()
    made = Tally(stats)
    for _ in range(count):
        name = source.choice(["message", "message", "message", "connect"])
        time = None if source.random() < 0.05 else source.expovariate(0.1)
        log: Any = made.log_request if batches else stats.log_request
        log("SMTP", name, time, source.randrange(3))
    made.flush()
    return {
        "total": figures(stats.total),
        **{name: figures(entry) for (name, _), entry in sorted(stats.entries.items())},
    }


def stopped() -> list[int]:
    """How many requests are known before a run stops, and when it has."""
    environment = Environment()
    tally(environment)
    environment.stats.log_request("SMTP", "message", 1, 0)
    before = environment.stats.num_requests
    environment.events.test_stop.fire(environment=environment)
    return [before, environment.stats.num_requests]


def main() -> None:
    both = [[logged(count, batches=batches) for batches in (False, True)] for count in COUNTS]
    json.dump({"both": both, "stopped": stopped()}, sys.stdout)


if __name__ == "__main__":
    main()
