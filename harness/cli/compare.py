"""`smtp-harness compare`: two result files of suites or of load, and what changed between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from harness.cli.result_files import read_results
from harness.errors import UsageError
from harness.load_results import LoadResult
from harness.load_results.comparison import TOLERANCE
from harness.load_results.comparison import compare as compare_load
from harness.reports import comparing
from harness.reports.files import check_writable, write_whole
from harness.reports.load import comparing as comparing_load
from harness.reports.load.page import comparison_page
from harness.results import Level, RunResult, worst_status
from harness.results.comparison import compare as compare_runs

_FILE = click.Path(path_type=Path, allow_dash=True)


@click.command(short_help="Two result files: what broke, what was fixed.")
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option(
    "--level",
    type=click.Choice(["must", "should"]),
    default="must",
    show_default=True,
    help="From which grade on a broken case counts.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 100),
    default=TOLERANCE * 100,
    show_default=True,
    metavar="PERCENT",
    help="By how much a figure of a load run may differ and be the same.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A page with both load runs drawn one over the other.",
)
@click.option("--markdown", is_flag=True, help="For a pull request.")
def compare(
    old: Path, new: Path, level: str, tolerance: float, html: Path | None, markdown: bool
) -> int:
    """Compare two results of `run --json` or `run --report jsonl:FILE`, case by case, or two of
    `load --json`, figure by figure.

    Files of several runs are compared target by target.  A figure of load is worse or better when
    it differs by more than the tolerance and hardly by chance: rate, latency and failures are
    sampled over the run's time, and tested stage by stage.

    Exit status: 0 nothing broke; 1 a case broke that was met (or known) before, a figure is worse,
    or a threshold is missed that was not; 3 an error hides what became of a case, or a load run
    measured nothing; 2 wrong use or no result file.
    """
    if html:
        check_writable(html)
    match read_results(old), read_results(new):
        case LoadResult() as before, LoadResult() as now:
            return _load(before, now, tolerance / 100, html, markdown)
        case list(before), list(now):
            if html:
                raise UsageError("--html draws load runs, and these are runs of suites")
            return _runs(before, now, Level(level), markdown)
        case _:
            raise UsageError(f"one of {old} and {new} tells of a load run, the other does not")


def _load(
    old: LoadResult, new: LoadResult, tolerance: float, html: Path | None, markdown: bool
) -> int:
    comparison = compare_load(old, new, tolerance)
    if html:  # first: who reads what follows may have seen enough
        write_whole(html, comparison_page(comparison))
    tell = comparing_load.comparison_markdown if markdown else comparing_load.comparison_lines
    for line in tell(comparison):
        click.echo(line)
    return comparison.exit_status


def _runs(old: Sequence[RunResult], new: Sequence[RunResult], level: Level, markdown: bool) -> int:
    comparisons = [compare_runs(*pair) for pair in _pairs(old, new)]
    tell = comparing.comparison_markdown if markdown else comparing.comparison_lines
    for place, comparison in enumerate(comparisons):
        for line in [*([""] if place else []), *tell(comparison)]:
            click.echo(line)
    return worst_status(comparison.exit_status(level) for comparison in comparisons)


def _pairs(
    old: Sequence[RunResult], new: Sequence[RunResult]
) -> Iterator[tuple[RunResult, RunResult]]:
    if len(old) == len(new) == 1:
        yield old[0], new[0]  # our own server has another port every time
        return
    before, now = ({run.target: run for run in runs} for runs in (old, new))
    alone = sorted(before.keys() ^ now.keys())
    if alone:
        raise UsageError(f"only one of the two files tells of {', '.join(alone)}")
    yield from ((before[target], run) for target, run in now.items())
