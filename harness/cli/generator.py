"""Locust as a child process, which leaves a result file.

Importing Locust changes its whole process, so it gets one of its own.  That has a session of its
own, too: Ctrl-C reaches us alone, and we ask it to end its transactions first.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import IO

from harness.cli.children import environment, fate
from harness.errors import HarnessError

EVERY = 1.0  # seconds between two looks at the result
_LOG_LINES = 15  # of what the child said last, for the person who must find out why it broke
INTERRUPTED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
HEADLESS = ("--headless", "--only-summary", "--loglevel", "WARNING")

Look = Callable[[], None]


def generate(
    options: Sequence[str],
    folder: Path,
    *,
    patience: float | None,
    look: Look,
    how: Sequence[str] = HEADLESS,
    lifelines: Sequence[int] = (),
) -> int:
    """Run Locust to its end and give back its status; `look` is called now and then meanwhile.

    After a signal for us the status is a shell's for it, 130 or 143; after one for Locust it is
    less than zero.

    After `patience` seconds it is killed: it should have stopped by itself long before.  It holds
    the `lifelines`: if we are killed, what hangs on them must not end before it does, or it would
    count that as failures of the server.
    """
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [*_locust(), *how, *options],
            cwd=folder,  # Locust would import what lies about where we are
            env=environment(without="LOCUST_"),  # nothing there may change the run
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
            pass_fds=lifelines,
        )
        try:
            with _passing_signals_to(child) as passed:
                status = _wait(child, patience, look, log)
            return 128 + passed[0] if passed else status
        finally:  # it has a session of its own, and maybe children: nobody else would end them
            _kill_all(child)
            child.wait()


def last_words(folder: Path) -> str:
    """What Locust said last on stderr."""
    log = folder / "log"
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join(text.strip().splitlines()[-_LOG_LINES:]) or "it said nothing"


def broken(who: str, status: int, folder: Path) -> HarnessError:
    """What there is to say of a generator that did not come to its end: was it killed?"""
    how = fate(status) if status < 0 else f"broke off (status {status})"
    return HarnessError(f"{who} {how}: {last_words(folder)}")


def _locust() -> list[str]:
    locustfile = resources.files("loadtests") / "locustfile.py"
    return [sys.executable, "-P", "-m", "locust", "-f", str(locustfile)]


def _wait(
    child: subprocess.Popen[bytes], patience: float | None, look: Look, log: IO[bytes]
) -> int:
    begun = time.monotonic()
    while True:
        try:
            return child.wait(timeout=EVERY)
        except subprocess.TimeoutExpired:
            look()
            if patience is not None and time.monotonic() - begun > patience:
                _kill_all(child)
                log.write(f"it had not ended after {patience:.0f} s, so we killed it\n".encode())
                log.flush()


def _kill_all(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


@contextlib.contextmanager
def _passing_signals_to(child: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Ctrl-C or SIGTERM stops the child, which keeps what it measured; the second one kills it."""
    passed: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        if passed:
            _kill_all(child)
        else:
            child.terminate()
        passed.append(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield passed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
