"""The reference server as a child process of ours.

It ends when its standard input does: it never outlives us, however we end, nor any child of ours
that holds the other end.  And it has a session of its own, so that a Ctrl-C for us does not take
the server away from cases that are being played.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.cli.children import environment
from harness.errors import HarnessError

PATIENCE = 20.0  # seconds until it must have said where it listens
WORDS = "listening on "


@dataclass(frozen=True, slots=True)
class Served:
    """Where a server listens, and what it hangs on: a descriptor that somebody must hold."""

    addresses: list[str]
    lifeline: int


@contextlib.contextmanager
def serving(options: Sequence[str], complaints: Path, *, doors: int = 1) -> Iterator[list[str]]:
    """The addresses of its doors, for as long as the context lasts; as `served`."""
    with served(options, complaints, doors=doors) as server:
        yield server.addresses


@contextlib.contextmanager
def served(options: Sequence[str], complaints: Path, *, doors: int = 1) -> Iterator[Served]:
    """A server for as long as the context lasts, and then until nobody holds its lifeline.

    Raises HarnessError with its own words, which stand in the file of complaints, if it does not
    start.
    """
    command = [sys.executable, "-P", "-m", "reference_server", "--until-eof", *options]
    with complaints.open("wb") as said:
        server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=environment(),
            start_new_session=True,
        )
    assert server.stdin is not None
    assert server.stdout is not None
    with server.stdin, server.stdout:
        try:
            addresses = [_address(server.stdout, complaints) for _ in range(doors)]
            yield Served(addresses, server.stdin.fileno())
        finally:
            server.stdin.close()
            _end(server)


def _address(said: IO[bytes], complaints: Path) -> str:
    """Where the server listens; it says so in one line."""
    line = _line(said)
    if not line.startswith(WORDS):
        what = complaints.read_text(errors="replace").strip() or "it said nothing"
        raise HarnessError(f"the reference server did not start: {what}")
    return line.removeprefix(WORDS).strip()


def _line(said: IO[bytes]) -> str:
    """The next line, octet by octet: what is buffered is hidden from select."""
    line = b""
    while not line.endswith(b"\n") and select.select([said], [], [], PATIENCE)[0]:
        octet = os.read(said.fileno(), 1)
        if not octet:
            break
        line += octet
    return line.decode()


def _end(server: subprocess.Popen[bytes]) -> None:
    try:
        server.wait(timeout=5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
