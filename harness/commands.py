"""Running a command that a target file names: without a shell, and not for ever.

Its words may hold a password, so its name is all that is told.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import trio

from harness.errors import PeerError

PATIENCE: Final = 60.0  # seconds for a command


async def run_command(
    words: Sequence[str], directory: Path | None
) -> subprocess.CompletedProcess[bytes]:
    """What it printed and its exit status, whatever that is; raises PeerError if there is none."""
    name = words[0]
    try:
        with trio.fail_after(PATIENCE):
            return await trio.run_process(
                words,
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                cwd=directory,
                deliver_cancel=_kill,
            )
    except OSError as problem:
        raise PeerError(f"{name}: {problem.strerror}") from problem
    except trio.TooSlowError:
        raise PeerError(f"{name}: no answer for {PATIENCE:g} s") from None


async def _kill(process: trio.Process) -> None:
    """End it at once: it has been given time enough, and may not heed anything milder."""
    process.kill()
