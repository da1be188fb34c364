"""A worker says what it waits for, and that nobody came."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.cli.working import work
from harness.errors import HarnessError, UsageError
from tests.cli.loads import ROOT
from tests.ports import deserted_port

pytestmark = pytest.mark.slow

HERE = "127.0.0.1"
IMPATIENT = """\
from locust import runners
from loadtests.locustfile import Sender

runners.CONNECT_TIMEOUT = 0.01
runners.CONNECT_RETRY_COUNT = 2
"""


def working(folder: Path, port: int, locustfile: Path) -> int:
    """A worker that reads this file instead of ours."""
    options = ["--worker", f"--master-host={HERE}", f"--master-port={port}", f"-f={locustfile}"]
    return work(folder / "prepared", options, at=(HERE, port))


def test_a_worker_that_waits_for_its_master_says_so_at_once(sink: tuple[str, psutil.Process]):
    command = [sys.executable, "-m", "harness.cli", "load", sink[0], "--to", "bob@example.test"]
    with deserted_port() as port:
        words = [*command, "--worker", "--master-port", str(port)]
        worker = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        assert worker.stderr is not None
        said = worker.stderr.readline()
        worker.send_signal(signal.SIGINT)
        _, more = worker.communicate(timeout=30)

    assert said == f"waiting for a master at 127.0.0.1:{port}\n"
    assert (worker.returncode, more.strip()) == (128 + signal.SIGINT, "")


def test_a_worker_whose_master_never_came_says_so_in_a_line(tmp_path: Path):
    locustfile = tmp_path / "impatient.py"  # Locust itself waits for five minutes
    locustfile.write_text(IMPATIENT)
    with deserted_port() as port, pytest.raises(HarnessError) as told:
        working(tmp_path, port, locustfile)

    assert str(told.value) == f"no master answered at 127.0.0.1:{port}"
    assert not isinstance(told.value, UsageError), "it could not be run: status 3, not 2"


def test_a_worker_that_is_killed_is_said_to_have_been(tmp_path: Path):
    locustfile = tmp_path / "doomed.py"
    locustfile.write_text("import os\nos.kill(os.getpid(), 9)\n")
    with deserted_port() as port, pytest.raises(HarnessError, match="worker was killed by SIGKILL"):
        working(tmp_path, port, locustfile)
