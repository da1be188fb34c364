"""The keeper of a run's books: parts are added up, written as they come, and judged in the end.

There is one in each process.  A worker's hands its parts to the master's in Locust's own reports;
the master's, or that of a process alone, keeps the sum, and writes each part as a line of the
result file, so that whoever reads it meets all that was known a second ago.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter, time
from typing import Any, Final

import gevent
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner

from harness.errors import UsageError
from harness.load_results import (
    End,
    Generator,
    Judged,
    LoadResult,
    Messages,
    from_json,
    planned,
    to_json,
    together,
    write,
)
from loadtests.counting.recorder import Fared
from loadtests.counting.watch import Watch
from loadtests.running.granting import Grants
from loadtests.running.load_run import LoadRun
from loadtests.running.spare import Spare
from loadtests.running.window import Window
from loadtests.thresholds import judge_all

EVERY: Final = 1.0  # seconds between two parts
_GLANCE: Final = 0.01  # seconds between two looks at whether all is done
LAST_WORDS: Final = 5.0  # seconds that workers have to send their last part
_UNHEARD: Final = 3.0  # seconds that workers have to begin before others get their messages
END: Final = "smtp_end"  # what a worker is told: to stop its users, and to report
MORE: Final = "smtp_more"  # and how many messages more it may begin
_PART, _RECEIPTS, _OVER, _HELD = "smtp_part", "smtp_receipts", "smtp_over", "smtp_held"


class Keeper:
    """The books of one process, or of all."""

    def __init__(
        self,
        run: LoadRun,
        environment: Environment,
        path: Path | None = None,
        receipts: Path | None = None,
    ) -> None:
        self.run = run
        self._environment = environment
        self._path = path
        self._receipts = receipts  # where what was accepted is written, message by message
        self._watch: Watch | None = None
        self._total: LoadResult = run.recorder.blank
        self._window = Window() if run.profile.stop_when else None  # adding up is work
        self._over: set[str] = set()  # workers that said all they had to say
        self._lost: set[str] = set()
        self._spare = Spare()  # for both files
        self._finished = False
        self.is_stopping = False
        wanted = run.profile.messages
        self._grants = None if wanted is None else Grants(wanted)  # where there are workers
        self._heard: set[str] = set()  # workers that have begun
        self._has_granted = False
        self._grants_from = 0.0  # when it is not waited for the others any more
        self._users = 0  # that there were when the last orders were called
        for file, first in ((path, to_json(self._total)), (receipts, "")):
            if file:
                _begin_anew(file, first)

    def begin(self, started: str) -> None:
        """The first user is about to begin; `started` is the time, ISO 8601."""
        self.run.recorder.blank = replace(self.run.recorder.blank, started=started)
        self._total = replace(self._total, started=started)
        if self._path:
            write(self._total, self._path)
        self._grants_from = perf_counter() + _UNHEARD

    # --- in every process ------------------------------------------------------------------------

    def start(self, *, elapsed: float = 0.0) -> None:
        """The run begins, or began elsewhere so many seconds ago."""
        self.run.start(perf_counter(), elapsed=elapsed)
        self.run.own.watch(gevent.get_hub().loop)
        self._watch = Watch(self.run.own.take)

    def close(self) -> None:
        """No message begins from now on; until those under way have ended, or time is up."""
        runner = self._environment.runner
        self._users = runner.user_count if runner else 0
        self.run.stop(perf_counter())
        with gevent.Timeout(self._environment.stop_timeout or 0.0, False):
            while any(sender.is_talking for sender in self.run.senders):
                gevent.sleep(_GLANCE)
        if self._watch is not None:
            # How Locust stops its users takes a third of a second, and is nobody's latency.
            self._watch.stop()

    def take(self) -> LoadResult:
        """What this process counted since the last time."""
        recorder, agenda = self.run.recorder, self.run.agenda
        now = perf_counter()
        runner = self._environment.runner
        fared = Fared(
            users=max(self._users, runner.user_count if runner else 0),
            due=agenda.come_due(now, recorder.begun) if agenda else {},
            generator=self._watch.take() if self._watch else Generator(),
        )
        return recorder.take(now, fared)

    # --- in a worker -----------------------------------------------------------------------------

    def report(self, client_id: str, data: dict[str, Any]) -> None:
        """What Locust calls before it sends a report to the master."""
        runner = self._environment.runner
        if self._watch is None or runner is None:
            return
        data[_OVER] = not runner.user_count  # asked first: what follows is all there was
        data[_PART] = to_json(self.take())
        data[_RECEIPTS] = self._line()
        data[_HELD] = self.run.held

    # --- in the master, or in a process alone ----------------------------------------------------

    def hear(self, client_id: str, data: dict[str, Any]) -> None:
        """A worker's report has come."""
        if _PART in data:
            self._add(from_json(data[_PART]), data[_RECEIPTS])
            if self._grants is not None:
                self._heard.add(client_id)
                self._grants.hear(client_id, data[_HELD])
                if isinstance(self._environment.runner, MasterRunner):
                    self._grant(self._environment.runner)
        if data.get(_OVER):
            self._over.add(client_id)
        else:
            self._over.discard(client_id)

    def look(self) -> None:
        """Once a second: take what there is, and see who is still there."""
        runner = self._environment.runner
        if isinstance(runner, MasterRunner):
            self._miss(runner)
            self._grant(runner)
        elif self._watch is not None:
            self._add(self.take(), self._line())

    @property
    def recent(self) -> LoadResult | None:
        """The last few seconds of it, where `stop_when` looks at them; None if it is too early."""
        if self._window is None:
            return None
        unsent = self._total.messages.unsent
        return self._window.look(self.run.recorder.blank, perf_counter(), unsent=unsent)

    @property
    def is_deserted(self) -> bool:
        """Whether a master has lost its last worker."""
        runner = self._environment.runner
        if not self._lost or not isinstance(runner, MasterRunner):
            return False
        return not self._over and not self._present(runner)

    def stop(self) -> None:
        """Let all users end what they are at, here or in the workers, and hear what they did."""
        self.is_stopping = True
        runner = self._environment.runner
        assert runner is not None, "a run has a runner"
        if not isinstance(runner, MasterRunner):
            self.close()
            runner.stop()
            return
        # Locust's own "stop" forgets its workers at once, and what they say thereafter.
        runner.send_message(END)
        patience = (self._environment.stop_timeout or 0.0) + LAST_WORDS
        with gevent.Timeout(patience, False):
            while {client.id for client in self._present(runner)} - self._over:
                gevent.sleep(0.05)
        self._miss(runner)

    @property
    def is_spent(self) -> bool:
        """Whether all messages that were wanted have been sent, and answered."""
        if self._grants is None:
            return False
        runner = self._environment.runner
        if isinstance(runner, MasterRunner):
            return self._grants.is_spent(client.id for client in self._present(runner))
        recorder = self.run.recorder
        return self.run.is_spent and recorder.ended >= recorder.begun

    def finish(self, end: End, *, stopped: Sequence[Judged] = ()) -> LoadResult:
        """The last part, the verdicts, and the whole as one object in the file; once."""
        if not self._finished:
            self._finished = self.is_stopping = True
            if self._watch is not None and not isinstance(self._environment.runner, MasterRunner):
                self._add(self.take(), self._line())
            self._total = replace(self._total, end=end)
            if self._lost:
                self._count_what_was_due_to_the_lost()
            verdicts = judge_all(self.run.profile.thresholds, self._total)
            self._total = replace(self._total, thresholds=verdicts, stopped=tuple(stopped))
            if self._path:
                with self._spare.lent():
                    write(self._total, self._path)
        return self._total

    def _count_what_was_due_to_the_lost(self) -> None:
        """Until somebody took over its share of a rate, that came due to nobody."""
        messages = self._total.messages
        missing = int(planned(self._total)) - messages.due
        if messages.due and missing > 0:
            nobodys = replace(self.run.recorder.blank, messages=Messages(due=missing))
            self._total = replace(together(self._total, nobodys), end=self._total.end)

    def _line(self) -> str:
        """What was accepted since the last time, for those who account for it."""
        receipts = self.run.receipts
        return receipts.line(time() - perf_counter()) if receipts is not None else ""

    def _add(self, part: LoadResult, accepted: str = "") -> None:
        self._total = together(self._total, part)
        if self._window is not None:
            self._window.add(part, perf_counter())
        if self._path:
            with self._spare.lent(), self._path.open("a", encoding="utf-8") as lines:
                lines.write(to_json(part))
        if self._receipts and accepted:
            with self._spare.lent(), self._receipts.open("a", encoding="utf-8") as lines:
                lines.write(f"{accepted}\n")

    def _present(self, runner: MasterRunner) -> list[Any]:
        return [client for client in runner.clients.all if client.state != STATE_MISSING]

    def _grant(self, runner: MasterRunner) -> None:
        """Say who may begin how many messages, where that has changed."""
        if self._grants is None:
            return
        # Who has not reported yet may not hear us either: what it is told then is lost.
        present = self._present(runner)
        users = {each.id: each.user_count for each in present if each.id in self._heard}
        if len(users) < len(present) and perf_counter() < self._grants_from:
            return
        if not self._has_granted:  # all are about to have users, and some report sooner
            users = dict.fromkeys(users, 0)
        self._has_granted = True
        for worker, more in self._grants.orders(users).items():
            runner.send_message(MORE, {"messages": more}, worker)

    def _miss(self, runner: MasterRunner) -> None:
        """Note which workers are not heard of any more."""
        for client in runner.clients.all:
            name = worker_name(runner.worker_indexes[client.id])
            if client.state == STATE_MISSING and name not in self._lost:
                self._lost.add(name)
                self._over.discard(client.id)
                self._add(replace(self.run.recorder.blank, generators={name: Generator(lost=True)}))


def _begin_anew(file: Path, first: str) -> None:
    """What an earlier run left there goes; raises UsageError if nothing can be written."""
    try:
        file.write_text(first, encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"{file} cannot be written: {problem.strerror}") from None


def worker_name(place: int) -> str:
    """What a worker is called in results."""
    return f"worker {place + 1}"
