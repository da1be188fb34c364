"""Several processes: what they count adds up, and who stands still or dies is told of."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.cli.serving import serving
from harness.load_results import End, LoadResult, saturation
from tests.cli.loads import ROOT, Load, is_in_second, standing_still
from tests.ports import reserved_port

pytestmark = pytest.mark.slow

SECOND = 1_000_000  # microseconds
RATE = 100  # messages a second: a hundredth of what either side can do
PROFILE = """\
about: for tests
users: 10
rate: 100/s
duration: {seconds}s
thresholds: [message p99 < 500ms]
"""


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A sink of ours in a process of its own."""
    before = set(psutil.Process().children())
    words = ["--sink", "--port", "0", "--domain", "example.test"]
    with serving(words, tmp_path / "stderr") as (address,):
        (process,) = set(psutil.Process().children()) - before
        yield str(address), process


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    return write(tmp_path, seconds=4)


def write(folder: Path, *, seconds: int) -> Path:
    path = folder / "rate.yaml"
    path.write_text(PROFILE.format(seconds=seconds))
    return path


def missed(result: LoadResult) -> set[str]:
    return {judged.threshold for judged in result.thresholds if not judged.met}


def test_a_worker_that_stands_still_is_told_of_as_our_own_fault(
    sink: tuple[str, psutil.Process], profile: Path, tmp_path: Path
):
    page = tmp_path / "page.html"
    words = (sink[0], "--to", "bob@example.test", "-p", profile, "--report", page)
    with Load(tmp_path, *words, "--processes", 2) as load:
        load.wait_until(is_in_second(0))
        with standing_still(load.workers()[0]):
            load.wait_until(is_in_second(2))
        status, said, result = load.end()

    assert status == 1
    assert result.messages.accepted == result.messages.begun
    assert result.messages.late > RATE // 8
    assert result.phases["message"].percentile(99) > SECOND // 2
    assert max(one.lag.greatest for one in result.generators.values()) > SECOND // 2
    assert "stood still" in (saturation(result) or "")
    assert "our own generator was the limit" in said
    assert "stood still" in page.read_text()


def test_a_worker_that_dies_is_counted_and_the_others_take_over(
    sink: tuple[str, psutil.Process], tmp_path: Path
):
    words = (sink[0], "--to", "bob@example.test", "-p", write(tmp_path, seconds=10))
    with Load(tmp_path, *words, "--processes", 2) as load:
        load.wait_until(is_in_second(0))
        load.workers()[0].kill()
        status, said, result = load.end()
    last = list(result.series.intervals.values())[-3]

    assert status == 1
    assert {"lost_generators == 0", "unsent == 0"} <= missed(result)
    assert "LOST" in said
    assert sorted(one.lost for one in result.generators.values()) == [False, True]
    assert sum(last.users.values()) == 10, "whoever is left does all of it"
    assert last.due == RATE
    assert result.end is End.COMPLETE


def test_what_two_workers_counted_adds_up(sink: tuple[str, psutil.Process], tmp_path: Path):
    profile = tmp_path / "patient.yaml"
    profile.write_text("about: a\nusers: 10\nmessages: 400\nduration: 60s\n")
    words = (sink[0], "--to", "bob@example.test", "-p", profile)
    with Load(tmp_path, *words, "--processes", 2) as load:
        status, said, result = load.end()

    assert status == 0, said
    assert set(result.generators) == {"worker 1", "worker 2"}
    accepted = [one.accepted for one in result.generators.values()]
    assert sum(accepted) == result.messages.accepted == result.messages.begun
    assert accepted == [200, 200], "each sends its part of the messages that were wanted"
    assert result.phases["message"].count == result.messages.accepted
    assert sum(it.accepted for it in result.series.intervals.values()) == sum(accepted)
    assert result.connections == 10


def test_workers_that_are_interrupted_end_their_transactions_and_tell_all(
    sink: tuple[str, psutil.Process], tmp_path: Path
):
    profile = tmp_path / "long.yaml"
    profile.write_text("about: a\nusers: 4\nduration: 60s\n")
    words = (sink[0], "--to", "bob@example.test", "-p", profile, "--processes", 2)
    with Load(tmp_path, *words) as load:
        load.wait_until(is_in_second(0))
        load.send(signal.SIGTERM)
        status, said, result = load.end()

    assert status == 128 + signal.SIGTERM, said
    assert result.end is End.INTERRUPTED
    assert result.messages.accepted == result.messages.begun > 0
    assert result.lost_generators == 0


def test_locusts_own_page_is_there_while_the_run_goes_on_for_this_machine_alone(
    sink: tuple[str, psutil.Process], tmp_path: Path
):
    words = (sink[0], "--to", "bob@example.test", "-t", "3s")
    with reserved_port() as port, Load(tmp_path, *words, "--web", port) as load:
        load.wait_until(is_in_second(0))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats/requests") as answer:
            shown = json.load(answer)
        listening = {at.laddr.ip for at in load.locust().net_connections() if at.status == "LISTEN"}
        status, said, result = load.end()

    assert shown["state"] == "running"
    assert listening == {"127.0.0.1"}
    assert (status, result.end) == (0, End.COMPLETE), said


def test_a_sink_that_cannot_be_had_leaves_the_last_result_where_it_is(
    sink: tuple[str, psutil.Process], tmp_path: Path
):
    path = tmp_path / "result.json"
    path.write_text("the last one")
    port = sink[0].rpartition(":")[2]
    words = [sink[0], "--to", "bob@example.test", "--sink", port, "--json", str(path)]
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "load", *words],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2, done.stderr
    assert path.read_text() == "the last one"


def test_a_run_is_over_when_what_it_waits_for_is_met(
    sink: tuple[str, psutil.Process], tmp_path: Path
):
    profile = tmp_path / "abort.yaml"
    profile.write_text("about: a\nusers: 2\nduration: 60s\nstop_when: [accepted > 0]\n")
    with Load(tmp_path, sink[0], "--to", "bob@example.test", "-p", profile) as load:
        status, said, result = load.end()

    assert status == 0, said
    assert result.end is End.ABORTED
    assert [judged.threshold for judged in result.stopped] == ["accepted > 0"]
    assert result.seconds < 30
