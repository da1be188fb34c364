"""`load --conformance-under-load`: suites run before a load and again and again during it.

Each round is a `smtp-harness run` in a process of its own, like anybody's.  Between two rounds
there is a pause half as long as the round was, at least: who measures must not be the load.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from harness.cli.children import environment
from harness.cli.choosing import WITHIN, choose
from harness.documents import DocumentError
from harness.errors import HarnessError, UsageError
from harness.load_results import LoadResult, UnderLoad
from harness.load_results.breaking import Round, find_breaks
from harness.results import RunResult, Verdict, from_json
from harness.target import Target
from harness.transcripts.model import Case, Suite

# Quick, and nothing that a server has to defend itself against.
SAMPLE: Final = (
    "rfc5321/3.3",
    "rfc5321/4.1.1.1",
    "rfc5321/4.1.1.2",
    "rfc5321/4.1.1.3",
    "rfc5321/4.1.4",
    "rfc5321/4.2",
    "rfc5321/4.3.2",
    "rfc2920",
)
_OPTION: Final = "--conformance-under-load"
_JOBS: Final = 4  # cases side by side
_LEAST_PAUSE: Final = 1.0  # seconds between two rounds
_LOOK: Final = 0.05  # seconds between looks whether a round is over
_PATIENCE: Final = 10.0  # seconds for a round that is told to end
# Mail that is read back lies among the load's in the same mailboxes; slow cases outlast the load.
_LEFT_OUT: Final = frozenset({"delivery", "slow", "big-message"})


@contextlib.contextmanager
def under_load(target: Target, selection: Sequence[str] = ()) -> Iterator[Sampler]:
    """Suites that were run once, and are run again and again until the context ends.

    `selection` names them as `-s` does; an empty one stands for our own sample.  Raises UsageError
    where nothing of them is met before the load, for then nothing can break.
    """
    wanted = tuple(filter(None, selection)) or SAMPLE
    cases = [case for suite in _chosen(wanted) for case in suite.cases if is_fit(case)]
    if not cases:
        raise UsageError(
            f"{_OPTION} {' '.join(wanted)}: every case there is slow, or reads mail back, which "
            "lies among the load's"
        )
    with tempfile.TemporaryDirectory(prefix="smtp-harness-under-load-") as folder:
        sampler = Sampler(command_of(target, cases, Path(folder)), Path(folder))
        sampler.begin()
        try:
            yield sampler
        finally:
            sampler.end()


def _chosen(wanted: Sequence[str]) -> list[Suite]:
    try:
        return choose(wanted)
    except DocumentError:
        raise
    except UsageError as error:
        # The word behind this option is a suite: who means the target says it before.
        is_target = any(":" in word or word.endswith(".yaml") for word in wanted)
        hint = "; TARGET stands before this option" if is_target else ""
        raise UsageError(f"{_OPTION}: {error}{hint}") from None


def is_fit(case: Case) -> bool:
    """Whether a case can be played while a load goes on."""
    return _LEFT_OUT.isdisjoint(case.needs)


class Sampler:
    """Plays the sample in a thread of its own; `result` says what broke."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._before: RunResult | None = None
        self._rounds: list[tuple[float, RunResult]] = []  # each with the time of its end
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._go_round, name="suites under load")

    def begin(self) -> None:
        """Run the sample once without a load, and go on with it."""
        before = self._play()
        if before is None:
            raise HarnessError(f"the suites could not be run before the load: {self._said()}")
        if not before.tally[Verdict.MET]:
            raise UsageError(f"{_OPTION}: no case is met before the load, so none can break")
        self._before = before
        click.echo(f"{before.tally[Verdict.MET]} cases are met before the load", err=True)
        self._thread.start()

    def end(self) -> None:
        """Stop; what the last round has found so far counts."""
        self._enough.set()
        if self._thread.is_alive():
            self._thread.join()

    def result(self, load: LoadResult) -> UnderLoad:
        """What broke, at what second of this load and at what rate."""
        self.end()
        assert self._before is not None, "it has begun"
        zero = datetime.fromisoformat(load.started).timestamp()
        rounds = [
            Round(begin=end - zero - found.seconds, seconds=found.seconds, outcomes=found.outcomes)
            for end, found in self._rounds
        ]
        return find_breaks(self._before.outcomes, rounds, load)

    def _go_round(self) -> None:
        while not self._enough.is_set():
            begun = time.monotonic()
            found = self._play()
            if found is not None:
                self._rounds.append((time.time(), found))
            self._enough.wait(max(_LEAST_PAUSE, (time.monotonic() - begun) / 2))

    def _play(self) -> RunResult | None:
        """The sample played once, or as far as it came; None if nothing was written."""
        file = self._folder / "round.json"
        file.unlink(missing_ok=True)
        with (self._folder / "log").open("wb") as log, self._child(file, log.fileno()) as child:
            while child.poll() is None and not self._enough.wait(_LOOK):
                pass
        try:
            return from_json(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, UsageError):
            return None

    @contextlib.contextmanager
    def _child(self, file: Path, log: int) -> Iterator[subprocess.Popen[bytes]]:
        with subprocess.Popen(
            [*self._command, "--json", str(file)],
            # What --last-failed knows of the target is not ours to change.
            env={**environment(), "XDG_CACHE_HOME": str(self._folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the load, which ends us in turn
        ) as child:
            try:
                yield child
            finally:
                _end(child)

    def _said(self) -> str:
        text = (self._folder / "log").read_text(encoding="utf-8", errors="replace").strip()
        return text.rpartition("\n")[2] or "it said nothing"


def _end(child: subprocess.Popen[bytes]) -> None:
    """It writes what it has found so far, unless that takes too long."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)


def command_of(target: Target, cases: Sequence[Case], folder: Path) -> list[str]:
    """The command that plays these cases on the target, but for where it writes."""
    # A sink of the target's is the load's business; nothing that it takes is read here.
    has_sink = any(url.startswith("sink:") for url in target.delivery.values())
    return [
        *(sys.executable, "-P", "-m", "harness.cli", "run", *words_of(target)),
        *(("--delivery", f"dir:{folder}") if has_sink else ()),
        *(word for case in cases for word in ("-s", _selector(case))),
        *("-j", str(_JOBS), "--color", "never"),
    ]


def _selector(case: Case) -> str:
    """The case in its file: what else we ship need not be read for it."""
    return f"{case.at.path}{WITHIN}{case.address.removeprefix(f'{case.suite}/')}"


def words_of(target: Target) -> Sequence[str]:
    """The words that name the target; our own server, which no word names, by its address."""
    words = target.arguments
    if words and not words[0].startswith("-"):
        return words
    options = {
        "--unknown": target.unknown_recipient,
        "--foreign": target.foreign_recipient,
        "--from": target.sender,
    }
    recipients = () if "--to" in words else target.recipients
    return [
        *(str(target.address), *words, "--insecure"),
        *(word for mailbox in recipients for word in ("--to", mailbox)),
        *(word for name, value in options.items() if value and name not in words
          for word in (name, value)),
    ]  # fmt: skip
