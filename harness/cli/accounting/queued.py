"""How many messages a target still has in its queue, as the command `queue:` of its file tells."""

from __future__ import annotations

import re
import shlex
from typing import Final

import trio

from harness.errors import UsageError
from harness.target import Target

PATIENCE: Final = 60.0  # seconds for the command
_NUMBER = re.compile(rb"\s*(\d{1,12})\s*")


async def queued(target: Target) -> int | None:
    """The number that it prints; None where the target has none.  Raises UsageError."""
    if target.queue is None:
        return None
    try:
        with trio.fail_after(PATIENCE):
            done = await trio.run_process(
                shlex.split(target.queue),
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                cwd=target.directory,
            )
    except OSError as problem:
        raise UsageError(f"queue: {target.queue}: {problem.strerror}") from None
    except trio.TooSlowError:
        raise UsageError(f"queue: {target.queue}: no answer for {PATIENCE:g} s") from None
    found = _NUMBER.fullmatch(done.stdout)
    if done.returncode or found is None:
        said = (done.stderr or done.stdout)[:200].decode("utf-8", "backslashreplace").strip()
        raise UsageError(
            f"queue: {target.queue}: wanted a number, met exit status {done.returncode}"
            f"{' and ' + repr(said) if said else ''}"
        )
    return int(found[1])
