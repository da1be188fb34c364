"""A worker of a load, from waiting for its master to the end that the master says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from harness.cli.generator import INTERRUPTED, broken, generate, last_words
from harness.errors import HarnessError, UsageError

_GAVE_UP: Final = 255  # Locust, whom no master answered for five minutes


def work(prepared: Path, options: Sequence[str], *, at: tuple[str, int]) -> int:
    """Send what the master there says; gives back the exit status.

    Raises HarnessError if no master answers, or the worker breaks off.
    """
    from loadtests.running.prepared import has_met

    where, folder = f"{at[0]}:{at[1]}", prepared.parent
    begun = False

    def look() -> None:
        nonlocal begun
        if not begun and has_met(prepared):
            begun = True
            click.echo(f"working for the master at {where}", err=True)

    click.echo(f"waiting for a master at {where}", err=True)
    words = [f"--smtp-prepared={prepared}", *options]
    status = generate(words, folder, patience=None, look=look)
    if status in (0, *INTERRUPTED):
        return status
    if status == 2:
        raise UsageError(last_words(folder))
    if status == _GAVE_UP and not has_met(prepared):
        raise HarnessError(f"no master answered at {where}")
    raise broken("the worker", status, folder)
