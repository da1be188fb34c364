"""Commands in process groups of their own, each of which can be ended whole.

A group keeps its number as long as anybody is in it, even a process that has ended and whose
parent has not asked how.  So we look at the one that we began without asking that, until its group
is ended: by then the number cannot be anybody else's.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import psutil  # type: ignore[import-untyped]

_PAUSE: Final = 0.05  # between two looks


class ProcessGroup:
    """A command of a shell with all that it begins, but for what makes itself another group."""

    def __init__(self, command: str, directory: Path, said: IO[bytes]) -> None:
        self._first = subprocess.Popen(
            command,
            shell=True,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def status(self) -> int | None:
        """The exit status of the command, less than zero for a signal; None while it runs."""
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        found = os.waitid(os.P_PID, self._first.pid, how)
        if found is None:
            return None
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status

    def wait(self, patience: float) -> int | None:
        """The exit status as soon as there is one; None if there is none in time."""
        end = time.monotonic() + patience
        while (status := self.status()) is None and time.monotonic() < end:
            time.sleep(_PAUSE)
        return status

    def end(self, patience: float) -> None:
        """Nobody who may be sent a signal by us is left in it, when it was asked or was killed."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not any(self._members()):
                break
            with contextlib.suppress(ProcessLookupError, PermissionError):  # another user's
                os.killpg(self._first.pid, number)
            self._await_end(patience)
        self.let_go(patience)

    def let_go(self, patience: float = 0.0) -> None:
        """Never look at it again: once the command has ended its number may be anybody's."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._first.wait(patience)  # the last of its threads may still be ending

    def _await_end(self, patience: float) -> None:
        end = time.monotonic() + patience
        while any(self._members()) and time.monotonic() < end:
            time.sleep(_PAUSE)

    def _members(self) -> Iterator[int]:
        """Those in it that have not ended."""
        for number in psutil.pids():
            with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
                if os.getpgid(number) == self._first.pid and _lives(number):
                    yield number


def _lives(number: int) -> bool:
    return psutil.Process(number).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
