import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import UsageError
from reference_server.storage.spool import Spool, hold


def test_a_spool_is_held_by_one_alone_and_says_by_whom(tmp_path):
    with hold(tmp_path / "new" / "spool") as spool:
        with pytest.raises(UsageError) as refused, hold(spool.path):
            pass
        said = f"process {os.getpid()} uses the spool {spool.path} (it locks {spool.lock})"
        assert str(refused.value) == said
    with hold(spool.path):
        pass


@pytest.mark.slow
def test_the_end_of_whoever_held_it_frees_it_even_by_a_kill(tmp_path):
    script = (
        "import sys, pathlib, reference_server.storage.spool\n"
        "with reference_server.storage.spool.hold(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(UsageError, match=f"process {child.pid} uses"), hold(tmp_path):
            pass
        child.kill()
        child.wait()
    with hold(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_holder_who_has_not_said_who_he_is_yet_is_another_process(tmp_path):
    with hold(tmp_path):
        os.truncate(tmp_path / "lock", 0)
        with pytest.raises(UsageError, match=r"^another process uses"), hold(tmp_path):
            pass


@pytest.mark.parametrize("path", ["/dev/null/spool", "/dev/null"])
def test_where_no_directory_can_be_the_reason_is_said(path):
    with pytest.raises(UsageError, match=f"^cannot use the spool {path}: "), hold(Path(path)):
        pass


def test_room_is_what_is_free_beyond_the_reserve(tmp_path):
    spool = Spool(tmp_path)
    free = os.statvfs(tmp_path)
    free = free.f_bavail * free.f_frsize
    assert spool.has_room(0)
    assert not spool.has_room(free + 2**30)
    assert not spool.has_room(0, reserve=free + 2**30)
    assert not Spool(tmp_path / "gone").has_room(0)
