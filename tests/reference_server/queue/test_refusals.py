"""Why a queue's file cannot be used is said in words that help."""

import resource
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.cli.children import environment
from harness.errors import UsageError
from reference_server.queue import schema
from reference_server.queue.refusals import full, why


def error(code):
    problem = sqlite3.OperationalError("disk I/O error")
    problem.sqlite_errorcode = code
    problem.sqlite_errorname = "SQLITE_IOERR_WRITE"
    return problem


def test_a_full_disk_is_said_to_be_one():
    assert full(131_072) is None
    assert full(4_096) == (
        "the disk is full: 131072 octets are needed, 4096 are free; make room first"
    )


def test_what_we_have_found_ourselves_is_said_as_it_is(tmp_path):
    assert why(sqlite3.DatabaseError("it is damaged"), tmp_path / "q") == "it is damaged"


def test_what_has_no_other_explanation_keeps_sqlites_name_for_it(tmp_path):
    (tmp_path / "queue.db").touch()
    told = why(error(sqlite3.SQLITE_IOERR | 3 << 8), tmp_path / "queue.db")
    assert told == "disk I/O error (SQLITE_IOERR_WRITE)"
    assert why(error(sqlite3.SQLITE_BUSY), tmp_path / "queue.db") == "disk I/O error"


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN])
def test_where_no_file_can_be_made_that_is_said(code):
    told = why(error(code), Path("/nowhere/at/all/queue.db"))
    assert told == "no files can be made beside it: /nowhere/at/all may not be written"


def test_what_the_system_says_of_the_file_is_said(tmp_path):
    (tmp_path / "queue.db").mkdir()
    told = why(error(sqlite3.SQLITE_CANTOPEN), tmp_path / "queue.db")
    assert told == "it cannot be written: Is a directory"


@contextmanager
def no_file_larger_than(octets):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_queue_that_cannot_be_made_is_refused_with_place_and_reason(tmp_path):
    path = tmp_path / "queue.db"
    with no_file_larger_than(10_000), pytest.raises(UsageError) as refusal:
        schema.open_file(path)
    told = str(refusal.value)
    assert told.startswith(f"cannot use the queue {path}: ")
    assert "SQLITE_" in told or "full" in told
    assert not path.exists()


@pytest.mark.slow
def test_a_spool_that_takes_no_octet_is_refused_in_one_line(tmp_path):
    child = subprocess.run(
        [sys.executable, "-m", "reference_server", "--port", "0", "--spool", tmp_path],
        capture_output=True,
        text=True,
        env=environment(without="COVERAGE"),  # which would complain as well
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
    )
    assert child.returncode == 2
    assert child.stderr == f"error: cannot use the spool {tmp_path}: File too large\n"
