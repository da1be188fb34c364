"""How long the whole suite takes against the embedded server: one case at a time, and eight."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_MOST: Final = 3  # rounds
_LONG: Final = 45.0  # seconds, after which no further round begins


def measure(report: Path) -> list[Sequence[str]]:
    """A row for each number of cases at once; the report is a file to write in."""
    seconds: dict[int, list[float]] = {1: [], 8: []}
    cases = 0
    while len(seconds[1]) < _MOST and sum(map(sum, seconds.values())) < _LONG:
        for jobs, times in seconds.items():
            spent, cases = _run(jobs, report)
            times.append(spent)
    alone = statistics.median(seconds[1])
    rows: list[Sequence[str]] = [(f"{cases} cases", "seconds", "cases/s", "x -j 1")]
    for jobs, times in seconds.items():
        middle = statistics.median(times)
        rows.append(
            (f"-j {jobs}", f"{middle:.2f}", f"{cases / middle:.1f}", f"{alone / middle:.2f}")
        )
    return rows


def _run(jobs: int, report: Path) -> tuple[float, int]:
    """Seconds and number of cases of one run, start included."""
    command = [sys.executable, "-m", "harness.cli", "run", "-j", str(jobs), "--json", str(report)]
    began = time.perf_counter()
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    spent = time.perf_counter() - began
    if ran.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with status {ran.returncode}:\n{ran.stdout}")
    return spent, len(json.loads(report.read_text())["outcomes"])
