"""Many targets, each started and stopped by its own file, and one page of them all."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from harness.cli.starting import started
from harness.errors import TargetUnreachable, UsageError
from harness.results import from_lines
from harness.target import read_target
from tests.ports import reserved_port

ROOT = Path(__file__).parent.parent.parent
SERVE = f"PYTHONPATH={ROOT} exec {sys.executable} -m reference_server"


def written(folder: Path, **keys: str) -> Path:
    folder.mkdir()
    path = folder / "target.yaml"
    path.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in keys.items()))
    return path


def script(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text("#!/bin/sh\n" + textwrap.dedent(text))
    path.chmod(0o755)
    return f"./{name}"


@pytest.fixture
def port():
    """A target's file must name one."""
    with reserved_port() as one:
        yield one


@pytest.mark.slow
def test_a_command_may_be_the_server_itself(tmp_path, port):
    path = written(tmp_path / "mine", address=f"127.0.0.1:{port}", start=f"{SERVE} --port {port}")
    target = read_target(str(path))

    with started(target):
        pass
    with (
        pytest.raises(TargetUnreachable) as told,
        started(read_target(str(path)), patience=0.0),
    ):
        raise AssertionError("nothing can be ready at once")
    assert str(told.value) == f"{path}:2: {sys.executable} was not ready after 0 s"


def test_a_command_may_end_when_the_server_is_ready(tmp_path):
    path = written(tmp_path / "mine", address="127.0.0.1:1", start="./up", stop="./down")
    script(path.parent, "up", "echo up >>said")
    script(path.parent, "down", "echo down >>said")

    with started(read_target(str(path))):
        assert (path.parent / "said").read_text() == "up\n"
    assert (path.parent / "said").read_text() == "up\ndown\n"


WRONG = {  # start:, stop: -> what is told after the place of the one that failed
    ("PASSWORD=geheim sh -c 'echo no disk; exit 3' geheim", "true"): (
        "2: sh ended with status 3\n  no disk"
    ),
    ("kill -9 $$; geheim", "true"): "2: kill was killed by SIGKILL",
    ("true", "./down geheim"): "3: ./down ended with status 1\n  stuck",
    ("echo it is up", "./down geheim"): "3: ./down ended with status 1\n  stuck",
}


@pytest.mark.parametrize(("commands", "problem"), WRONG.items())
def test_a_command_that_fails_is_told_by_name_with_what_it_said(tmp_path, commands, problem):
    start, stop = commands
    path = written(tmp_path / "mine", address="127.0.0.1:1", start=start, stop=stop)
    script(path.parent, "down", "echo stuck; exit 1")

    with pytest.raises(TargetUnreachable) as told, started(read_target(str(path))):
        pass
    assert str(told.value) == f"{path}:{problem}"


@pytest.mark.slow
def test_what_was_started_does_not_outlive_a_stop_that_fails(tmp_path, port):
    start, stop = f"echo $$ >pid; {SERVE} --port {port}", "exit 3"
    path = written(tmp_path / "mine", address=f"127.0.0.1:{port}", start=start, stop=stop)

    with pytest.raises(TargetUnreachable), started(read_target(str(path))):
        pass
    assert not psutil.pid_exists(int((tmp_path / "mine" / "pid").read_text()))


def pid_in(path: Path) -> int:
    return int(path.read_text())


def of_group(number: int) -> list[psutil.Process]:
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):  # others come and go
            if is_alive(one) and os.getpgid(one.pid) == number:
                found.append(one)
    return found


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


# what a script leaves behind when it has ended
LEFT = {
    "a server": "sleep 1000 &",
    "a server that does not heed SIGTERM": "trap '' TERM; sleep 1000 &",
    "a server that has servers": "(sleep 1000 & wait) &",
}


@pytest.mark.slow
@pytest.mark.parametrize("ending", [{}, {"stop": "true"}], ids=["no stop", "stop"])
@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
def test_what_a_script_leaves_in_its_group_is_ended(tmp_path, left, ending):
    start = f"{left} echo $! >left; echo $$ >first"
    path = written(tmp_path / "mine", address="127.0.0.1:1", start=start, **ending)

    with started(read_target(str(path)), terminating=0.1):
        servers = of_group(pid_in(path.parent / "first"))
        assert pid_in(path.parent / "left") in {one.pid for one in servers}
    assert not of_group(pid_in(path.parent / "first"))
    assert not any(map(is_alive, servers))


@pytest.mark.slow
def test_what_left_the_group_of_its_script_is_not_ours_to_end(tmp_path):
    apart = "import os, time; os.setsid(); print(os.getpid(), flush=True); time.sleep(1000)"
    start = f'mkfifo up; {sys.executable} -c "{apart}" >up & read pid <up; echo $pid >left'
    path = written(tmp_path / "mine", address="127.0.0.1:1", start=start)

    with started(read_target(str(path))):
        daemon = psutil.Process(pid_in(path.parent / "left"))
    assert daemon.is_running()
    daemon.kill()


def test_the_number_of_a_group_is_nobody_elses_as_long_as_it_may_be_ended(tmp_path):
    path = written(tmp_path / "mine", address="127.0.0.1:1", start="echo $$ >first")

    with started(read_target(str(path))):
        first = psutil.Process(pid_in(path.parent / "first"))
        assert first.status() == psutil.STATUS_ZOMBIE, "it ended, and keeps its number"
    assert not psutil.pid_exists(first.pid)


def test_a_target_that_does_not_say_how_cannot_be_started(tmp_path):
    path = written(tmp_path / "mine", address="127.0.0.1:1")

    with pytest.raises(UsageError, match="has no `start:`"), started(read_target(str(path))):
        pass


def test_starting_is_for_a_target(invoke):
    assert "--start is for a target's file" in invoke("run", "--start").stderr


@pytest.mark.slow
def test_a_matrix_of_targets_of_which_one_is_missing(invoke, tmp_path, port, server):
    (tmp_path / "all").mkdir()
    written(tmp_path / "all" / "ours", address=f"127.0.0.1:{port}",
            start=f"{SERVE} --port {port}")  # fmt: skip
    written(tmp_path / "all" / "absent", address="127.0.0.1:1", start="echo none here; exit 3")
    there = tmp_path / "there.yaml"
    there.write_text(f"address: {server.address}\nname: the other\n")
    page, lines = tmp_path / "page.html", tmp_path / "lines.jsonl"

    done = invoke("matrix", tmp_path / "all", there, "-s", "rfc5321/4.1.1.9", "--html", page,
                  "--lines", lines)  # fmt: skip

    assert done.exit_code == 3, done.output
    absent = tmp_path / "all" / "absent" / "target.yaml"
    assert f"absent: MISSING: {absent}:2: echo ended with status 3\n  none here" in done.stderr
    assert re.search(r"^ours: \d+ met$", done.output, re.MULTILINE)
    assert re.search(r"^the other: \d+ met$", done.output, re.MULTILINE)
    assert done.output.endswith(f"{page}: 2 of 3 targets\n")
    assert [run.name for run in from_lines(lines.read_text())] == ["ours", "the other"]
    assert '<h2><a href="#the-other">the other</a></h2>' in page.read_text()


@pytest.mark.slow
def test_a_target_that_fails_is_named_with_its_cases(invoke, tmp_path, port):
    path = written(tmp_path / "liar", address=f"127.0.0.1:{port}",
                   start=f"{SERVE} --port {port} --fault rcpt-before-mail")  # fmt: skip

    done = invoke("matrix", path, "-s", "rfc5321/3.3", "--html", tmp_path / "page.html")

    assert done.exit_code == 1
    assert "\n  FAIL rfc5321/3.3/rcpt-before-mail\n" in done.output


def test_a_folder_without_a_target_is_wrong_use(invoke, tmp_path):
    done = invoke("matrix", tmp_path)

    assert done.exit_code == 2
    assert "there is no target.yaml under" in done.stderr


def test_if_no_target_can_be_had_there_is_no_page(invoke, tmp_path):
    path = written(tmp_path / "absent", address="127.0.0.1:1", start="exit 3")
    done = invoke("matrix", path, "--html", tmp_path / "page.html")

    assert done.exit_code == 3
    assert done.output.endswith("no target could be had\n")
    assert not (tmp_path / "page.html").exists()
