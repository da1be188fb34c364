"""A run: many cases side by side, outcomes in the suite's order whatever ends first.

A target that says 421 because of too many connections is met again later, with half as many at a
time.  One that is gone ends the run: what was judged so far stands.
"""

from __future__ import annotations

import datetime
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable

import trio

from harness import __version__
from harness.errors import TargetUnreachable
from harness.results import Outcome, RunResult
from harness.runner.discretion import Discretion
from harness.runner.endings import Played
from harness.runner.judge import judge, skipped
from harness.runner.needs import not_offered
from harness.runner.plan import Plan, Planned
from harness.runner.play import play
from harness.runner.probe import probe
from harness.runner.settings import Settings
from harness.runner.stage import Stage
from harness.runner.telling import Teller
from harness.wire import Log

TRIES = 5  # of a case that meets a busy target
_PAUSE = 0.25  # seconds before the second try, doubled each time
_PATIENCE_WITH_THE_LOST = 2.0  # seconds in which a target that is gone may come back

Tell = Callable[[Outcome], None]


async def run_suites(
    plan: Plan,
    settings: Settings,
    on_outcome: Tell = lambda outcome: None,
    *,
    hears_signals: bool = True,
    stage: Stage | None = None,
) -> RunResult:
    """Play the plan; raises TargetUnreachable if nobody is there to begin with.

    `on_outcome` is told each outcome, in the plan's order, as soon as that allows.  SIGINT and
    SIGTERM end the run, and what was judged stands; one run at a time may hear them.
    """
    stage = stage or Stage(plan.target, settings)
    if any(not planned.skip for planned in plan.cases):
        await probe(stage)
    run = _Run(plan, stage, on_outcome)
    began, started = trio.current_time(), datetime.datetime.now(datetime.UTC)
    await run.play_all(hears_signals=hears_signals)
    return RunResult(
        target=str(plan.target),
        name=plan.target.name,
        started=started.isoformat(timespec="seconds"),
        seconds=trio.current_time() - began,
        seed=settings.seed,
        segment=settings.segment,
        level=settings.level,
        interrupted=bool(run.signal),
        signal=run.signal,
        greeting=stage.greeting,
        selected=len(plan.cases),
        outcomes=tuple(run.teller.told),
        harness=__version__,
    )


async def perform(planned: Planned, stage: Stage, attempt: int = 0) -> Outcome | Played:
    """Play one case of a plan: its outcome, or what was played if the target was busy."""
    case, charge = planned.case, planned.charge
    if planned.skip:
        return skipped(case, planned.skip, charge)
    try:
        offer = await probe(stage, case.over)
        reason = not_offered(case, offer, always_tls="tls" in stage.target.always)
        if reason:
            return skipped(case, reason, charge)
        played = await play(case, stage, attempt)
    except TargetUnreachable as error:
        if stage.listener(case.over) == stage.target.address:
            raise
        return judge(case, Played(trouble=str(error)), charge)  # of one listener of several
    if played.busy and attempt + 1 < TRIES:
        return played
    return judge(case, played, charge)


class _Run:
    """One run under way."""

    def __init__(self, plan: Plan, stage: Stage, on_outcome: Tell) -> None:
        self.signal = ""  # that interrupted us
        self.teller = Teller(on_outcome)
        self._plan = plan
        self._stage = stage
        self._settings = stage.settings
        self._discretion = Discretion(plan.target)
        self._side_by_side = stage.settings.jobs
        self._queue = deque((place, planned, 0) for place, planned in enumerate(plan.cases))
        self._scope = trio.CancelScope()
        self._last_played = ""

    async def play_all(self, *, hears_signals: bool) -> None:
        """All cases, until they are done, somebody interrupts, or there is no use in going on."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                if hears_signals and threading.current_thread() is threading.main_thread():
                    nursery.start_soon(self._stop_on_signal)
                while self._queue:
                    async with trio.open_nursery() as workers:
                        for number in range(self._side_by_side):
                            workers.start_soon(self._work, number)
                nursery.cancel_scope.cancel()
        self.teller.tell_rest()

    async def _stop_on_signal(self) -> None:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for number in signals:
                self.signal = signal.Signals(number).name
                self._scope.cancel()

    async def _work(self, number: int) -> None:
        """Play one case after the other, unless we have become too many."""
        while self._queue and number < self._side_by_side:
            side_by_side = self._side_by_side
            place, planned, attempt = self._queue.popleft()
            outcome = await self._perform(planned, attempt)
            if isinstance(outcome, Outcome):
                self._finish(place, outcome)
                continue
            # All that ran beside it may have met the same: together they halve the number once.
            self._side_by_side = min(self._side_by_side, max(1, side_by_side // 2))
            self._queue.append((place, planned, attempt + 1))
            await trio.sleep(_PAUSE * 2**attempt)

    async def _perform(self, planned: Planned, attempt: int) -> Outcome | Played:
        try:
            return await perform(planned, self._stage, attempt)
        except TargetUnreachable as error:
            problem = error
        except Exception as bug:  # it must not cost the verdicts on all other cases
            return judge(planned.case, Played(trouble=_told(bug)), planned.charge)
        if await self._comes_back():
            try:
                return await perform(planned, self._stage, attempt)
            except TargetUnreachable as error:
                problem = error
        after = f"; the last case before that was {self._last_played}" if self._last_played else ""
        trouble = Played(trouble=f"the target is gone: {problem}{after}")
        self._scope.cancel()
        return judge(planned.case, trouble, planned.charge)

    async def _comes_back(self) -> bool:
        """Whether the target is there again within a moment: it may have been restarted."""
        patience = max(_PATIENCE_WITH_THE_LOST, self._settings.wait_for_target)
        with trio.move_on_after(patience):
            while True:
                try:
                    connection = await self._stage.connect(Log(), self._plan.target.address)
                except TargetUnreachable:
                    await trio.sleep(_PAUSE)
                else:
                    await connection.wire.aclose()
                    return True
        return False

    def _finish(self, place: int, outcome: Outcome) -> None:
        self._last_played = outcome.address
        self.teller.finish(place, self._discretion.hush(outcome))
        if self._settings.fail_fast and self._settings.level.is_failed_by(outcome.verdict):
            self._scope.cancel()


def _told(bug: Exception) -> str:
    place = traceback.extract_tb(bug.__traceback__)[-1]
    where = f"{place.name}, line {place.lineno}"
    return f"a bug in smtp-harness: {type(bug).__name__}: {bug} (in {where}); please report it"
