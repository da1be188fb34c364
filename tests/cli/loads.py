"""`smtp-harness load` as a child process, and what its result file says meanwhile."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from harness.load_results import Follower, LoadResult, read

ROOT = Path(__file__).parent.parent.parent


class Load:
    """A load run under way."""

    def __init__(self, folder: Path, *words: object) -> None:
        self.path = folder / "result.json"
        self._follower = Follower(self.path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.cli", "load", *map(str, words), "--json", self.path],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until(self, is_so: Callable[[LoadResult], bool]) -> None:
        """Until the file says so."""
        while not ((known := self._follower.look()) and is_so(known)):
            assert self._process.poll() is None, self._process.communicate()
            time.sleep(0.02)  # it is another process: there is nothing to wait for but its file

    def workers(self) -> list[psutil.Process]:
        """The processes below Locust's master, in the order of their begin."""
        return sorted(self.locust().children(), key=psutil.Process.create_time)

    def locust(self) -> psutil.Process:
        """Locust: a generator, or the master of several."""
        (process,) = psutil.Process(self._process.pid).children()
        return process

    def send(self, number: int) -> None:
        """A signal, as from a person at a terminal."""
        self._process.send_signal(number)

    def end(self) -> tuple[int, str, LoadResult]:
        """The exit status, what was said, and what was measured."""
        out, err = self._process.communicate(timeout=60)
        return self._process.returncode, f"{out}{err}", read(self.path)

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            below = psutil.Process(self._process.pid).children(recursive=True)
            for process in (*below, self._process):
                process.kill()
        self._process.communicate()


@contextlib.contextmanager
def standing_still(process: psutil.Process) -> Iterator[None]:
    """The process does nothing, and its sockets stay open."""
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def is_in_second(number: int) -> Callable[[LoadResult], bool]:
    """Whether something was counted in this second of the run, or in a later one."""
    return lambda known: any(
        at >= number and interval.accepted for at, interval in known.series.intervals.items()
    )
