"""The textbook's dialogue, word for word, against the voice that says it; and Bob's mailbox."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

EXACT = Path(__file__).parent.parent / "data" / "textbook-exact.smtp.yaml"
pytestmark = pytest.mark.slow


@contextmanager
def hamburger_edu(spool: Path, voice: str):
    command = [
        *(sys.executable, "-m", "reference_server", "--port", "0", "--until-eof"),
        *("--voice", voice, "--domain", "hamburger.edu", "--user", "bob", "--spool", str(spool)),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().removeprefix("listening on ").strip()
        assert server.stdin is not None
        server.stdin.close()


def run(address: str, spool: Path) -> subprocess.CompletedProcess[str]:
    command = [
        *(sys.executable, "-m", "harness.cli", "run", address, "-s", str(EXACT)),
        *("--to", "bob@hamburger.edu", "--delivery", f"maildir:{spool / 'mail' / 'bob'}"),
    ]
    return subprocess.run(command, capture_output=True, text=True)


def test_every_text_is_that_of_the_textbook_and_bob_has_the_two_lines(tmp_path):
    with hamburger_edu(tmp_path, "textbook") as address:
        told = run(address, tmp_path)
    assert told.returncode == 0, told.stdout
    assert "1 of 1 case judged" in told.stdout
    (message,) = (tmp_path / "mail" / "bob" / "new").iterdir()
    assert re.search(
        rb"[+-]\d{4}\r\nDo you like ketchup\?\r\nHow about pickles\?\r\n$", message.read_bytes()
    )


def test_other_texts_do_not_do(tmp_path):
    with hamburger_edu(tmp_path, "default") as address:
        told = run(address, tmp_path)
    assert told.returncode == 1
    assert "220 hamburger.edu ESMTP smtp-harness" in told.stdout
