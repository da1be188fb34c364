"""Postfix's smtp-source and `smtp-harness source`: by the same letters the same octets."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.cli.scripted import Heard, scripted
from tests.peers.programs import program
from tests.peers.serving import PATIENCE

pytestmark = [pytest.mark.peer, pytest.mark.slow]

OURS = [sys.executable, "-m", "harness.cli", "source"]
KNOCK = 1  # connection of ours, that only looks whether anybody is there

# What docs/load.md says is otherwise: EHLO for HELO, a token, no Message-Id; and the time.
_OTHERWISE = re.compile(rb"^(?:X-Load-Token|Message-Id|Date):[^\n]*\n", re.MULTILINE)

# letters -> connections
LETTERS = {
    ("-m", "3"): 3,
    ("-m", "3", "-d"): 1,
    ("-l", "1"): 1,
    ("-l", "80"): 1,
    ("-l", "1024"): 1,
    ("-l", "100000"): 1,
    ("-r", "5"): 1,
    ("-N", "-m", "3", "-d"): 1,
    ("-f", "", "-t", "joe"): 1,
    ("-f", "a@b.test", "-t", "c@d.test", "-S", "a subject"): 1,
    ("-m", "2", "-w", "1", "-d"): 1,
    ("-L", "-m", "2"): 2,
    ("-o",): 1,
}


def sent(command: list[str], letters: tuple[str, ...], connections: int) -> Heard:
    # Nobody offers anything, so MAIL has no parameters.
    with scripted({"EHLO": "250 mx.test"}, connections=connections) as heard:
        words = [*command, "-M", "me.test", *letters, f"127.0.0.1:{heard.port}"]
        subprocess.run(words, check=True, capture_output=True, timeout=PATIENCE)
    return heard


@pytest.mark.parametrize(("letters", "connections"), LETTERS.items(), ids=map(" ".join, LETTERS))
def test_the_same_letters_send_the_same(letters, connections):
    theirs = sent([program("smtp-source")], letters, connections)
    ours = sent(OURS, letters, connections + KNOCK)
    extra = ["HELO me.test"] if "-o" in letters else []

    assert [line.replace("EHLO", "HELO") for line in ours.lines] == [*extra, *theirs.lines]
    assert [_OTHERWISE.sub(b"", text) for text in ours.texts] == [
        _OTHERWISE.sub(b"", text) for text in theirs.texts
    ]
