"""Tells Locust of the same messages one by one and by the second, and prints what it makes of each.

    python -m tests.loadtests.running.tallied

A process of its own, for importing Locust changes all of it.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

from locust.env import Environment
from locust.stats import StatsEntry

from harness.load_results import LoadResult
from loadtests.counting.recorder import MICROSECONDS, Recorder
from loadtests.running.tallying import tally

COUNTS = (0, 1, 2, 1_000)
BLANK = LoadResult(target="", profile="", seed=1, users=1, started="", seconds=0.0, phases={})


class Run:
    """Locust, whose statistics are ours to keep, and maybe somebody who listens to it."""

    def __init__(self, *, overheard: bool) -> None:
        self.environment: Any = Environment()
        self.environment.create_local_runner()
        self.heard: list[float] = []
        if overheard:
            self.listen()
        self.recorder = Recorder(BLANK)
        tally(self.environment, self.recorder)
        self.recorder.start(0.0)

    def listen(self) -> None:
        request = self.environment.events.request
        request.add_listener(lambda response_time, **_: self.heard.append(response_time))

    def accept(self, microseconds: int, now: float) -> None:
        self.recorder.accept((microseconds + 0.5) / MICROSECONDS, 0.0, 0.0, 1, now)
        if self.recorder.tells_each:
            self.environment.events.request.fire(
                request_type="SMTP",
                name="message",
                response_time=microseconds / 1_000,
                response_length=0,
                exception=None,
                context={},
            )

    @property
    def known(self) -> int:
        known: int = self.environment.stats.num_requests
        return known

    def figures(self) -> dict[str, Any]:
        stats = self.environment.stats
        entries = {name: figures(entry) for (name, _), entry in stats.entries.items()}
        return {"total": figures(stats.total), **entries}


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


def logged(count: int, *, overheard: bool) -> dict[str, Any]:
    source, run = random.Random(count), Run(overheard=overheard)
    for number in range(count):
        run.accept(int(source.expovariate(0.0001)), number / 100)
    run.recorder.take(count / 100)
    assert len(run.heard) == (count if overheard else 0)
    return run.figures()


def stopped() -> list[int]:
    """How many messages are known before a run stops, and when it has."""
    run = Run(overheard=False)
    run.accept(1, 0.1)
    before = run.known
    run.environment.events.test_stop.fire(environment=run.environment)
    return [before, run.known]


def joined() -> list[int]:
    """How many of three messages somebody hears who joins at the second; how many are known."""
    run = Run(overheard=False)
    run.accept(1, 0.1)
    run.listen()
    run.accept(1, 1.1)  # the first of the next second asks who is there
    run.accept(1, 1.2)
    run.recorder.take(2.0)
    return [len(run.heard), run.known]


def main() -> None:
    both = [[logged(count, overheard=heard) for heard in (True, False)] for count in COUNTS]
    json.dump({"both": both, "stopped": stopped(), "joined": joined()}, sys.stdout)


if __name__ == "__main__":
    main()
