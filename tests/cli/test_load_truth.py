"""A stall is told truthfully: the target's as the target's, and ours as ours.

An open-loop run of a few seconds, in which one side is stopped (SIGSTOP) for a while.  Messages
were due meanwhile, and what each of them waited must be found in the figures, on the page, and in
the exit status: a generator that waited politely would have seen one slow message and no more.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.load_results import Follower

pytestmark = pytest.mark.slow

RATE = 120  # a second
STALL = 1.2  # seconds
PROFILE = f"""\
about: an open loop
users: 10
rate: {RATE}/s
duration: 6s
thresholds:
  - message p99 < 250ms
  - late < 1%
"""


@pytest.fixture
def sink() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A sink of its own process, and where it listens."""
    server = subprocess.Popen(
        [sys.executable, "-m", "harness.cli", "sink", "-c", "127.0.0.1:0", "100"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        found = re.search(r"127\.0\.0\.1:\d+", server.stdout.readline())
        assert found is not None
        yield found[0], server
    finally:
        server.send_signal(signal.SIGCONT)
        server.kill()
        server.communicate()


Stop = Callable[[subprocess.Popen[bytes]], psutil.Process]


@pytest.fixture
def stalled(tmp_path: Path, sink: tuple[str, subprocess.Popen[str]]) -> Any:
    """The exit status of a run in which `whom` finds a process to be stopped for a while."""

    def run(whom: Stop) -> int:
        with _under_way(sink[0], tmp_path) as load:
            stopped = whom(load)
            stopped.suspend()
            with pytest.raises(subprocess.TimeoutExpired):
                load.wait(STALL)
            stopped.resume()
            return load.wait(60)

    return run


@contextlib.contextmanager
def _under_way(sink: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run of `smtp-harness load` that has sent mail for two seconds or so."""
    profile, result = folder / "open.yaml", folder / "result.json"
    profile.write_text(PROFILE)
    words = ["load", sink, "--profile", str(profile), "--json", str(result)]
    for file in ("page.html", "told.json", "told.xml"):
        words += ["--report", str(folder / file)]
    with _child(words) as load:
        _wait_for_accepted(load, Follower(result), 2 * RATE)
        yield load


@contextlib.contextmanager
def _child(words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-m", "harness.cli", *words],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


def _wait_for_accepted(load: subprocess.Popen[bytes], result: Follower, count: int) -> None:
    for _ in range(300):
        found = result.look()
        if found and found.messages.accepted >= count:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            pytest.fail(f"the run was over too soon (status {load.wait(0.1)})")
    pytest.fail("nothing was accepted")


@pytest.fixture
def figures(tmp_path: Path) -> Callable[[], dict[str, Any]]:
    def read() -> dict[str, Any]:
        found: dict[str, Any] = json.loads((tmp_path / "told.json").read_text())["figures"]
        return found

    return read


def test_a_sink_that_froze_is_told_by_all_that_was_due_meanwhile(stalled, sink, figures, tmp_path):
    status = stalled(lambda load: psutil.Process(sink[1].pid))
    found, page = figures(), (tmp_path / "page.html").read_text()

    assert status == found["exit_status"] == 1
    assert found["latency"]["message"]["p99"] > 600_000
    assert found["late"] + found["unsent"] > RATE * (STALL - 0.4)
    assert re.search(r"of the messages that were due [\d.]+ % (began late|never began) ", page)
    assert ": message p99 &lt; 250ms (found " in page
    assert 'message="late &lt; 1%: found ' in (tmp_path / "told.xml").read_text()
    ours = re.search(r"stood still for [1-9][\d.]* s", found["saturation"] or "")
    assert ours is None, "it was the target; a busy machine may keep us waiting, but not so long"


def test_a_generator_that_stood_still_says_so_of_itself(stalled, figures, tmp_path):
    status = stalled(lambda load: psutil.Process(load.pid).children()[0])
    found, page = figures(), (tmp_path / "page.html").read_text()

    assert status == found["exit_status"] == 1
    assert found["latency"]["message"]["p99"] > 600_000
    assert found["late"] + found["unsent"] > RATE * (STALL - 0.4)
    assert re.search(r"it stood still for [1-9][\d.]* s at \d", found["saturation"])
    assert found["saturation"] in page
    assert "Missed, and our own generator was the limit: message p99" in page
    assert found["saturation"] in (tmp_path / "told.xml").read_text()


def test_reports_are_written_of_a_run_whose_generator_died(sink, figures, tmp_path):
    with _under_way(sink[0], tmp_path) as load:
        psutil.Process(load.pid).children()[0].kill()
        status = load.wait(60)

    assert status == 3
    assert figures()["latency"]["message"]["count"] >= 2 * RATE
    assert "the generator broke off" in (tmp_path / "page.html").read_text()
    assert "the generator broke off before the end" in (tmp_path / "told.xml").read_text()
