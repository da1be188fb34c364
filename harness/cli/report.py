"""`smtp-harness report`: a result file told again, in any format that a run can be told in."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.reporting import wanted_reports, write_report
from harness.cli.result_files import read_runs
from harness.reports.terminal import Terminal
from harness.results import RunResult, worst_status

_FILE = click.Path(path_type=Path, allow_dash=True)


@click.command(short_help="Tell a result file again, in another format.")
@click.argument("result", type=_FILE)
@click.argument("reports", nargs=-1, metavar="[[FORMAT:]FILE]...")
def report(result: Path, reports: tuple[str, ...]) -> int:
    """Write reports of the runs in RESULT, a file of `run --json` or `run --report jsonl:FILE`.

    FORMAT is json, jsonl, junit, html, markdown, github, sarif or tap; the suffix of FILE may tell
    which, `-` is standard output. Without a report: what the terminal showed. Of several runs
    (files of JSON Lines put one behind the other) html makes one page, side by side.

    Exit status: that of the worst run.
    """
    runs = read_runs(result)
    for wanted in wanted_reports(reports):
        write_report(wanted, wanted.tell_all(runs))
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
