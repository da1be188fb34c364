"""How much mail a target still has in its queue, as the command `queue:` of its file tells.

The command may hold a password, so nothing but its first word is ever shown.
"""

from __future__ import annotations

import shlex

from harness.accounting import Waiting, read_waiting
from harness.commands import run_command
from harness.errors import PeerError, UsageError
from harness.target import Target
from harness.target.command import without_words


async def queued(target: Target) -> Waiting:
    """What it prints; nothing where the target has none.  Raises UsageError."""
    if target.queue is None:
        return Waiting()
    words = shlex.split(target.queue)
    name = words[0]
    try:
        done = await run_command(words, target.directory)
    except PeerError as problem:
        raise UsageError(f"queue: {problem}") from None
    found = read_waiting(done.stdout.decode("utf-8", "backslashreplace"))
    if done.returncode or found is None:
        said = (done.stderr or done.stdout)[:200].decode("utf-8", "backslashreplace").strip()
        said = without_words(said, words)
        raise UsageError(
            f"queue: {name}: wanted a number of messages, or of 'copies', "
            f"met exit status {done.returncode}{' and ' + repr(said) if said else ''}"
        )
    return found
