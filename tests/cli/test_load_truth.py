"""A stall is told truthfully: the target's as the target's, and ours as ours.

An open-loop run of a few seconds, in which one side is stopped (SIGSTOP) for a while.  Messages
were due meanwhile, and what each of them waited must be found in the figures, on the page, and in
the exit status: a generator that waited politely would have seen one slow message and no more.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.load_results import End
from tests.cli.loads import Load, short, standing_still, written

pytestmark = pytest.mark.slow

RATE = 120  # a second
STALL = 1.2  # seconds
PROFILE = short(
    f"rate: {RATE}/s", "thresholds: [message p99 < 250ms, late < 1%]", users=10, duration="6s"
)
SENDING = ("--to", "bob@example.test")


@contextlib.contextmanager
def under_way(sink: str, folder: Path) -> Iterator[Load]:
    """A run that has sent mail for two seconds or so, and will write three reports."""
    words: list[object] = [sink, *SENDING, "--profile", written(folder, PROFILE)]
    for file in ("page.html", "told.json", "told.xml"):
        words += ["--report", folder / file]
    with Load(folder, *words) as load:
        load.wait_until(lambda known: known.messages.accepted >= 2 * RATE)
        yield load


@pytest.fixture
def figures(tmp_path: Path) -> Callable[[], dict[str, Any]]:
    def read() -> dict[str, Any]:
        found: dict[str, Any] = json.loads((tmp_path / "told.json").read_text())["figures"]
        return found

    return read


def test_a_sink_that_froze_is_told_by_all_that_was_due_meanwhile(sink, figures, tmp_path):
    address, process = sink
    with under_way(address, tmp_path) as load:
        with standing_still(process):
            load.go_on(STALL)
        status = load.end().status
    found, page = figures(), (tmp_path / "page.html").read_text()

    assert status == found["exit_status"] == 1
    assert found["latency"]["message"]["p99"] > 600_000
    assert found["late"] + found["unsent"] > RATE * (STALL - 0.4)
    assert re.search(r"of the messages that were due [\d.]+ % (began late|never began) ", page)
    assert ": message p99 &lt; 250ms (found " in page
    assert 'message="late &lt; 1%: found ' in (tmp_path / "told.xml").read_text()
    ours = re.search(r"stood still for [1-9][\d.]* s", found["saturation"] or "")
    assert ours is None, "it was the target; a busy machine may keep us waiting, but not so long"


def test_a_generator_that_stood_still_says_so_of_itself(sink, figures, tmp_path):
    with under_way(sink[0], tmp_path) as load:
        with standing_still(load.locust()):
            load.go_on(STALL)
        status = load.end().status
    found, page = figures(), (tmp_path / "page.html").read_text()

    assert status == found["exit_status"] == 1
    assert found["latency"]["message"]["p99"] > 600_000
    assert found["late"] + found["unsent"] > RATE * (STALL - 0.4)
    assert re.search(r"it stood still for [1-9][\d.]* s at \d", found["saturation"])
    assert found["saturation"] in page
    assert "Missed, and our own generator was the limit: message p99" in page
    assert found["saturation"] in (tmp_path / "told.xml").read_text()


def test_a_generator_that_dies_is_no_verdict_and_reports_are_written(sink, figures, tmp_path):
    with under_way(sink[0], tmp_path) as load:
        load.locust().kill()
        done = load.end()

    assert done.status == 3
    assert "error: the load generator was killed by SIGKILL: it said nothing\n" in done.said
    assert "messages/s" in done.said, "what was measured until then is told all the same"
    assert done.result.end is End.RUNNING
    assert figures()["latency"]["message"]["count"] >= 2 * RATE
    for file in ("page.html", "told.xml"):
        assert "the generator broke off" in (tmp_path / file).read_text()
