"""Starting a target by the command in its file, and stopping it again.

`start:` may end when the target is ready, as scripts do that leave a server behind, or be the
server itself: then it is ready when somebody listens at the address.  `stop:` ends what was
started; whatever is left of the process group of `start:` then, or without it, is told to
(SIGTERM, then SIGKILL).  The commands may hold passwords: of each, its program's name is told.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
import time
from collections.abc import Iterator
from typing import IO

from harness.cli.children import fate
from harness.cli.process_groups import ProcessGroup
from harness.errors import TargetUnreachable, UsageError
from harness.target import Script, Target
from harness.target.address import Address
from harness.visible import harmless

PATIENCE = 300.0  # seconds: a script may download a server before it starts one
STOPPING = 60.0
TERMINATING = 10.0
_PAUSE = 0.1  # between two looks
_TOLD = 20  # lines of what a command said that failed


@contextlib.contextmanager
def started(
    target: Target, patience: float = PATIENCE, terminating: float = TERMINATING
) -> Iterator[None]:
    """The target runs as long as the context lasts.

    Raises UsageError if its file has no `start:`, TargetUnreachable if it does not start.
    """
    if target.start is None:
        raise UsageError(f"{target} has no `start:` in its file, so it cannot be started")
    with tempfile.TemporaryFile() as said:
        group = ProcessGroup(target.start.text, target.directory, said)
        try:
            _await_ready(target.start, target.address, group, said, patience)
            yield
        finally:
            try:
                _stop(target, said)
            finally:
                group.end(terminating)


def _await_ready(
    script: Script, address: Address, group: ProcessGroup, said: IO[bytes], patience: float
) -> None:
    end = time.monotonic() + patience
    while (status := group.status()) is None:
        if _listens(address):
            return
        if time.monotonic() > end:
            raise TargetUnreachable(f"{script} was not ready after {patience:.0f} s")
        time.sleep(_PAUSE)
    if status:
        raise TargetUnreachable(f"{script} {fate(status)}{_tail(said)}")


def _listens(address: Address) -> bool:
    try:
        socket.create_connection((address.host, address.port), timeout=1).close()
    except OSError:
        return False
    return True


def _stop(target: Target, said: IO[bytes]) -> None:
    script = target.stop
    if script is None:
        return
    said.seek(0)  # who writes behind what is gone leaves NULs in its place
    said.truncate()
    stopping = ProcessGroup(script.text, target.directory, said)
    try:
        status = stopping.wait(STOPPING)
    finally:
        if stopping.status() is None:
            stopping.end(TERMINATING)
        stopping.let_go()
    if status != 0:
        what = "did not end" if status is None else fate(status)
        raise TargetUnreachable(f"{script} {what}{_tail(said)}")


def _tail(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").splitlines()[-_TOLD:]
    return "".join(f"\n  {harmless(line)}" for line in lines)
