"""How much mail a target still has in its queue, as the command `queue:` of its file tells.

The command may hold a password, so nothing but its first word is ever shown.
"""

from __future__ import annotations

import shlex
from typing import Final

import trio

from harness.accounting import Waiting, read_waiting
from harness.errors import UsageError
from harness.target import Target
from harness.target.command import without_words

PATIENCE: Final = 60.0  # seconds for the command


async def queued(target: Target) -> Waiting:
    """What it prints; nothing where the target has none.  Raises UsageError."""
    if target.queue is None:
        return Waiting()
    words = shlex.split(target.queue)
    name = words[0]
    try:
        with trio.fail_after(PATIENCE):
            done = await trio.run_process(
                words,
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                cwd=target.directory,
            )
    except OSError as problem:
        raise UsageError(f"queue: {name}: {problem.strerror}") from None
    except trio.TooSlowError:
        raise UsageError(f"queue: {name}: no answer for {PATIENCE:g} s") from None
    found = read_waiting(done.stdout.decode("utf-8", "backslashreplace"))
    if done.returncode or found is None:
        said = (done.stderr or done.stdout)[:200].decode("utf-8", "backslashreplace").strip()
        said = without_words(said, words)
        raise UsageError(
            f"queue: {name}: wanted a number of messages, or of 'copies', "
            f"met exit status {done.returncode}{' and ' + repr(said) if said else ''}"
        )
    return found
