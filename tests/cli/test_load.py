from __future__ import annotations

import os
import re
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.load_results import End, from_json
from tests.cli.loads import ROOT, Load, short, written
from tests.loadtests.servers import aiosmtpd, serving, silent, vanishing
from tests.ports import deserted_port, reserved_port

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
    "a worker that draws": (["localhost", "--worker", "--html", "x.html"], "a worker only"),
    "a worker that reports": (["localhost", "--worker", "--report", "x.html"], "a worker only"),
    "a worker without a target": (["--worker"], "--worker needs the TARGET"),
    "a master without a target": (["--master"], "--master needs a TARGET"),
    "workers of no master": (["localhost", "--expect-workers", "2"], "is for --master"),
    "workers of a worker": (["localhost", "--worker", "--expect-workers", "2"], "is for --master"),
    "a host of no master": (["localhost", "--master-host", "::1"], "--master-host is for --master"),
    "no host": (["localhost", "--worker", "--master-host", "a..b"], "'a..b' is no host name"),
    "a port of no master": (["localhost", "--master-port", "9"], "--master-port is for --master"),
    "a port among ourselves": (
        ["localhost", "--processes", "2", "--master-port", "9"],
        "--master-port is for --master",
    ),
    "nothing to start": (["--start"], "our own server is started anyway"),
    "a bad seed": (["localhost", "--seed", "-1"], "--seed"),
    "a bad address": (["ftp://localhost"], "unknown scheme"),
    "a bad mailbox": (["localhost", "--to", "a b"], "no mailbox"),
}


@pytest.mark.parametrize(("words", "said"), MISUSED.values(), ids=MISUSED)
def test_wrong_use_is_told_before_anything_is_sent(invoke: Any, words: list[str], said: str):
    done = invoke("load", *words)

    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize("words", [["--web"], ["--master", "--master-port"]], ids=" ".join)
def test_a_port_that_is_taken_is_told_before_anything_is_sent(invoke: Any, words: list[str]):
    with serving(silent) as (address, connections):
        done = invoke("load", address, *words, address.rpartition(":")[2])

    assert done.exit_code == 2
    assert f"cannot listen on {address}: Address already in use" in done.output
    assert connections[0] == 0


def test_a_mistake_in_a_profile_is_shown_at_its_line(load: Any):
    done = load("localhost", profile=short("usres: 20"))

    assert done.status == 2
    assert "unknown key 'usres' (did you mean 'users'?)" in done.said
    assert "short-profile.yaml:4:1" in done.said


def test_a_server_that_is_not_there_is_unreachable(load: Any):
    with deserted_port() as port:
        done = load(f"127.0.0.1:{port}")

    assert done.status == 3
    assert "refused" in done.said


def test_a_result_that_could_not_be_written_is_wrong_use(invoke: Any):
    with serving(silent) as (address, _):
        done = invoke("load", address, "--json", "/no/such/place/r.json")

    assert done.exit_code == 2
    assert "there is no directory" in done.output


@pytest.mark.slow
def test_a_result_may_go_into_a_pipe(invoke: Any, tmp_path: Path):
    # Once it was taken away like the file of an earlier run: nobody wants /dev/null to go.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        done = invoke("load", "-p", written(tmp_path, short()), "--json", pipe)
        found = from_json(os.read(reading, 1_000_000).decode())
    finally:
        os.close(reading)

    assert done.exit_code == 0, done.output
    assert pipe.is_fifo()
    assert found.end is End.COMPLETE


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is full")
@pytest.mark.parametrize("option", ["--json", "--report=json:"], ids=["json", "report"])
def test_a_report_that_cannot_be_written_takes_nothing_away_that_was_measured(
    invoke: Any, tmp_path: Path, option: str
):
    page, profile = tmp_path / "page.html", written(tmp_path, short())
    full = [option, "/dev/full"] if option == "--json" else [f"{option}/dev/full"]
    done = invoke("load", "-p", profile, *full, "--report", page)

    assert done.exit_code == 2
    assert "1 of 1 threshold kept" in done.stdout
    assert "/dev/full cannot be written" in done.stderr
    assert page.exists()


# --- runs ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_our_own_server_is_loaded_where_no_target_is_named(load: Any):
    done = load(profile=short("recipients: 5"))
    found = done.result

    assert done.status == 0, done.said
    assert "1 of 1 threshold kept" in done.said
    assert found.end is End.COMPLETE
    assert found.messages.accepted == found.messages.begun > 0
    assert found.connections == 3
    assert found.phases["message"].count == found.messages.accepted
    assert "group" in found.phases  # the server offers PIPELINING, and auto takes it


@pytest.mark.slow
@pytest.mark.parametrize("pipelining", ["on", "off"])
def test_a_foreign_server_has_every_message_that_we_count(load: Any, pipelining: str):
    with aiosmtpd() as (address, taker):
        lines = (f"pipelining: {pipelining}", "messages_per_connection: 7")
        done = load(address, profile=short(*lines))
    found = done.result

    assert done.status == 0, done.said
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

    assert done.status == 0, done.said
    assert b"To: <ben@there.test>" in taker.taken[0]
    assert b"From: <ann@here.test>" in taker.taken[0]


@pytest.mark.slow
def test_a_target_is_started_by_its_own_file_and_stopped_again(load: Any, tmp_path: Path):
    serve = f"PYTHONPATH={ROOT} exec {sys.executable} -m reference_server --sink --port"
    with reserved_port() as port:
        target = tmp_path / "target.yaml"
        target.write_text(f"address: 127.0.0.1:{port}\nstart: {serve} {port}\n")
        done = load(target, "--start")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))

    assert done.status == 0, done.said
    assert done.result.messages.accepted > 0


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
def test_connections_that_are_lost_are_made_anew_and_told_apart(load: Any):
    with serving(vanishing) as (address, connections):
        done = load(address)
    found = done.result

    assert done.status == 1
    assert done.troubles == {("dot", "closed")}
    # One of each over every connection, but for the last of each user: time may end between them.
    assert 0 <= found.messages.accepted - found.messages.unanswered <= 3
    assert connections[0] > 3


# --- runs that are cut short ---------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_that_is_interrupted_keeps_what_it_measured(tmp_path: Path):
    profile = written(tmp_path, short(duration="60s"))
    with (
        aiosmtpd() as (address, taker),
        Load(tmp_path, address, "-p", profile, on_terminal=True) as load,
    ):
        load.wait_until_shown(" accepted, ")
        load.send(signal.SIGINT)
        done = load.end()
    found = done.result

    assert done.status == 128 + signal.SIGINT, done.said
    assert "was interrupted" in done.said
    assert found.end is End.INTERRUPTED
    assert found.messages.begun == found.messages.accepted == len(taker.taken) > 0
