"""A full disk is 452 beforehand, and in the middle too; and the spool is clean afterwards."""

import os
import resource
import subprocess

import pytest

from tests.crash.sending import HERE, Line
from tests.crash.serving import Child

MANY = b"x" * 76 + b"\r\n"
pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MiB."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: only root can mount a small tmpfs")
    place = tmp_path / "disk"
    place.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=24m", "smtp-harness-test", str(place)]
    mounted = subprocess.run(options, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"NOT TESTED: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def leftovers(spool):
    return [path for part in ("tmp", "new") for path in spool.glob(f"mail/*/{part}/*")]


def test_a_disk_without_room_is_452_at_mail_until_there_is_room_again(small_disk):
    child, ballast = Child(small_disk / "spool"), small_disk / "ballast"
    with Line(child.port) as line:
        assert line.ask(b"MAIL FROM:<a@b.test> SIZE=1000") == 250
        assert line.ask(b"RSET") == 250
        ballast.write_bytes(bytes(9 * 2**20))  # leaves less than the reserve
        assert line.ask(b"MAIL FROM:<a@b.test> SIZE=1000") == 452
        assert line.ask(b"MAIL FROM:<a@b.test>") == 452
        ballast.write_bytes(bytes(5 * 2**20))
        assert line.ask(b"MAIL FROM:<a@b.test> SIZE=1000") == 250
        assert line.ask(b"RSET") == 250
        assert line.ask(b"MAIL FROM:<a@b.test> SIZE=9000000") == 452
    child.stop()


def test_a_disk_that_fills_up_in_the_middle_of_a_message_is_452_and_keeps_nothing(small_disk):
    spool = small_disk / "spool"
    child = Child(spool)
    big = b"Token: big\r\n\r\n" + MANY * (9 * 2**20 // len(MANY))
    small = b"Token: small\r\n\r\nx\r\n"
    with Line(child.port) as line:
        line.open(HERE)  # 27 MiB altogether
        assert line.text(big) == 452
        assert leftovers(spool) == []
        line.open(HERE[:1])
        assert line.text(small) == 250
    child.stop()
    (path,) = leftovers(spool)
    assert path.read_bytes().endswith(small)


def test_a_limit_on_the_size_of_files_is_a_full_disk_too(tmp_path):
    """This needs no root: the system refuses to let the file grow."""
    child = Child(tmp_path / "spool")
    resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
    with Line(child.port) as line:
        line.open(HERE[:2])
        assert line.text(b"Token: big\r\n\r\n" + MANY * 2_000) == 452
        assert leftovers(tmp_path / "spool") == []
        line.open(HERE[:2])
        assert line.text(b"Token: small\r\n\r\n" + MANY) == 250
    child.stop()
    assert len(leftovers(tmp_path / "spool")) == 2
