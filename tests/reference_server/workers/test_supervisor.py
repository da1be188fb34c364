"""A supervisor with workers that are real processes."""

import json
import os
import select
import signal
import smtplib
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.slow


class Running:
    """The supervisor's process, and what it has said so far."""

    def __init__(self, child: subprocess.Popen[str], spool: Path) -> None:
        self.child = child
        self.spool = spool
        self.said: list[str] = []

    def read_line(self) -> str:
        assert self.child.stdout is not None
        self.said.append(self.child.stdout.readline().strip())
        return self.said[-1]

    def told(self, event: str) -> list[dict]:
        lines = map(json.loads, (self.spool / "log").read_text().splitlines())
        return [line for line in lines if line["event"] == event]

    def until_told(self, event: str, times: int = 1) -> list[dict]:
        """Those events, once there are so many: the log is a pipe that we read line by line."""
        with subprocess.Popen(
            ["tail", "-n", "+1", "-F", str(self.spool / "log")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as tail:
            assert tail.stdout is not None
            found = []
            for line in tail.stdout:
                found += [told for told in [json.loads(line)] if told["event"] == event]
                if len(found) == times:
                    break
            tail.kill()
        return found

    @property
    def port(self) -> int:
        return int(self.said[0].rsplit(":", 1)[1])

    def pids(self) -> list[int]:
        return [line["pid"] for line in self.told("worker-started")]


@contextmanager
def running(spool: Path, *options: str):
    spool.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "reference_server", "--port", "0", "--workers", "2",
               "--user", "alice", "--spool", str(spool), "--no-sync", "--until-eof",
               "--log", str(spool / "log"), *options]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        one = Running(child, spool)
        try:
            assert one.read_line().startswith("listening on 127.0.0.1:")
            yield one
        finally:
            assert child.stdin is not None
            child.stdin.close()
            child.wait(20)


def send(port: int, times: int = 1) -> None:
    """Each time by a connection of its own, so that the kernel deals them out."""
    for _ in range(times):
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("a@b.test", ["alice@example.test"], b"Subject: x\r\n\r\n")


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_all_of_them_take_mail_tell_their_numbers_and_stop_together(tmp_path):
    with running(tmp_path, "--metrics", "0", "--tls-self-signed") as server:
        url = server.read_line().removeprefix("metrics on ")
        send(server.port, 30)
        assert len(list((tmp_path / "mail" / "alice" / "new").iterdir())) == 30
        with urlopen(url) as answer:
            text = answer.read().decode()
        for worker in "01":
            assert f'smtp_harness_connections_total{{door="smtp",worker="{worker}"}}' in text
        pids = server.pids()
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.starttls()
            assert client.ehlo()[0] == 250
            server.child.send_signal(signal.SIGTERM)
            assert client.getreply()[0] == 421
            client.close()
        assert server.child.wait(10) == 0
        assert not any(map(is_there, pids))
        assert len(server.told("stopped")) == 3


def test_what_a_sink_of_many_has_taken_is_added_up(tmp_path):
    with running(tmp_path, "--sink") as server:
        send(server.port, 20)
        server.child.send_signal(signal.SIGTERM)
        assert server.read_line() == f"taken: 20 messages, {20 * len('Subject: x....')} octets"


def test_one_that_dies_is_replaced_and_told_of(tmp_path):
    with running(tmp_path) as server:
        victim = server.pids()[0]
        os.kill(victim, signal.SIGKILL)
        (died,) = server.until_told("worker-died")
        assert (died["pid"], died["status"], died["level"]) == (victim, -signal.SIGKILL, "warning")
        started = server.until_told("worker-started", 3)
        assert started[2]["number"] == died["number"]
        send(server.port, 10)


def test_a_new_configuration_reaches_all_and_a_bad_one_none(tmp_path):
    file = tmp_path / "serve.yaml"
    file.write_text("users: {bob: }")
    with running(tmp_path / "spool", "--config", str(file)) as server:
        file.write_text("users: {bob: , carol: }")
        server.child.send_signal(signal.SIGHUP)
        assert {line["worker"] for line in server.until_told("reloaded", 2)} == {0, 1}
        for _ in range(6):
            with smtplib.SMTP("127.0.0.1", server.port) as client:
                client.sendmail("a@b.test", ["carol@example.test"], b"\r\n")
        file.write_text("relay: {dns: yes}")
        server.child.send_signal(signal.SIGHUP)
        (refused,) = server.until_told("reload-refused")
        assert refused["problems"] == ["several workers cannot have a relay: a queue has one owner"]


@pytest.mark.parametrize("how", ["end of input", "SIGKILL"])
def test_nobody_outlives_the_supervisor(tmp_path, how):
    with running(tmp_path) as server:
        pids = server.pids()
        if how == "SIGKILL":
            server.child.kill()
        else:
            assert server.child.stdin is not None
            server.child.stdin.close()
        server.child.wait(10)
        for pid in pids:
            # Whoever is no child of ours cannot be waited for, but its descriptor can.
            try:
                descriptor = os.pidfd_open(pid)
            except (AttributeError, ProcessLookupError):
                continue
            with open(descriptor, "rb", buffering=0) as gone:
                assert select.select([gone], [], [], 10)[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--control", "0"], "several workers cannot have faults"),
        (["--listen", "smtps://127.0.0.1:0"], "TLS needs a certificate"),
        (["--config", "{folder}/serve.yaml"], "absent: No such file or directory"),
        (["--host", "192.0.2.1"], "cannot listen on 192.0.2.1:0"),
    ],
)
def test_what_cannot_be_is_told(tmp_path, options, words):
    (tmp_path / "serve.yaml").write_text("users: absent")
    command = [sys.executable, "-m", "reference_server", "--port", "0", "--workers", "2"]
    command += [option.format(folder=tmp_path) for option in options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
