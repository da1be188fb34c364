"""`smtp-harness report`: a result file told again, in any format that a run can be told in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.reporting import wanted_reports, write_report
from harness.cli.result_files import read_results
from harness.load_results import LoadResult
from harness.reports.formats import FORMATS
from harness.reports.load import FORMATS as LOAD_FORMATS
from harness.reports.load import summary
from harness.reports.terminal import Terminal
from harness.results import RunResult, worst_status

_FILE = click.Path(path_type=Path, allow_dash=True)


@click.command(short_help="Tell a result file again, in another format.")
@click.argument("result", type=_FILE)
@click.argument("reports", nargs=-1, metavar="[[FORMAT:]FILE]...")
def report(result: Path, reports: tuple[str, ...]) -> int:
    """Write reports of the runs in RESULT, a file of `run --json` or `run --report jsonl:FILE`, or
    of the load run in a file of `load --json`.

    FORMAT is json, jsonl, junit, html, markdown, github, sarif or tap; of a load run it is json,
    junit, csv, phases-csv, troubles-csv, html, markdown or github.  The suffix of FILE may tell
    which, `-` is standard output. Without a report: what the terminal showed. Of several runs
    (files of JSON Lines put one behind the other) html makes one page, side by side.

    Exit status: that of the worst run.
    """
    match read_results(result):
        case LoadResult() as load:
            return _tell_load(load, reports)
        case runs:
            return _tell_runs(runs, reports)


def _tell_load(load: LoadResult, reports: Sequence[str]) -> int:
    for wanted in wanted_reports(LOAD_FORMATS, reports):
        write_report(wanted.path, wanted.tell(load))
    if not reports:
        for line in summary(load):
            click.echo(line)
    return load.exit_status


def _tell_runs(runs: Sequence[RunResult], reports: Sequence[str]) -> int:
    for wanted in wanted_reports(FORMATS, reports):
        write_report(wanted.path, wanted.tell_all(runs))
    if not reports:
        for run in runs:
            _show(run)
    return worst_status(run.exit_status for run in runs)


def _show(run: RunResult) -> None:
    terminal = Terminal(sys.stdout, sys.stderr, level=run.level)
    terminal.begin(run.target, [outcome.group for outcome in run.outcomes])
    for outcome in run.outcomes:
        terminal.add(outcome)
    terminal.end(run)
