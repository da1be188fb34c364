"""Result files of earlier runs, of suites or of load: one JSON document, or lines of many."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.errors import UsageError
from harness.load_results import LoadResult, is_load_result
from harness.load_results import from_json as load_from_json
from harness.reports.wanted import STDOUT
from harness.results import RunResult, from_json, from_lines, is_lines


def read_results(path: Path) -> list[RunResult] | LoadResult:
    """What is told in a file (or, for `-`, on standard input): runs of suites, or one of load."""
    text = _text(path)
    try:
        if is_load_result(text):
            return load_from_json(text)
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
