"""A bench: one target on which single cases are played, one after the other.

It serves the pytest plugin, where someone else decides which case comes when.  Several processes
may work at one target side by side; those of them whose message holds no token take the one new
message of a mailbox for their own, so they keep the others away from it meanwhile.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio

from harness.cli.embedded import embedded
from harness.cli.sinks import with_sinks
from harness.results import Level, Outcome
from harness.runner.plan import make_plan
from harness.runner.run import run_suites
from harness.runner.settings import Settings
from harness.runner.stage import Stage
from harness.target import Target, read_target
from harness.transcripts.model import Case, Suite


@contextlib.contextmanager
def open_bench(target: str | None, level: str) -> Iterator[Bench]:
    """A bench for the target that is named, or for our own server as long as the context lasts."""
    settings = Settings(seed=secrets.randbelow(2**32), level=Level(level))
    if target is not None:
        with with_sinks(read_target(target)) as theirs:
            yield Bench(Stage(theirs, settings))
        return
    with embedded() as ours:
        yield Bench(Stage(ours, settings))


@dataclass(frozen=True, slots=True)
class Bench:
    """A target and what is known about it so far."""

    stage: Stage

    @property
    def level(self) -> Level:
        """From which grade on an unmet case fails."""
        return self.stage.settings.level

    def play(self, case: Case) -> Outcome:
        """Play and judge one case; raises KeyboardInterrupt if somebody interrupted it."""
        suite = Suite(id=case.suite, title=case.suite, cases=(case,), path=case.at.path)
        plan = make_plan([suite], self.stage.target, self.stage.settings)
        play = partial(run_suites, plan, self.stage.settings, stage=self.stage)
        with _beside_others(self.stage.target, alone=not case.holds_token):
            result = trio.run(play)
        if result.interrupted:
            raise KeyboardInterrupt
        return result.outcomes[0]


@contextlib.contextmanager
def _beside_others(target: Target, *, alone: bool) -> Iterator[None]:
    """Hold a lock on the target that cases of other processes share, unless one is alone."""
    name = hashlib.sha256(str(target).encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"smtp-harness-{os.getuid()}-{name}.lock"
    # Everybody may write there: what we open must be no link to a file of somebody's.
    with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
