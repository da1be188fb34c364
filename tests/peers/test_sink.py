"""`smtp-harness sink` beside Postfix's smtp-sink: the same letters, and smtp-source meets the same.

Texts are our own; what counts is how smtp-source ends, and every code that it was told.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.cli.children import environment
from tests.peers.programs import program, run
from tests.peers.relaying import wait_until
from tests.ports import reserved_port

pytestmark = pytest.mark.peer

OURS = [sys.executable, "-P", "-m", "harness.cli", "sink"]

# the sink's letters -> those of smtp-source
LETTERS = {
    "": "-m 20 -s 5",
    "-c": "-m 20 -d",
    "-L": "-L -m 3 -r 4 -N",
    "-P": "",
    "-h sink.test": "",
    "-f connect": "",
    "-f rcpt": "-r 3",
    "-r mail,rcpt": "",
    "-r .": "-A -m 3",
    "-r rcpt -L": "-L",
    "-q rcpt": "",
    "-q .": "",
    "-Q mail": "",
    "-Q quit": "",
    "-A 0": "",
    "-b 451_4.4.4_later -r mail": "",
    "-B 554_5.5.5_never -f rcpt": "",
}


def words(letters: str) -> list[str]:
    return [word.replace("_", " ") for word in letters.split()]


def theirs() -> list[str]:
    """The real one; as root it insists on becoming somebody else."""
    return [program("smtp-sink"), *(("-u", "nobody") if os.geteuid() == 0 else ())]


@contextlib.contextmanager
def sinking(command: list[str], letters: str) -> Iterator[int]:
    """A sink with these letters that answers; gives its port."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        reserved_port() as port,
        subprocess.Popen(
            [*command, *words(letters), f"127.0.0.1:{port}", "50"], env=environment(), **quiet
        ) as sink,
    ):
        try:
            wait_until(lambda: is_open(port), "it listens")
            yield port
        finally:
            sink.terminate()


def is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def met(command: list[str], letters: str) -> tuple[int, list[str], list[str]]:
    """How smtp-source ends, what it says the matter is, and the codes that it was told."""
    with sinking(command, letters) as port:
        usual = ["-v", "-f", "sender@client.test", "-t", "user@example.test"]
        done = run("smtp-source", *usual, *words(LETTERS[letters]), f"127.0.0.1:{port}", fails=None)
    said = done.stdout + done.stderr
    return (
        done.returncode,
        re.findall(r"fatal: ([a-zA-Z -]+(?:: \d{3})?)", said),
        sorted(re.findall(r"<<< (\d{3}) ", said)),
    )


@pytest.mark.parametrize("letters", LETTERS)
def test_the_same_letters_do_the_same(letters):
    assert met(OURS, letters) == met(theirs(), letters)
