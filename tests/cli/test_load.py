from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.load_results import End, LoadResult, from_json, read
from tests.loadtests.servers import aiosmtpd, closing, serving, silent, vanishing
from tests.ports import deserted_port

ROOT = Path(__file__).parent.parent.parent
SHORT = """\
about: for tests
users: 3
duration: {duration}
{more}
"""


@pytest.fixture
def profile(tmp_path: Path) -> Any:
    def write(duration: str = "1500ms", *more: str) -> Path:
        path = tmp_path / "short.yaml"
        path.write_text(SHORT.format(duration=duration, more="\n".join(more)))
        return path

    return write


@pytest.fixture
def load(invoke: Any, profile: Any, tmp_path: Path) -> Any:
    def load(*words: object, duration: str = "1500ms", more: tuple[str, ...] = ()) -> Any:
        path = profile(duration, *more)
        return invoke("load", *words, "--profile", path, "--json", tmp_path / "result.json")

    return load


@pytest.fixture
def result(tmp_path: Path) -> Any:
    def result() -> LoadResult:
        return read(tmp_path / "result.json")

    return result


def troubles(found: LoadResult) -> set[tuple[str, str]]:
    return {(trouble.stage, trouble.what) for trouble in found.troubles}


# --- what needs no server ------------------------------------------------------------------------


def test_every_profile_is_explained_in_one_line(invoke: Any):
    done = invoke("load", "--list")

    assert done.exit_code == 0
    assert re.search("^smoke +20 persistent connections for ten seconds", done.output, re.M)


# words -> what is said; exit status 2
MISUSED = {
    "another's server": (["mx.example.test"], "say so with --mine mx.example.test"),
    "another's address": (["192.0.2.1:2525"], "is not on loopback"),
    "no such profile": (["localhost", "-p", "smoky"], "did you mean 'smoke'?"),
    "no such file": (["localhost", "-p", "./none.yaml"], "no such file"),
    "a bad rate": (["localhost", "--rate", "many"], "--rate must be a rate such as 500/s"),
    "a rate beyond all": (["localhost", "--rate", "900000000/s"], "at most 1000000/s"),
    "a bad duration": (["localhost", "--duration", "1y"], "--duration must be a duration"),
    "two roles": (["localhost", "--processes", "2", "--master"], "--processes and --master"),
    "a worker that reports": (["localhost", "--worker", "--report", "x.html"], "a worker only"),
    "a bad seed": (["localhost", "--seed", "-1"], "--seed"),
    "a bad address": (["ftp://localhost"], "unknown scheme"),
    "a bad mailbox": (["localhost", "--to", "a b"], "no mailbox"),
}


@pytest.mark.parametrize(("words", "said"), MISUSED.values(), ids=MISUSED)
def test_wrong_use_is_told_before_anything_is_sent(invoke: Any, words: list[str], said: str):
    done = invoke("load", *words)

    assert done.exit_code == 2
    assert said in done.output


def test_a_mistake_in_a_profile_is_shown_at_its_line(load: Any):
    done = load("localhost", more=("usres: 20",))

    assert done.exit_code == 2
    assert "unknown key 'usres' (did you mean 'users'?)" in done.output
    assert "short.yaml:4:1" in done.output


def test_a_server_that_is_not_there_is_unreachable(load: Any):
    with deserted_port() as port:
        done = load(f"127.0.0.1:{port}")

    assert done.exit_code == 3
    assert "refused" in done.output


def test_a_result_that_could_not_be_written_is_wrong_use(invoke: Any, profile: Any):
    with serving(silent) as (address, _):
        done = invoke("load", address, "-p", profile(), "--json", "/no/such/place/r.json")

    assert done.exit_code == 2
    assert "there is no directory" in done.output


@pytest.mark.slow
def test_a_result_may_go_into_a_pipe(invoke: Any, profile: Any, tmp_path: Path):
    # Once it was taken away like the file of an earlier run: nobody wants /dev/null to go.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        done = invoke("load", "-p", profile(), "--json", pipe)
        found = from_json(os.read(reading, 1_000_000).decode())
    finally:
        os.close(reading)

    assert done.exit_code == 0, done.output
    assert pipe.is_fifo()
    assert found.end is End.COMPLETE


# --- runs ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_our_own_server_is_loaded_where_no_target_is_named(load: Any, result: Any):
    done = load(more=("recipients: 5",))
    found = result()

    assert done.exit_code == 0, done.output
    assert "1 of 1 threshold kept" in done.output
    assert found.end is End.COMPLETE
    assert found.messages.accepted == found.messages.begun > 0
    assert found.connections == 3
    assert found.phases["message"].count == found.messages.accepted
    assert "group" in found.phases  # the server offers PIPELINING, and auto takes it


@pytest.mark.slow
@pytest.mark.parametrize("pipelining", ["on", "off"])
def test_a_foreign_server_has_every_message_that_we_count(load: Any, result: Any, pipelining: str):
    with aiosmtpd() as (address, taker):
        done = load(address, more=(f"pipelining: {pipelining}", "messages_per_connection: 7"))
    found = result()

    assert done.exit_code == 0, done.output
    assert found.messages.begun == found.messages.accepted == len(taker.taken) > 0
    assert found.connections >= found.messages.accepted // 7
    assert ("group" in found.phases) == (pipelining == "on")
    assert len(set(taker.taken)) == len(taker.taken)  # each has a token of its own
    assert {len(content) for content in taker.taken} == {1024}


@pytest.mark.slow
def test_a_target_file_says_who_sends_to_whom(
    load: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with aiosmtpd() as (address, taker):
        Path("target.yaml").write_text(
            f"address: {address}\nsender: ann@here.test\nrecipients: [ben@there.test]\n"
        )
        done = load("target.yaml")

    assert done.exit_code == 0, done.output
    assert b"To: <ben@there.test>" in taker.taken[0]
    assert b"From: <ann@here.test>" in taker.taken[0]


@pytest.mark.slow
def test_the_same_seed_sends_the_same_octets(load: Any):
    firsts = []
    for _ in range(2):
        with aiosmtpd() as (address, taker):
            load(address, "--seed", "77")
        firsts.append(min(taker.taken))

    assert firsts[0] == firsts[1]
    assert b"load-0000004d-00000000-000000000-" in firsts[0]


@pytest.mark.slow
def test_refused_recipients_are_answers_counted_by_code(load: Any, result: Any):
    with aiosmtpd(RCPT="450 4.2.0 try later") as (address, taker):
        done = load(address)
    found = result()

    assert done.exit_code == 1
    assert "MISSED failures == 0" in done.output
    assert troubles(found) == {("RCPT", "450 4.2.0")}
    assert found.messages.refused == found.messages.begun > 0
    assert taker.taken == []


@pytest.mark.slow
def test_only_the_reply_to_the_dot_accepts(load: Any, result: Any):
    with aiosmtpd(DATA="552 5.3.4 too big for us") as (address, _):
        done = load(address, more=("thresholds: [failures > 0, accepted == 0]",))

    assert done.exit_code == 0, done.output
    assert troubles(result()) == {("dot", "552 5.3.4")}


@pytest.mark.slow
def test_a_server_that_closes_is_not_stormed(load: Any, result: Any):
    with serving(closing) as (address, connections):
        done = load(address, duration="1500ms")
    found = result()

    assert done.exit_code == 3, "nothing was measured"
    assert troubles(found) == {("greeting", "421 4.3.2")}
    assert 3 <= connections[0] < 30  # three users, each with a longer pause every time


@pytest.mark.slow
def test_connections_that_are_lost_are_made_anew_and_told_apart(load: Any, result: Any):
    with serving(vanishing) as (address, connections):
        done = load(address)
    found = result()

    assert done.exit_code == 1
    assert troubles(found) == {("dot", "closed")}
    # One of each over every connection, but for the last of each user: time may end between them.
    assert 0 <= found.messages.accepted - found.messages.unanswered <= 3
    assert connections[0] > 3


@pytest.mark.slow
def test_silence_is_told_after_the_patience(load: Any, result: Any):
    with serving(silent) as (address, _):
        done = load(address, "--timeout", "200ms", duration="600ms")

    assert done.exit_code == 3
    assert troubles(result()) == {("hello", "silent")}


# --- runs that are cut short ---------------------------------------------------------------------


class Running:
    """`smtp-harness load` as a person runs it: on a terminal."""

    def __init__(self, address: str, profile: Path, path: Path) -> None:
        self._terminal, theirs = pty.openpty()
        words = [address, "-p", str(profile), "--json", str(path)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.cli", "load", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
        )
        os.close(theirs)

    def wait_for_progress(self) -> str:
        """What the terminal shows once messages were accepted; it is read from the result file."""
        shown = ""
        while " accepted, " not in shown:
            ready, _, _ = select.select([self._terminal], [], [], 20)
            assert ready, "a terminal shows progress"
            shown += os.read(self._terminal, 10_000).decode()
        return shown

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def kill_generator(self) -> None:
        (child,) = psutil.Process(self._process.pid).children()
        child.kill()

    def end(self) -> tuple[int, str, str]:
        assert self._process.stdout is not None
        out, _ = self._process.communicate(timeout=20)
        try:
            err = os.read(self._terminal, 100_000).decode()
        except OSError:  # Linux: the other end of the terminal is closed, and nothing was said
            err = ""
        os.close(self._terminal)
        return self._process.returncode, out, err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_keeps_what_it_measured(
    profile: Any, tmp_path: Path, number: int
):
    path = tmp_path / "result.json"
    with aiosmtpd() as (address, taker):
        running = Running(address, profile("60s"), path)
        running.wait_for_progress()
        running.send(number)
        status, out, err = running.end()
    found = read(path)

    assert status == 128 + number, err
    assert "was interrupted" in out
    assert found.end is End.INTERRUPTED
    assert found.messages.begun == found.messages.accepted == len(taker.taken) > 0


@pytest.mark.slow
def test_a_generator_that_dies_is_no_verdict(profile: Any, tmp_path: Path):
    path = tmp_path / "result.json"
    with aiosmtpd() as (address, _):
        running = Running(address, profile("60s"), path)
        running.wait_for_progress()
        running.kill_generator()
        status, out, err = running.end()

    assert status == 3
    assert "broke off" in err
    assert "messages/s" in out  # what was measured until then is told all the same
    assert from_json(path.read_text()).end is End.RUNNING
