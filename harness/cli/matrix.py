"""`smtp-harness matrix`: suites on many targets, one after the other, and one page of it all."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import click
import trio

from harness.cli.choosing import choose
from harness.cli.reporting import wanted_reports, write_report
from harness.cli.sinks import with_sinks
from harness.cli.starting import started
from harness.errors import TargetUnreachable, UsageError
from harness.reports.formats import FORMATS
from harness.results import Level, RunResult, worst_status
from harness.runner.plan import make_plan
from harness.runner.run import run_suites
from harness.runner.settings import Settings
from harness.target import Target, read_target
from harness.transcripts.model import Suite
from harness.visible import harmless

TARGET = "target.yaml"
MISSING = 3


@click.command(short_help="Suites on many targets, and one page of it all.")
@click.argument("targets", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "-s",
    "--suite",
    "selectors",
    multiple=True,
    metavar="SUITE|FILE|ADDRESS",
    help="Only these; may be repeated. See smtp-harness list.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    default=Path("matrix.html"),
    show_default=True,
    metavar="FILE",
    help="The page.",
)
@click.option(
    "--lines",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also all results, as JSON Lines.",
)
@click.option(
    "--level",
    type=click.Choice(["must", "should"]),
    default="must",
    show_default=True,
    help="From which grade on an unmet case fails a target.",
)
@click.option("--slow", is_flag=True, help="Also cases that wait for more than 2 s.")
@click.option(
    "-j",
    "--jobs",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="Cases side by side on each target.",
)
def matrix(
    targets: tuple[Path, ...],
    selectors: tuple[str, ...],
    html: Path,
    lines: Path | None,
    level: str,
    slow: bool,
    jobs: int,
) -> int:
    """Run suites on each of TARGETS (target files, or folders below which target.yaml files are).

    A target whose file says how (`start:`, `stop:`) is started and stopped again; any other must
    be there. One that cannot be had is named, and the page is made of the others.

    Exit status: 0 nothing wrong on any; 1 some target fails; 3 some target is missing, or some
    case could not be judged; 2 wrong use or a bad file.
    """
    reports = wanted_reports(FORMATS, [f"html:{html}", *([f"jsonl:{lines}"] if lines else [])])
    read = [read_target(str(path)) for path in _files(targets)]
    suites = choose(selectors)
    settings = Settings(jobs=jobs, seed=secrets.randbelow(2**32), level=Level(level), slow=slow)
    runs: list[RunResult] = []
    for run in _runs(read, suites, settings):
        runs.append(run)
        for report in reports:  # each time anew: whatever ends us leaves what there is
            write_report(report.path, report.tell_all(runs))
    click.echo(f"{html}: {len(runs)} of {len(read)} targets" if runs else "no target could be had")
    return _status(runs, len(read) - len(runs))


def _status(runs: Sequence[RunResult], missing: int) -> int:
    return worst_status([*(run.exit_status for run in runs), MISSING if missing else 0])


def _files(targets: Iterable[Path]) -> list[Path]:
    found: dict[Path, None] = {}
    for path in targets:
        below = sorted(path.rglob(TARGET)) if path.is_dir() else [path]
        if not below:
            raise UsageError(f"there is no {TARGET} under {path}")
        found.update(dict.fromkeys(below))
    return list(found)


def _runs(
    targets: Sequence[Target], suites: Sequence[Suite], settings: Settings
) -> Iterator[RunResult]:
    for target in targets:
        try:
            run = _run(target, suites, settings)
        except TargetUnreachable as error:
            click.echo(harmless(f"{target.name}: MISSING: {error}"), err=True)
            continue
        click.echo(harmless(_told(run)))
        yield run
        if run.signal:
            return


def _run(target: Target, suites: Sequence[Suite], settings: Settings) -> RunResult:
    with (
        with_sinks(target) as target,
        started(target) if target.start else nullcontext(),
    ):
        plan = make_plan(suites, target, settings)
        return trio.run(run_suites, plan, settings, lambda outcome: None)


def _told(run: RunResult) -> str:
    counts = ", ".join(f"{count} {verdict.value}" for verdict, count in run.tally.items() if count)
    unmet = [outcome.address for outcome in run.outcomes if run.level.is_failed_by(outcome.verdict)]
    return "\n".join([f"{run.name}: {counts}", *(f"  FAIL {address}" for address in unmet)])
