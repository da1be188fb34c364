"""A run and its processes: who counts, who adds up, who ends it; tied to Locust's events.

In a process alone everything is here.  With workers the master sends no mail: it follows the plan
and keeps the books, and each worker counts.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import gevent
from locust.env import Environment
from locust.runners import STATE_RUNNING, STATE_SPAWNING, MasterRunner, WorkerRunner

from harness.accounting import Receipts
from harness.load_results import End
from loadtests.running.keeper import END, EVERY, MORE, Keeper, worker_name
from loadtests.running.load_run import LoadRun
from loadtests.running.pacing import Pacer
from loadtests.running.tallying import tally

WRONG_USE: Final = 2
BROKE: Final = 3  # the status of a run that nobody led to its end
GRACE: Final = 5.0  # seconds a user has to end its transaction, besides waiting for one reply
_ELAPSED: Final = "smtp_elapsed"  # what a worker is told that comes in the middle of a run


def share(environment: Environment, run: LoadRun) -> None:
    """Make the run known to all users, and give them the time to end their transactions."""
    environment.smtp_load = run  # type: ignore[attr-defined]  # as Locust's documentation does
    tally(environment, run.recorder)
    if not environment.stop_timeout:
        environment.stop_timeout = run.target.timeouts.reply + GRACE


def share_alone(environment: Environment, run: LoadRun) -> None:
    """Make a run known and begin it that Locust alone keeps the books of: ours are let go of."""
    share(environment, run)
    if isinstance(environment.runner, WorkerRunner):
        run.place = max(0, environment.runner.worker_index)
    run.start(perf_counter())
    timer: Any = gevent.get_hub().loop.timer(EVERY, repeat=EVERY, ref=False)
    timer.start(lambda: run.recorder.take(perf_counter()))


def conduct(
    environment: Environment,
    run: LoadRun,
    result: Path | None = None,
    receipts: Path | None = None,
) -> None:
    """Make the run known to all users of this process, and see it through."""
    share(environment, run)
    if isinstance(environment.runner, WorkerRunner):
        _Worker(environment, run)
    else:
        _Head(environment, run, Keeper(run, environment, result, receipts))


class _Worker:
    """A process that counts for another one."""

    def __init__(self, environment: Environment, run: LoadRun) -> None:
        assert isinstance(environment.runner, WorkerRunner), "it is a worker's"
        self._runner = environment.runner
        self._environment = environment
        self._run = run
        self._keeper = Keeper(run, environment)
        self._zero = 0.0  # when the run began, if it began without us
        environment.process_exit_code = 0  # who judges is the master
        run.obey()
        self._runner.register_message(MORE, self._hear_more)
        self._runner.register_message(_ELAPSED, self._hear_elapsed)
        self._runner.register_message(END, self._end, concurrent=True)
        environment.events.test_start.add_listener(self._start)  # type: ignore[no-untyped-call]
        environment.events.report_to_master.add_listener(self._keeper.report)  # type: ignore[no-untyped-call]
        if self._runner.worker_state in (STATE_SPAWNING, STATE_RUNNING):
            self._start()  # the master went ahead while we prepared ourselves

    def _hear_elapsed(self, environment: Environment, msg: Any, **_: Any) -> None:
        self._zero = perf_counter() - msg.data["seconds"]

    def _hear_more(self, environment: Environment, msg: Any, **_: Any) -> None:
        self._run.grant(msg.data["messages"])

    def _end(self, **_: Any) -> None:
        self._keeper.close()
        self._runner.stop()
        self._runner._send_stats()

    def _start(self, **_: Any) -> None:
        run, runner = self._run, self._runner
        told: Any = self._environment.parsed_options  # the master's, but for Locust's own
        if told.smtp_asked != run.asked:
            self._leave()
            return
        if told.smtp_receipts:
            run.receipts = Receipts()
        run.place = max(0, runner.worker_index)
        run.recorder.name = worker_name(run.place)
        run.share = self._share
        self._keeper.start(elapsed=perf_counter() - self._zero if self._zero else 0.0)
        runner._send_stats()  # the master waits for it before it hands messages out

    def _leave(self) -> None:
        """Send nothing: two targets or profiles in one run would be no answer to either."""
        sys.stderr.write(
            "the master was told another target or profile, or other options than we\n"
        )
        self._environment.process_exit_code = WRONG_USE
        self._run.stop(perf_counter())
        gevent.spawn(self._runner.quit)

    def _share(self) -> float:
        """The part of all users that are ours, now."""
        users = self._run.plan.users_at(perf_counter() - self._run.recorder.zero)
        return min(1.0, self._runner.target_user_count / max(1, users))


class _Head:
    """The process that ends the run and writes its result."""

    def __init__(self, environment: Environment, run: LoadRun, keeper: Keeper) -> None:
        self._environment = environment
        self._keeper = keeper
        self._pacer = Pacer(environment, self._keeper, run.plan)
        self._begun = 0.0
        events = environment.events
        events.test_start.add_listener(self._start)  # type: ignore[no-untyped-call]
        events.worker_connect.add_listener(self._greet)  # type: ignore[no-untyped-call]
        events.worker_report.add_listener(self._keeper.hear)  # type: ignore[no-untyped-call]
        events.quitting.add_listener(self._finish)  # type: ignore[no-untyped-call]

    def _start(self, **_: Any) -> None:
        if self._begun:
            return  # somebody pressed the button again: a result is of one run
        self._begun = perf_counter()
        try:
            # Not when Locust did: a master has waited for its workers since.
            self._keeper.begin(datetime.now(UTC).isoformat(timespec="milliseconds"))
            if not isinstance(self._environment.runner, MasterRunner):
                self._keeper.start()
        except BaseException:
            gevent.spawn(self._pacer.break_off)  # Locust would go on
            raise
        gevent.spawn(self._pacer.follow)

    def _greet(self, client_id: str, **_: Any) -> None:
        runner = self._environment.runner
        if self._begun and isinstance(runner, MasterRunner):
            seconds = perf_counter() - self._begun
            runner.send_message(_ELAPSED, {"seconds": seconds}, client_id)

    def _finish(self, **_: Any) -> None:
        """Stop the users, write the last word, decide the exit status.

        Locust calls this before it stops its users when a signal ended the run, and twice where
        the first call lets its main greenlet run.
        """
        runner = self._environment.runner
        assert runner is not None, "a run has a runner"
        if runner.user_count:
            self._keeper.stop()
        result = self._keeper.finish(self._pacer.end, stopped=self._pacer.stopped)
        broke = result.end is End.RUNNING
        self._environment.process_exit_code = BROKE if broke else result.exit_status
