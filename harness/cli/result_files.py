"""Result files of earlier runs: one JSON document, or JSON Lines of any number of runs."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.errors import UsageError
from harness.reports.formats import STDOUT
from harness.results import RunResult, from_json, from_lines, is_lines


def read_runs(path: Path) -> list[RunResult]:
    """The runs in a file (or, for `-`, on standard input); at least one."""
    text = _text(path)
    try:
        runs = from_lines(text) if is_lines(text) else [from_json(text)]
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    if not runs:
        raise UsageError(f"{path}: no run is told of here")
    return runs


def _text(path: Path) -> str:
    try:
        if path == STDOUT:
            return sys.stdin.read()
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no result file: octet {error.start} is not UTF-8") from error
