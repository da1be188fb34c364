"""Children: what the processes that we start are given, and what became of them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import harness


def environment(*, without: str | None = None) -> dict[str, str]:
    """Ours, so that the child finds the very code that we are, but for names that begin so."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if without is None or not name.startswith(without)
    }
    here = str(Path(harness.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [here, ours.get("PYTHONPATH")]))
    return ours | {"PYTHONPATH": path}


def fate(status: int) -> str:
    """How a child ended: its exit status, less than zero for a signal, in words."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:  # SIGRTMIN + 1, which has no name
        return f"was killed by signal {-status}"
