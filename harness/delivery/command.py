"""A command that prints what there is for a recipient: one message, or an mbox (mboxrd).

It is run for each look, without a shell, with the recipient as its last argument.  Its words may
hold a password, so its name is all that is told.
"""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import trio

from harness.delivery.mbox import is_mbox, read_mbox
from harness.delivery.stored import Stored
from harness.delivery.undoing import undo_line_ends
from harness.errors import PeerError
from harness.target.command import without_words

PATIENCE: Final = 60.0  # seconds for the command


class Command:
    """What a command prints."""

    def __init__(self, line: str, recipient: str, directory: Path) -> None:
        self._words = [*shlex.split(line), recipient]
        self._directory = directory

    async def keys(self) -> frozenset[str]:
        """All that it prints."""
        return frozenset((await self._run()).keys())

    async def fetch(self, known: Container[str]) -> Mapping[str, Stored]:
        """What it prints and is not known."""
        return {key: stored for key, stored in (await self._run()).items() if key not in known}

    async def _run(self) -> Mapping[str, Stored]:
        name = self._words[0]
        try:
            with trio.fail_after(PATIENCE):
                done = await trio.run_process(
                    self._words,
                    capture_stdout=True,
                    capture_stderr=True,
                    check=False,
                    cwd=self._directory,
                    deliver_cancel=_kill,
                )
        except OSError as problem:
            raise PeerError(f"{name}: {problem.strerror}") from problem
        except trio.TooSlowError:
            raise PeerError(f"{name}: no answer for {PATIENCE:g} s") from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "backslashreplace").strip().splitlines()
            last = without_words(_last(said), self._words[:-1])
            raise PeerError(f"{name}: exit status {done.returncode}{last}")
        return dict(_numbered(printed(done.stdout, name)))


async def _kill(process: trio.Process) -> None:
    """End it at once: it has been given time enough, and may not heed anything milder."""
    process.kill()


def printed(octets: bytes, name: str) -> Iterator[Stored]:
    """The messages that were printed."""
    if is_mbox(octets):
        yield from read_mbox(octets, name, reversible=True)
    elif octets:
        octets, changed = undo_line_ends(octets)
        yield Stored(octets, name, changed)


def _numbered(messages: Iterable[Stored]) -> Iterator[tuple[str, Stored]]:
    """Each by what it holds; of equal ones the second is another than the first."""
    counts: Counter[str] = Counter()
    for stored in messages:
        digest = hashlib.sha256(stored.octets).hexdigest()
        counts[digest] += 1
        yield f"{digest} {counts[digest]}", stored


def _last(said: list[str]) -> str:
    return f": {said[-1]}" if said else ""
