"""`smtp-harness load` as tests run it: to its end, or as a child that somebody interferes with."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from harness.load_results import Follower, LoadResult, read

ROOT = Path(__file__).parent.parent.parent


def short(*more: str, users: int = 3, duration: str = "1500ms") -> str:
    """A profile that takes a moment; `more` are lines of it."""
    return "\n".join(["about: for tests", f"users: {users}", f"duration: {duration}", *more, ""])


def written(folder: Path, profile: str) -> Path:
    """The file of a profile."""
    path = folder / "short-profile.yaml"
    path.write_text(profile)
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A load run that is over."""

    status: int
    said: str
    path: Path

    @property
    def result(self) -> LoadResult:
        """What was measured."""
        return read(self.path)

    @property
    def troubles(self) -> set[tuple[str, str]]:
        """What went wrong: stages and kinds."""
        return {(trouble.stage, trouble.what) for trouble in self.result.troubles}


class Load:
    """A load run under way; on a terminal it shows progress."""

    def __init__(self, folder: Path, *words: object, on_terminal: bool = False) -> None:
        self.path = folder / "result.json"
        self._follower = Follower(self.path)
        self._shown = ""
        self._terminal, theirs = pty.openpty() if on_terminal else (-1, subprocess.PIPE)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.cli", "load", *map(str, words), "--json", self.path],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
        )
        if on_terminal:
            os.close(theirs)

    def wait_until(self, is_so: Callable[[LoadResult], bool]) -> None:
        """Until the file says so."""
        while not ((known := self._follower.look()) and is_so(known)):
            assert self._process.poll() is None, self._process.communicate()
            time.sleep(0.02)  # it is another process: there is nothing to wait for but its file

    def wait_until_shown(self, words: str) -> None:
        """Until the terminal shows them."""
        while words not in self._shown:
            ready, _, _ = select.select([self._terminal], [], [], 30)
            assert ready, f"a terminal shows {words!r}: {self._shown!r}"
            self._shown += os.read(self._terminal, 10_000).decode()

    def go_on(self, seconds: float) -> None:
        """For so long, in which it must not end."""
        with pytest.raises(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def workers(self) -> list[psutil.Process]:
        """The processes below Locust's master, in the order of their begin."""
        return sorted(self.locust().children(), key=psutil.Process.create_time)

    def locust(self) -> psutil.Process:
        """Locust: a generator, or the master of several."""
        (process,) = (one for one in self._children() if "locust" in one.cmdline())
        return process

    def server(self) -> psutil.Process:
        """Our own server, where no target was named."""
        (process,) = (one for one in self._children() if "reference_server" in one.cmdline())
        return process

    def _children(self) -> list[psutil.Process]:
        return psutil.Process(self._process.pid).children()

    def send(self, number: int) -> None:
        """A signal, as from a person at a terminal."""
        self._process.send_signal(number)

    def die(self) -> None:
        """Who watches the generator is killed."""
        self._process.kill()

    def end(self) -> Loaded:
        """It is over by itself."""
        out, err = self._process.communicate(timeout=60)
        said = f"{out}{err or self._shown}{self._rest()}"
        return Loaded(status=self._process.returncode, said=said, path=self.path)

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            below = psutil.Process(self._process.pid).children(recursive=True)
            for process in (*below, self._process):
                process.kill()
        self._process.communicate()
        if self._terminal >= 0:
            os.close(self._terminal)

    def _rest(self) -> str:
        """What the terminal showed since somebody looked."""
        if self._terminal < 0:
            return ""
        try:
            return os.read(self._terminal, 100_000).decode()
        except OSError:  # Linux: its other end is closed, and nothing was said
            return ""


def work(*words: object) -> subprocess.CompletedProcess[str]:
    """A worker, until its master says that it is over."""
    command = [sys.executable, "-m", "harness.cli", "load", *map(str, words), "--worker"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


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
