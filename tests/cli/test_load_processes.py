"""Several processes: what they count adds up, and who stands still or dies is told of."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.cli.serving import serving
from harness.load_results import End, LoadResult, read, saturation
from harness.reports.load.verdict import verdict
from tests.cli.loads import Load, is_in_second, short, standing_still, work, written
from tests.loadtests.servers import aiosmtpd
from tests.ports import reserved_port

pytestmark = pytest.mark.slow

SECOND = 1_000_000  # microseconds
RATE = 100  # messages a second: a hundredth of what either side can do


def a_rate(folder: Path, duration: str) -> Path:
    lines = (f"rate: {RATE}/s", "thresholds: [message p99 < 500ms]")
    return written(folder, short(*lines, users=10, duration=duration))


def missed(result: LoadResult) -> set[str]:
    return {judged.threshold for judged in result.thresholds if not judged.met}


def test_a_worker_that_stands_still_is_told_of_as_our_own_fault(
    sink: tuple[str, psutil.Process], tmp_path: Path
):
    page, profile = tmp_path / "page.html", a_rate(tmp_path, "4s")
    words = (sink[0], "--to", "bob@example.test", "-p", profile, "--report", page)
    with Load(tmp_path, *words, "--processes", 2) as load:
        load.wait_until(is_in_second(0))
        with standing_still(load.workers()[0]):
            load.wait_until(is_in_second(2))
        done = load.end()
    result = done.result

    assert done.status == 1
    assert result.messages.accepted == result.messages.begun
    assert result.messages.late > RATE // 8
    assert result.phases["message"].percentile(99) > SECOND // 2
    assert max(one.lag.greatest for one in result.generators.values()) > SECOND // 2
    assert "stood still" in (saturation(result) or "")
    assert "our own generator was the limit" in done.said
    assert "stood still" in page.read_text()


def test_a_worker_that_dies_is_counted_and_the_others_take_over(
    sink: tuple[str, psutil.Process], tmp_path: Path
):
    words = (sink[0], "--to", "bob@example.test", "-p", a_rate(tmp_path, "10s"))
    with Load(tmp_path, *words, "--processes", 2) as load:
        load.wait_until(is_in_second(0))
        load.workers()[0].kill()
        done = load.end()
    result = done.result
    last = result.series.intervals[8]  # of ten; what comes behind them is nobody's

    assert done.status == 1
    assert {"lost_generators == 0", "unsent == 0"} <= missed(result)
    assert "LOST" in done.said
    assert sorted(one.lost for one in result.generators.values()) == [False, True]
    assert sum(last.users.values()) == 10, "whoever is left does all of it"
    assert last.due == RATE
    assert result.end is End.COMPLETE


def test_a_master_that_has_lost_its_last_worker_broke_off(
    sink: tuple[str, psutil.Process], tmp_path: Path
):
    profile = written(tmp_path, short("thresholds: [lost_generators < 9]", duration="60s"))
    words = (sink[0], "--to", "bob@example.test", "-p", profile, "--processes", 2)
    with Load(tmp_path, *words) as load:
        load.wait_until(is_in_second(0))
        for worker in load.workers():
            worker.kill()
        done = load.end()

    assert done.status == 3, done.said
    assert "no worker is left" in done.said
    assert (done.result.end, done.result.lost_generators) == (End.RUNNING, 2)
    assert done.result.seconds < 30


@pytest.mark.parametrize("more", [(), ("--processes", 2)], ids=["alone", "workers"])
def test_nobody_is_begun_while_a_run_that_was_interrupted_waits_for_answers(
    tmp_path: Path, more: tuple[object, ...]
):
    (tmp_path / "faults.yaml").write_text("{at: ., silent: yes}")
    profile = tmp_path / "ramp.yaml"
    profile.write_text("about: a\nusers: 10..410\nduration: 20s\n")  # 20 a second
    server = ["--port", "0", "--discard", "--faults", str(tmp_path / "faults.yaml")]
    with serving(server, tmp_path / "err") as (address,):
        words = (address, "-p", profile, "--timeout", "4s", *more)
        with Load(tmp_path, *words) as load:
            load.wait_until(lambda known: known.connections >= 20)
            load.send(signal.SIGTERM)
            result = load.end().result

    assert result.end is End.INTERRUPTED
    most = max(sum(each.users.values()) for each in result.series.intervals.values())
    assert most < 20 + 60, "two seconds' at most nobody had told of"


def test_what_two_workers_counted_adds_up(sink: tuple[str, psutil.Process], tmp_path: Path):
    profile = written(tmp_path, short("messages: 400", users=10, duration="60s"))
    words = (sink[0], "--to", "bob@example.test", "-p", profile)
    with Load(tmp_path, *words, "--processes", 2) as load:
        done = load.end()
    result = done.result

    assert done.status == 0, done.said
    assert set(result.generators) == {"worker 1", "worker 2"}
    accepted = [one.accepted for one in result.generators.values()]
    assert sum(accepted) == result.messages.accepted == result.messages.begun
    assert sum(accepted) == 400, "each sends a part of the messages that were wanted"
    assert result.phases["message"].count == result.messages.accepted
    assert sum(it.accepted for it in result.series.intervals.values()) == sum(accepted)
    assert result.connections == 10


@pytest.mark.parametrize("more", ["users: 1", "users: 4\nleave: recipient"])
def test_so_many_messages_come_to_an_end_however_many_have_a_part_in_them(
    sink: tuple[str, psutil.Process], tmp_path: Path, more: str
):
    profile = tmp_path / "many.yaml"
    profile.write_text(f"about: a\n{more}\nmessages: 100\nduration: 60s\n")
    words = (sink[0], "--to", "bob@example.test", "-p", profile)
    with Load(tmp_path, *words, "--processes", 2) as load:
        done = load.end()
    result = done.result

    assert done.status == 0, done.said
    assert (result.messages.begun, result.end) == (100, End.COMPLETE)
    assert result.seconds < 30


def test_what_a_worker_that_died_had_not_told_of_is_sent_by_the_others(tmp_path: Path):
    wanted, second = 2_000, 5 * 100  # of one worker: five users, none faster than it thinks
    profile = tmp_path / "many.yaml"
    text = f"about: a\nusers: 10\nthink: 10ms\nmessages: {wanted}\nduration: 60s\n"
    profile.write_text(text)
    with aiosmtpd() as (address, taker):
        with Load(tmp_path, address, "-p", profile, "--processes", 2) as load:
            load.wait_until(is_in_second(0))
            load.workers()[0].kill()
            result = load.end().result
        taken = len(set(taker.taken))

    assert missed(result) == {"lost_generators == 0"}
    assert result.end is End.COMPLETE
    assert wanted - 10 <= result.messages.begun <= wanted, "but for those under way at its death"
    assert taken == len(taker.taken), "nothing is sent twice"
    assert result.messages.accepted <= taken <= wanted + 2 * second, "and what it had not told of"
    assert result.seconds < 40


def test_workers_that_are_interrupted_end_their_transactions_and_tell_all(
    sink: tuple[str, psutil.Process], tmp_path: Path
):
    profile = written(tmp_path, short(users=4, duration="60s"))
    words = (sink[0], "--to", "bob@example.test", "-p", profile, "--processes", 2)
    with Load(tmp_path, *words) as load:
        load.wait_until(is_in_second(0))
        load.send(signal.SIGTERM)
        done = load.end()
    result = done.result

    assert done.status == 128 + signal.SIGTERM, done.said
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
        done = load.end()
    result = done.result

    assert shown["state"] == "running"
    assert listening == {"127.0.0.1"}
    assert (done.status, result.end) == (0, End.COMPLETE), done.said


def test_a_sink_that_cannot_be_had_leaves_the_last_result_where_it_is(
    load: Any, sink: tuple[str, psutil.Process], tmp_path: Path
):
    (tmp_path / "result.json").write_text("the last one")
    port = sink[0].rpartition(":")[2]
    done = load(sink[0], "--to", "bob@example.test", "--sink", port)

    assert done.status == 2, done.said
    assert done.path.read_text() == "the last one"


def test_a_run_is_over_when_what_it_waits_for_is_met(
    sink: tuple[str, psutil.Process], tmp_path: Path
):
    profile = written(tmp_path, short("stop_when: [accepted > 0]", duration="60s"))
    with Load(tmp_path, sink[0], "--to", "bob@example.test", "-p", profile) as load:
        done = load.end()
    result = done.result

    assert done.status == 0, done.said
    assert result.end is End.ABORTED
    assert [judged.threshold for judged in result.stopped] == ["accepted > 0"]
    assert result.seconds < 30


@pytest.mark.parametrize("other", [("--seed", 9), ("--to", "eve@example.test")], ids=str)
def test_a_worker_that_was_told_something_else_sends_nothing(
    sink: tuple[str, psutil.Process], tmp_path: Path, other: tuple[object, ...]
):
    profile = written(tmp_path, short(duration="60s"))
    with reserved_port() as port:
        words = (sink[0], "--to", "bob@example.test", "-p", profile, "--master-port", port)
        with Load(tmp_path, *words, "--master") as load:
            worker = work(*words, *other)
            done = load.end()

    assert worker.returncode == 2
    assert "error: the master was told another target or profile" in worker.stderr
    assert (done.status, done.result.messages.begun) == (3, 0)


def test_a_master_that_is_tired_of_waiting_was_interrupted(
    sink: tuple[str, psutil.Process], tmp_path: Path
):
    with reserved_port() as port:
        words = (sink[0], "--to", "bob@example.test", "--master", "--master-port", port)
        with Load(tmp_path, *words) as load:
            load.wait_until(lambda known: True)
            load.send(signal.SIGINT)
            done = load.end()

    assert (done.status, done.result.end) == (128 + signal.SIGINT, End.INTERRUPTED), done.said
    assert "the run was interrupted" in done.said


@pytest.mark.parametrize("more", [(), ("--processes", 2)], ids=["alone", "workers"])
def test_no_generator_outlives_who_started_it(
    sink: tuple[str, psutil.Process], tmp_path: Path, more: tuple[object, ...]
):
    profile = written(tmp_path, short(duration="60s"))
    words = (sink[0], "--to", "bob@example.test", "-p", profile, *more)
    with Load(tmp_path, *words) as load:
        load.wait_until(is_in_second(0))
        orphans = [load.locust(), *load.workers()]
        prepared = Path(load.locust().cwd()) / "prepared"
        assert prepared.exists()
        load.die()
        _, alive = psutil.wait_procs(orphans, timeout=20)
    found = read(load.path)

    assert not alive
    assert not prepared.exists(), "there may be a password in it"
    assert found.end is End.INTERRUPTED
    assert found.messages.begun == found.messages.accepted > 0


@pytest.mark.parametrize("more", [(), ("--processes", 2)], ids=["alone", "workers"])
def test_our_own_server_is_not_blamed_where_who_started_it_is_killed(
    tmp_path: Path, more: tuple[object, ...]
):
    profile = written(tmp_path, short(duration="60s"))
    with Load(tmp_path, "-p", profile, *more) as load:
        load.wait_until(is_in_second(0))
        orphans = [load.locust(), *load.workers(), load.server()]
        load.die()
        _, alive = psutil.wait_procs(orphans, timeout=20)
    found = read(load.path)

    assert not alive, "the server ends, too, when the last generator has"
    assert found.end is End.INTERRUPTED
    assert found.messages.begun == found.messages.accepted > 0
    assert found.troubles == ()
    assert verdict(found).title == ("it held as long as it was measured: the run was interrupted")
