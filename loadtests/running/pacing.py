"""Who keeps to the plan: as many users as there should be now, and an end when it is time.

Locust has shapes for this.  But while one goes on, a headless Locust has not yet said what SIGTERM
shall do, and after its last tick there is half a second for workers to tell what they counted.
"""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Final

import gevent
from locust.env import Environment

from harness.load_results import End, Judged
from loadtests.running.keeper import EVERY, Keeper
from loadtests.running.window import SECONDS
from loadtests.timing.plan import Plan

_TOO_MUCH: Final = (">", ">=")
FASTEST: Final = 1_000  # users a second that are begun
_GLANCE: Final = 0.05  # seconds between two looks at whether all is done


class Pacer:
    """Follows the plan until it ends, its messages are spent, or `stop_when` is met."""

    def __init__(self, environment: Environment, keeper: Keeper, plan: Plan) -> None:
        self.end = End.INTERRUPTED  # until it has come to an end of its own
        self.stopped: tuple[Judged, ...] = ()
        self._environment = environment
        self._keeper = keeper
        self._plan = plan
        self._begun = perf_counter()
        self._users = plan.users_at(0.0)  # Locust has begun these itself

    def follow(self) -> None:
        """From the first user to the last; then Locust may quit."""
        try:
            self._keep_to_the_plan()
            if self._keeper.is_stopping:
                return  # a signal has come: who heard it ends the run
            self._keeper.stop()
            if self._keeper.is_deserted:
                sys.stderr.write("no worker is left\n")
                self.end = End.RUNNING  # as a generator alone that died
        except BaseException:
            self.break_off()  # nobody else would end the run
            raise
        self._quit()

    def break_off(self) -> None:
        """It cannot be led to its end."""
        self.end = End.RUNNING  # as a generator that died leaves it
        self._quit()

    def _keep_to_the_plan(self) -> None:
        self._begun = looked = perf_counter()
        while not self._is_over():
            gevent.sleep(_GLANCE)
            if perf_counter() - looked >= EVERY and not self._keeper.is_stopping:
                looked = perf_counter()
                self._adjust()
                self._keeper.look()
                self._look_for_the_end()

    def _quit(self) -> None:
        runner = self._environment.runner
        assert runner is not None, "a run has a runner"
        runner.quit()
        if self._environment.web_ui:
            self._environment.web_ui.stop()  # type: ignore[no-untyped-call]

    def _adjust(self) -> None:
        wanted = self._plan.users_at(perf_counter() - self._begun)
        if wanted != self._users:
            self._users = wanted
            runner = self._environment.runner
            assert runner is not None, "a run has a runner"
            runner.start(wanted, spawn_rate=min(FASTEST, max(wanted, 1)))

    def _is_over(self) -> bool:
        if self._keeper.is_stopping or self._keeper.is_deserted:
            return True
        if perf_counter() - self._begun >= self._plan.duration or self._keeper.is_spent:
            self.end = End.COMPLETE
        return self.end is not End.INTERRUPTED

    def _look_for_the_end(self) -> None:
        recent = self._keeper.recent
        if recent is None:
            return
        is_whole = recent.seconds >= SECONDS
        promises = self._keeper.run.profile.stop_when
        # What is too little may only have begun; what is too much already is.
        judged = (one.judge(recent) for one in promises if is_whole or one.compare in _TOO_MUCH)
        self.stopped = tuple(one for one in judged if one.met)
        if self.stopped:
            self.end = End.ABORTED
