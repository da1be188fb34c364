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

from harness.commands import run_command
from harness.delivery.mbox import is_mbox, read_mbox
from harness.delivery.stored import Stored
from harness.delivery.undoing import undo_line_ends
from harness.errors import PeerError
from harness.target.command import without_words


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
        done = await run_command(self._words, self._directory)
        if done.returncode:
            said = done.stderr.decode("utf-8", "backslashreplace").strip().splitlines()
            last = without_words(_last(said), self._words[:-1])
            raise PeerError(f"{name}: exit status {done.returncode}{last}")
        return dict(_numbered(printed(done.stdout, name)))


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
