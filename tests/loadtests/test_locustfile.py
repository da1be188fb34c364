"""What Locust imports and runs, in processes of its own: importing Locust changes a process."""

from __future__ import annotations

import errno
import os
import re
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.accounting import read_receipts
from harness.load_results import End, read
from tests.loadtests.servers import aiosmtpd
from tests.ports import reserved_port

ROOT = Path(__file__).parent.parent.parent
LOCUSTFILE = ROOT / "loadtests" / "locustfile.py"


def python(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def locust(words: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return python("-P", "-m", "locust", "--headless", "--loglevel", "WARNING", *words, cwd=cwd)


def loaded_by(statement: str) -> set[str]:
    done = python("-c", f"{statement}\nimport sys\nprint(*sys.modules)")
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    [
        "import harness, harness.cli, harness.cli.load, harness.cli.generator",
        "import harness.load_results, harness.reports.load",
        "import loadtests, loadtests.profile, loadtests.admission, loadtests.counting.recorder",
    ],
)
def test_the_command_line_loads_neither_locust_nor_gevent(statement: str):
    assert not {"locust", "gevent"} & loaded_by(statement)


@pytest.mark.slow
def test_locusts_process_never_loads_trio():
    loaded = loaded_by("import locust\nfrom loadtests import SmtpUser")

    assert "gevent" in loaded
    assert "trio" not in loaded


def test_the_package_has_no_other_lazy_names():
    import loadtests

    with pytest.raises(AttributeError, match="SmtpUsr"):
        loadtests.SmtpUsr  # noqa: B018  # asking is the test


@pytest.mark.slow
def test_our_locustfile_runs_under_locust_itself(tmp_path: Path):
    path = tmp_path / "result.json"
    with aiosmtpd() as (address, taker):
        done = locust(
            ["-f", str(LOCUSTFILE), "-H", address, "-u", "2", "-t", "5", f"--smtp-result={path}"],
            tmp_path,
        )

    assert done.returncode == 0, done.stderr
    assert "message" in done.stderr  # Locust's own table
    assert read(path).messages.accepted == len(taker.taken) > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-H", "mx.example.test"], "is not on loopback"),
        ([], "-H says which server"),
        (["-H", "localhost", "--smtp-profile", "smoky"], "did you mean 'smoke'?"),
        (["-H", "localhost", "--smtp-result", "none/r.json"], "none/r.json cannot be written: No"),
        (["-H", "localhost", "--smtp-receipts", "none/r"], "none/r cannot be written: No such"),
    ],
)
def test_locust_alone_gets_no_further_than_the_command_line_would(
    tmp_path: Path, words: list[str], said: str
):
    done = locust(["-f", str(LOCUSTFILE), *words], tmp_path)

    assert done.returncode == 2
    assert said in done.stderr


EARLIER = '{"accepted":[[9,0,999,1]],"unsure":[],"times":[]}\n'


@pytest.mark.slow
def test_receipts_of_an_earlier_run_are_no_receipts_of_this_one(tmp_path: Path):
    (tmp_path / "few.yaml").write_text("about: a\nmessages: 20\nduration: 20s\n")
    (tmp_path / "receipts").write_text(EARLIER)
    with aiosmtpd() as (address, taker):
        done = locust(
            ["-f", str(LOCUSTFILE), "-H", address, "--smtp-profile", "./few.yaml",
             "--smtp-receipts", "receipts"], tmp_path,
        )  # fmt: skip
    with (tmp_path / "receipts").open() as lines:
        accepted = read_receipts(lines)

    assert done.returncode == 0, done.stderr
    assert accepted.copies == len(taker.taken) == 20


# A master and a worker of it, whose files are those of an earlier run.
BOTH = """\
import sys
from pathlib import Path

from locust.env import Environment

from harness.target import read_target
from loadtests.profile import read_profile
from loadtests.running.conducting import conduct
from loadtests.running.load_run import prepare

def begin(runner_of):
    result, receipts = Path("result.json"), Path("receipts")
    for file in (result, receipts):
        file.write_text("earlier")
    environment = Environment()
    runner_of(environment)
    run = prepare(read_target("localhost"), read_profile("smoke"), started="2026-01-02T03:04:05Z")
    conduct(environment, run, result, receipts)
    print(*(file.read_text() == "earlier" for file in (result, receipts)))

port = int(sys.argv[1])
begin(lambda it: it.create_master_runner("127.0.0.1", port))
begin(lambda it: it.create_worker_runner("127.0.0.1", port))
"""


@pytest.mark.slow
def test_only_a_master_begins_the_files_anew(tmp_path: Path):
    with reserved_port() as port:
        done = python("-c", BOTH, str(port), cwd=tmp_path)

    assert done.stdout.splitlines() == ["False False", "True True"], done.stderr


# Our locustfile, with something behind it.
BESIDE = """\
import resource
import shutil
import sys

from locust import events

from loadtests.locustfile import *

"""
LIMIT = """\
@events.init.add_listener
def look(**_):
    sys.exit(f"limits: {resource.getrlimit(resource.RLIMIT_NOFILE)}")
"""
NO_PLACE = """\
@events.test_start.add_listener
def take_away(**_):
    shutil.rmtree("out")
"""
SOON_NO_PLACE = """\
import gevent

@events.test_start.add_listener
def take_away(**_):
    gevent.spawn(shutil.rmtree, "out")
"""
TENTH = """\
from locust import stats

@events.init.add_listener
def look(**_):
    sys.exit(f"buckets: {[stats.bucket_response_time(it) for it in (1.234, 12.34, 123.4, 1234.5)]}")
"""


def beside(folder: Path, more: str, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "beside.py").write_text(BESIDE + more)
    return locust(["-f", "beside.py", *words], folder)


def limited(limit: str, words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = f"ulimit {limit}; exec {sys.executable} -P -m locust --headless {words}"
    return subprocess.run(
        ["sh", "-c", command], cwd=cwd, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_as_many_connections_may_be_open_as_the_hard_limit_lets_us(tmp_path: Path):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    (tmp_path / "beside.py").write_text(BESIDE + LIMIT)
    done = limited("-Sn 500", "-H 127.0.0.1 -f beside.py", tmp_path)

    assert f"limits: ({hard}, {hard})" in done.stderr


@pytest.mark.slow
def test_more_users_than_descriptors_are_told_of_until_the_end(tmp_path: Path):
    (tmp_path / "many.yaml").write_text("about: a\nusers: 60\nduration: 3s\n")
    words = f"-f {LOCUSTFILE} --smtp-profile ./many.yaml --smtp-result result.json"
    with aiosmtpd() as (address, _):
        done = limited("-n 50", f"{words} -H {address}", tmp_path)
    found = read(tmp_path / "result.json")

    assert (done.returncode, found.end) == (1, End.COMPLETE), done.stderr
    (trouble,) = found.troubles
    assert (trouble.stage, trouble.what) == ("connect", os.strerror(errno.EMFILE))
    assert found.messages.accepted > 0


@pytest.mark.slow
@pytest.mark.parametrize("more", [NO_PLACE, SOON_NO_PLACE], ids=["at once", "soon"])
def test_a_run_ends_when_nobody_can_lead_it_any_more(tmp_path: Path, more: str):
    (tmp_path / "out").mkdir()
    (tmp_path / "long.yaml").write_text("about: a\nduration: 60s\n")
    with aiosmtpd() as (address, _):
        done = beside(
            tmp_path, more, "-H", address,
            "--smtp-profile", "./long.yaml", "--smtp-result", "out/result.json",
        )  # fmt: skip

    assert done.returncode not in (0, 1)


PREPARING = """\
import locust
import gevent
from harness.target import read_target
from loadtests.profile import read_profile
from loadtests.running.load_run import prepare

gevent.spawn(print, "somebody else")
prepare(read_target("localhost"), read_profile("smoke"), started="2026-01-02T03:04:05+00:00")
print("prepared")
gevent.sleep(0)
"""


@pytest.mark.slow
def test_nobody_else_has_a_turn_while_a_run_is_prepared():
    done = python("-c", PREPARING)

    # A master's word would be lost on a worker that does not listen yet.
    assert done.stdout.splitlines() == ["prepared", "somebody else"], done.stderr


# In one of two workers somebody who listens beside us waits, and gives others a turn: the master.
WAITING = """\
import gevent
from locust import events
from locust.runners import WorkerRunner

@events.init.add_listener
def wait(environment, **_):
    if isinstance(environment.runner, WorkerRunner) and environment.runner.worker_index:
        gevent.sleep(2)

from loadtests.locustfile import *
"""


@pytest.mark.slow
def test_a_worker_that_a_master_did_not_wait_for_sends_what_it_is_told_later(tmp_path: Path):
    (tmp_path / "waiting.py").write_text(WAITING)
    (tmp_path / "many.yaml").write_text("about: a\nusers: 4\nmessages: 200\nduration: 20s\n")
    with aiosmtpd() as (address, taker), reserved_port() as port:
        done = locust(
            [
                *("-f", "waiting.py", "-H", address, "--processes", "2"),
                *(f"--master-bind-port={port}", f"--master-port={port}"),
                *("--smtp-profile", "./many.yaml", "--smtp-result", "result.json"),
            ],
            tmp_path,
        )
    found = read(tmp_path / "result.json")

    assert done.returncode == 0, done.stderr
    assert set(found.generators) == {"worker 1", "worker 2"}
    assert found.messages.accepted == len(taker.taken) == 200


@pytest.mark.slow
def test_what_takes_long_is_as_coarse_in_locusts_table_as_ever(tmp_path: Path):
    done = beside(tmp_path, TENTH, "-H", "127.0.0.1")

    assert "buckets: [1.23, 12.3, 120, 1200]" in done.stderr


OWN = """\
from loadtests import SmtpUser

class Newsletter(SmtpUser):
    host = "{host}"
    profile = "./mine.yaml"
"""


DOCUMENTED = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "load.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.slow
@pytest.mark.parametrize("own", DOCUMENTED, ids=range(len(DOCUMENTED)))
def test_a_locustfile_of_the_documentation_works(tmp_path: Path, own: str):
    (tmp_path / "newsletter-profile.yaml").write_text("about: mine\nduration: 1s\n")
    with aiosmtpd() as (address, taker):
        (tmp_path / "own.py").write_text(own.replace("127.0.0.1:2525", address))
        done = locust(["-f", "own.py", "-u", "1", "-t", "2"], tmp_path)

    assert done.returncode == 0, done.stderr
    assert taker.taken
    if "def messages" in own:
        assert {content.splitlines()[-1] for content in taker.taken} == {b"Hello."}


def own(
    folder: Path, host: str, *, profile: str = "", more: str = "", users: int = 1
) -> subprocess.CompletedProcess[str]:
    """Run a locustfile of one's own, with something behind its class; its profile takes 1 s."""
    (folder / "mine.yaml").write_text(f"about: mine\nduration: 1s\n{profile}\n")
    (folder / "own.py").write_text(OWN.format(host=host) + more)
    return locust(["-f", "own.py", "-u", str(users), "-t", "3"], folder)


@pytest.mark.slow
def test_a_locustfile_of_ones_own_needs_a_few_lines(tmp_path: Path):
    with aiosmtpd() as (address, taker):
        done = own(tmp_path, address, profile="size: 2KB")

    assert done.returncode == 0, done.stderr
    assert {len(content) for content in taker.taken} == {2000}


@pytest.mark.slow
def test_a_locustfile_of_ones_own_may_not_load_others_either(tmp_path: Path):
    done = own(tmp_path, "mx.example.test")

    assert done.returncode != 0
    assert "is not on loopback" in done.stderr


KEPT = """\
from time import perf_counter

from locust import events

@events.quitting.add_listener
def look(environment, **_):
    kept = environment.smtp_load.recorder.take(perf_counter())
    print("kept", kept.messages.accepted, "of", environment.stats.num_requests)
"""


@pytest.mark.slow
def test_of_a_locustfile_of_ones_own_nothing_is_kept_that_nobody_asks_for(tmp_path: Path):
    with aiosmtpd() as (address, _):
        done = own(tmp_path, address, more=KEPT)

    words = done.stdout.split()
    assert 0 < 2 * int(words[1]) < int(words[3])


BROKEN = """\

    def messages(self, capabilities):
        raise RuntimeError("mine")
"""


@pytest.mark.slow
def test_what_is_wrong_with_ones_own_messages_is_no_storm(tmp_path: Path):
    with aiosmtpd() as (address, _):
        done = own(tmp_path, address, more=BROKEN)

    assert done.returncode == 1
    assert 1 <= done.stderr.count("RuntimeError: mine") < 10


@pytest.mark.slow
def test_a_rate_of_ones_own_ends_with_its_stages(tmp_path: Path):
    with aiosmtpd() as (address, taker):
        done = own(tmp_path, address, profile="rate: 20/s", users=2)

    assert done.returncode == 0, done.stderr
    assert 10 < len(taker.taken) <= 20, "and no more in the seconds behind"
