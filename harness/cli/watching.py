"""Watching suites: what is done, is done again when a file of them has changed.

Files are looked at twice a second.  That needs nothing but stat(2), works on every file system
(also where editors replace files, and over a network), and a folder holds a few dozen suites.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import click

from harness.cli.choosing import WITHIN, forget
from harness.cli.commands import tell
from harness.errors import HarnessError
from harness.transcripts.loader import find_suites, shipped_suites

_PAUSE = 0.5  # seconds
SIGNALLED = 128  # and more: the exit status of a run that a signal ended

Seen = dict[Path, tuple[int, int]]


def watch(selectors: Sequence[str], again: Callable[[], int]) -> int:
    """Do it now and at each change, until Ctrl-C; the exit status of the last time.

    A file that is broken just now is told of, and its next change waited for.
    """
    status = 0
    with contextlib.suppress(KeyboardInterrupt):  # wherever it comes, the verdict is there
        for _ in changes(selectors):
            forget()
            try:
                status = again()
            except HarnessError as error:
                status = tell(error)
            if status >= SIGNALLED:
                break
            click.echo("\nwatching; Ctrl-C ends it", err=True)
    return status


def changes(
    selectors: Sequence[str], pause: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Once at once, then each time that something is new, other or gone."""
    seen: Seen | None = None
    while True:
        now = _look(_watched(selectors))
        if now != seen:
            seen = now
            yield
        pause(_PAUSE)


def _watched(selectors: Sequence[str]) -> Iterable[Path]:
    """The files of the user's own that are named; all that we ship, if none is."""
    named = [Path(it.partition(WITHIN)[0]) for it in selectors]
    places = [path for path in named if path.exists()] or [shipped_suites()]
    for place in places:
        yield from find_suites(place) if place.is_dir() else [place]


def _look(paths: Iterable[Path]) -> Seen:
    seen = {}
    for path in paths:
        try:
            found = path.stat()
        except OSError:  # between the two writes of an editor
            continue
        seen[path] = found.st_mtime_ns, found.st_size
    return seen
