"""Starting a target by the command in its file, and stopping it again.

`start:` may end when the target is ready, as scripts do that leave a server behind, or be the
server itself: then it is ready when somebody listens at the address.  `stop:` ends what was
started; without it the process group of `start:` is told to (SIGTERM, then SIGKILL).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from typing import IO

from harness.errors import TargetUnreachable, UsageError
from harness.target import Target
from harness.target.address import Address
from harness.visible import harmless

PATIENCE = 300.0  # seconds: a script may download a server before it starts one
STOPPING = 60.0
TERMINATING = 10.0
_PAUSE = 0.1  # between two looks
_TOLD = 20  # lines of what a command said that failed


@contextlib.contextmanager
def started(target: Target, patience: float = PATIENCE) -> Iterator[None]:
    """The target runs as long as the context lasts.

    Raises UsageError if its file has no `start:`, TargetUnreachable if it does not start.
    """
    if not target.start:
        raise UsageError(f"{target} has no `start:` in its file, so it cannot be started")
    with tempfile.TemporaryFile() as said:
        process = _begin(target, target.start, said)
        try:
            _await_ready(target, process, said, patience)
            yield
        finally:
            try:
                _stop(target, said)
            finally:
                _end(process)


def _begin(target: Target, command: str, said: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        shell=True,
        cwd=target.directory,
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _await_ready(
    target: Target, process: subprocess.Popen[bytes], said: IO[bytes], patience: float
) -> None:
    end = time.monotonic() + patience
    while (status := process.poll()) is None:
        if _listens(target.address):
            return
        if time.monotonic() > end:
            raise TargetUnreachable(
                f"{_command(target.start)} was not ready after {patience:.0f} s"
            )
        time.sleep(_PAUSE)
    if status:
        raise TargetUnreachable(f"{_command(target.start)} ended with status {status}{_tail(said)}")


def _listens(address: Address) -> bool:
    try:
        socket.create_connection((address.host, address.port), timeout=1).close()
    except OSError:
        return False
    return True


def _stop(target: Target, said: IO[bytes]) -> None:
    if target.stop:
        said.seek(0)  # who writes behind what is gone leaves NULs in its place
        said.truncate()
        stopping = _begin(target, target.stop, said)
        try:
            status = stopping.wait(STOPPING)
        except subprocess.TimeoutExpired:
            status = None
            _end(stopping)
        if status != 0:
            what = "did not end" if status is None else f"ended with status {status}"
            raise TargetUnreachable(f"{_command(target.stop)} {what}{_tail(said)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of the command's process group is left, but what made itself a session of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(TERMINATING)


def _command(words: str | None) -> str:
    return shlex.quote(words or "") if " " in (words or "") else f"{words}"


def _tail(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").splitlines()[-_TOLD:]
    return "".join(f"\n  {harmless(line)}" for line in lines)
