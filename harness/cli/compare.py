"""`smtp-harness compare`: two result files, and what became of each case between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from harness.cli.result_files import read_runs
from harness.errors import UsageError
from harness.reports.comparing import comparison_lines, comparison_markdown
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
@click.option("--markdown", is_flag=True, help="For a pull request.")
def compare(old: Path, new: Path, level: str, markdown: bool) -> int:
    """Compare two results of `run --json` or `run --report jsonl:FILE`, case by case.

    Files of several runs are compared target by target.

    Exit status: 0 nothing broke; 1 a case broke that was met (or known) before; 3 an error hides
    what became of one; 2 wrong use or no result file.
    """
    comparisons = [compare_runs(*pair) for pair in _pairs(read_runs(old), read_runs(new))]
    tell = comparison_markdown if markdown else comparison_lines
    for place, comparison in enumerate(comparisons):
        for line in [*([""] if place else []), *tell(comparison)]:
            click.echo(line)
    return worst_status(comparison.exit_status(Level(level)) for comparison in comparisons)


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
