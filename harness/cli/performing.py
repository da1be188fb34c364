"""What `smtp-harness run` does: choose, start our own server if need be, plan, run, report.

Reports are written whatever ends the run: a verdict that was reached is never lost.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import trio

from harness import __version__
from harness.cli.choosing import choose
from harness.cli.commands import let_go_of_stdout
from harness.cli.embedded import embedded
from harness.cli.last_run import last_failed, remember
from harness.cli.proving import perform_proof
from harness.cli.reporting import Reports, wanted_reports
from harness.cli.sinks import with_sinks
from harness.cli.starting import started
from harness.cli.watching import watch
from harness.documents import read_duration
from harness.errors import TargetUnreachable, UsageError
from harness.reports.colour import wants_colour
from harness.reports.drafts import with_drafts
from harness.reports.files import check_writable, write_whole
from harness.reports.formats import FORMATS
from harness.reports.terminal import Terminal
from harness.reports.wanted import STDOUT, Report
from harness.results import Level, Outcome, RunResult, Verdict
from harness.runner.endings import Played
from harness.runner.judge import judge, skipped
from harness.runner.plan import Plan, Planned, make_plan
from harness.runner.run import run_suites
from harness.runner.settings import Settings
from harness.target import Target, read_target, with_options
from harness.visible import harmless

JOBS = 8  # against our own server; a stranger's is met by one at a time
Wanted = Sequence[Report[RunResult]]
SIGNALS = {"SIGINT": 130, "SIGTERM": 143}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The command line of a run."""

    target: str | None
    selectors: tuple[str, ...]
    expression: str
    listing: bool
    level: str
    jobs: int | None
    known: Path | None
    strict_known: bool
    write_known: Path | None
    fail_fast: bool
    last_failed: bool
    watching: bool
    seed: int | None
    segment: str
    as_written: bool
    slow: bool
    starting: bool
    wait_for_target: str | None
    fault: str | None
    prove: bool
    verbose: bool
    junit: Path | None
    json: Path | None
    html: Path | None
    reports: tuple[str, ...]
    color: str
    to: tuple[str, ...]
    sender: str | None
    unknown: str | None
    foreign: str | None
    login: str | None
    delivery: tuple[str, ...]
    timeout: str | None
    insecure: bool
    mine: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.starting and not self.target:
            raise UsageError("--start is for a target's file; our own server is started anyway")
        for option, is_given in (("--fault", self.fault), ("--prove", self.prove)):
            if is_given and self.target:
                raise UsageError(f"{option} is for our own server: leave {self.target} out")
        if self.fault and self.prove:
            raise UsageError("--prove takes each case's own fault: leave --fault out")
        if self.prove and (
            self.junit or self.json or self.html or self.reports or self.write_known
        ):
            raise UsageError("--prove is about our cases and writes no report about a server")

    @property
    def name(self) -> str:
        """By which the target is known the next time: our own server has another port then."""
        return f"{Path.cwd()} {self.target}" if self.target else f"our own {self.fault or ''}"

    @property
    def settings(self) -> Settings:
        """How the run is done."""
        jobs = 1 if self.target else JOBS
        return Settings(
            jobs=jobs if self.jobs is None else self.jobs,
            seed=secrets.randbelow(2**32) if self.seed is None else self.seed,
            segment=self.segment,
            fail_fast=self.fail_fast,
            level=Level(self.level),
            as_written=self.as_written,
            slow=self.slow,
            wait_for_target=_duration(self.wait_for_target, "--wait-for-target"),
        )

    def applied(self, target: Target) -> Target:
        """The target as the options change it."""
        return with_options(
            target,
            to=self.to,
            sender=self.sender,
            unknown=self.unknown,
            foreign=self.foreign,
            login=self.login,
            delivery=self.delivery,
            timeout=self.timeout,
            insecure=self.insecure,
            mine=self.mine,
        )


def perform(wishes: Wishes) -> int:
    """Do what is wished; the exit status."""
    settings = wishes.settings
    wanted = wanted_reports(
        FORMATS, wishes.reports, junit=wishes.junit, json=wishes.json, html=wishes.html
    )
    if wishes.write_known:
        check_writable(wishes.write_known)
    if not wishes.watching:
        choose(wishes.selectors)  # a wrong word is told before any server is started
    with _target(wishes) as target:

        def once() -> int:
            suites = choose(wishes.selectors)
            plan = make_plan(suites, target, settings, k=wishes.expression, known=wishes.known)
            return _do(_narrowed(plan, wishes), settings, wishes, wanted)

        return watch(wishes.selectors, once) if wishes.watching else once()


def _do(plan: Plan, settings: Settings, wishes: Wishes, wanted: Wanted) -> int:
    if wishes.listing:
        return _list(plan)
    if wishes.prove:
        return perform_proof(plan, settings, wishes.applied, verbose=wishes.verbose)
    return _run(plan, settings, wishes, wanted)


def _narrowed(plan: Plan, wishes: Wishes) -> Plan:
    """The cases that were unmet the last time, if those are wished and there are any."""
    if not wishes.last_failed:
        return plan
    failed = last_failed(wishes.name)
    again = [it for it in plan.cases if it.case.address in failed]
    if not again:
        click.echo("nothing of this was unmet the last time: all of it is played", err=True)
        return plan
    return plan.with_cases(again, plan.target)


def _duration(text: str | None, option: str) -> float:
    seconds = read_duration(text) if text is not None else 0.0
    if seconds is None:
        raise UsageError(f"{option} must be a duration such as 30s or 2m, not {text!r}")
    return seconds


@contextlib.contextmanager
def _target(wishes: Wishes) -> Iterator[Target]:
    """The target that is named, or our own server for as long as the context lasts."""
    if wishes.target is not None:
        target = wishes.applied(read_target(wishes.target))
        with (
            with_sinks(target) as target,
            started(target) if wishes.starting else contextlib.nullcontext(),
        ):
            yield target
        return
    with embedded(wishes.fault) as target:
        yield wishes.applied(target)


def _list(plan: Plan) -> int:
    for planned in plan.cases:
        why = f"  (skip: {planned.skip})" if planned.skip else ""
        click.echo(harmless(f"{planned.case.address}  {planned.case.title}{why}"))
    return 0


def _run(plan: Plan, settings: Settings, wishes: Wishes, wanted: Wanted) -> int:
    taken = any(report.path == STDOUT for report in wanted)  # then people read the other one
    out = sys.stderr if taken else sys.stdout
    terminal = Terminal(
        out,
        sys.stderr,
        level=settings.level,
        colour=wants_colour(out, wishes.color, os.environ),
        verbose=wishes.verbose,
    )
    terminal.begin(_name(plan.target, wishes), [it.case.suite for it in plan.cases])
    told: list[Outcome] = []
    with Reports(wanted, _result(plan, settings, ())) as reports:

        def tell(outcome: Outcome) -> None:
            told.append(outcome)
            terminal.add(outcome)
            reports.add(outcome)

        result = None
        try:
            result = trio.run(run_suites, plan, settings, tell)
        except TargetUnreachable as error:
            click.echo(f"error: {harmless(str(error))}", err=True)
            result = _result(plan, settings, [_unreached(it, str(error)) for it in plan.cases])
        finally:
            try:
                # If even this run could not end well, what was told is worth keeping.
                kept = result or _result(plan, settings, told, interrupted=True)
                reports.end(kept)
                if wishes.write_known:
                    _draft(kept, wishes.write_known)
            finally:
                if result is not None:  # a disk that is full takes nobody's verdicts away
                    terminal.end(result)
                    remember(wishes.name, result)
    if not terminal.is_heard:
        let_go_of_stdout()
    return SIGNALS.get(result.signal, _exit_status(result, wishes))


def _exit_status(result: RunResult, wishes: Wishes) -> int:
    """That of the result, unless what is out of date is to fail as well."""
    return 1 if wishes.strict_known and result.tally[Verdict.FIXED] else result.exit_status


def _draft(result: RunResult, path: Path) -> None:
    """Add what is not known yet to a file of known deviations."""
    write_whole(path, with_drafts(path.read_text() if path.exists() else "", result))


def _name(target: Target, wishes: Wishes) -> str:
    if wishes.target is not None:
        return str(target)
    lie = f" with the fault {wishes.fault}" if wishes.fault else ""
    return f"our own server{lie}, {target}"


def _unreached(planned: Planned, problem: str) -> Outcome:
    if planned.skip:
        return skipped(planned.case, planned.skip, planned.charge)
    return judge(planned.case, Played(trouble=problem), planned.charge)


def _result(
    plan: Plan, settings: Settings, outcomes: Sequence[Outcome], *, interrupted: bool = False
) -> RunResult:
    """The result of a run that could not make one itself."""
    return RunResult(
        target=str(plan.target),
        name=plan.target.name,
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seconds=sum(outcome.seconds for outcome in outcomes),
        seed=settings.seed,
        segment=settings.segment,
        level=settings.level,
        interrupted=interrupted,
        selected=len(plan.cases),
        outcomes=tuple(outcomes),
        harness=__version__,
    )
