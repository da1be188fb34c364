"""Reports of a run: written when it ends, and JSON Lines already while it goes on.

A verdict that was reached is never lost, so every report is written whatever ends the run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import IO, TypeVar

import click

from harness.errors import UsageError
from harness.reports.files import check_writable, write_whole
from harness.reports.wanted import STDOUT, Formats, Report
from harness.results import Outcome, RunLines, RunResult

R = TypeVar("R")

LINES = "jsonl"


def wanted_reports(
    formats: Formats[R],
    reports: Iterable[str],
    **named: Path | None,
) -> tuple[Report[R], ...]:
    """What is to be written, each place checked; raises UsageError where one cannot be.

    `named` are those that have an option of their own, by format.
    """
    wanted = [formats.report(name, path) for name, path in named.items() if path is not None]
    wanted += [formats.read(text) for text in reports]
    paths = [report.path for report in wanted]
    for path in paths:
        if path != STDOUT:
            check_writable(path)
    if paths.count(STDOUT) > 1:
        raise UsageError("only one report can go to standard output")
    return tuple(wanted)


class Reports:
    """The reports of one run, from its beginning to its end."""

    def __init__(self, wanted: Sequence[Report[RunResult]], run: RunResult) -> None:
        self._wanted = wanted
        self._lines = RunLines(run)
        self._files = ExitStack()
        self._open: list[IO[str]] = []

    def __enter__(self) -> Reports:
        with ExitStack() as opened:
            self._open = [
                opened.enter_context(_opened(report.path))
                for report in self._wanted
                if report.name == LINES
            ]
            self._files = opened.pop_all()
        self._say(self._lines.beginning)
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()

    def add(self, outcome: Outcome) -> None:
        """A case has ended."""
        if self._open:
            self._say(self._lines.outcome(outcome))

    def end(self, result: RunResult) -> None:
        """The run has ended."""
        self._say(self._lines.end(result))
        for report in self._wanted:
            if report.name != LINES:
                write_report(report.path, report.tell(result))

    def _say(self, line: str) -> None:
        for file in self._open:
            file.write(line)
            file.flush()  # whoever follows the file, or kills us, has every case that has ended


def write_report(path: Path, text: str) -> None:
    """A report to its file, whole or not at all, or to standard output."""
    if path == STDOUT:
        click.echo(text, nl=False)
    else:
        write_whole(path, text)


def _opened(path: Path) -> AbstractContextManager[IO[str]]:
    if path == STDOUT:
        return nullcontext(sys.stdout)
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
