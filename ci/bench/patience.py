"""Cases side by side on a server that takes its time: 20 ms for each reply, as far-away ones do.

What runs is `run`, on the reference server with a fault at every stage; so much is waited for that
sixteen cases at once should take little longer than one.
"""

from __future__ import annotations

import json
import shlex
import socket
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

JOBS: Final = (1, 16)
LEAST: Final = 8.0  # times as fast
_ROUNDS: Final = 3
_SUITES: Final = ("rfc5321/4.1.1.2", "rfc5321/4.1.1.3", "rfc5321/4.1.4", "rfc5321/4.3.2")
_STAGES: Final = ("greeting", "EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT",
                  "HELP", "VRFY", "EXPN", ".")  # fmt: skip
_FAULTS: Final = f"faults: [{{at: [{', '.join(_STAGES)}], delay: 20ms}}]\n"


def measure(home: Path) -> tuple[list[Sequence[str]], Sequence[str]]:
    """A row for each number of cases at once, and the row of the promise."""
    target = _written(home)
    seconds: dict[int, list[float]] = {jobs: [] for jobs in JOBS}
    for _ in range(_ROUNDS):
        for jobs, times in seconds.items():
            spent, cases = _run(target, jobs, home / "result.json")
            times.append(spent)
    one, many = (seconds[jobs] for jobs in JOBS)
    rows: list[Sequence[str]] = [(f"{cases} cases, 20 ms a reply", "seconds", "x -j 1")]
    for jobs, times in seconds.items():
        middle = statistics.median(times)
        rows.append((f"-j {jobs}", f"{middle:.2f}", f"{statistics.median(one) / middle:.2f}"))
    return rows, _promise([alone / together for alone, together in zip(one, many, strict=True)])


def _promise(ratios: Sequence[float]) -> Sequence[str]:
    met = statistics.median(ratios)
    figures = (f"{met:.2f} x", f"{min(ratios):.2f}", f"{max(ratios):.2f}")
    verdict = "kept" if met >= LEAST else "MISSED"
    return (f"run -j {JOBS[1]}", "run -j 1, 20 ms a reply", f"{LEAST:g} x", *figures, "", verdict)


def _written(home: Path) -> Path:
    """The target's file; its server is started for each run."""
    home.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    faults = home / "faults.yaml"
    faults.write_text(_FAULTS)
    command = [
        *(sys.executable, "-m", "reference_server", "--port", str(port), "--user", "alice"),
        *("--domain", "example.test", "--no-sync", "--faults", str(faults)),
        *("--spool", str(home / "spool")),
    ]
    target = home / "target.yaml"
    target.write_text(json.dumps({
        "address": f"127.0.0.1:{port}", "recipients": ["alice@example.test"],
        "delivery": f"maildir:{home}/spool/mail/alice", "start": f"exec {shlex.join(command)}",
        "unknown_recipient": "nobody@example.test",
    }))  # fmt: skip
    return target


def _run(target: Path, jobs: int, report: Path) -> tuple[float, int]:
    """Seconds that the run itself says it took, and the number of cases judged."""
    words = [word for suite in _SUITES for word in ("-s", suite)]
    command = [sys.executable, "-m", "harness.cli", "run", str(target), "--start", *words]
    ran = subprocess.run(
        [*command, "-j", str(jobs), "--json", str(report)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if ran.returncode != 0:
        sys.exit(f"{shlex.join(command)} ended with status {ran.returncode}:\n{ran.stdout}")
    result = json.loads(report.read_text())
    return float(result["seconds"]), int(result["judged"])
