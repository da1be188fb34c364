"""Maildirs: one file for each message, complete as soon as it is in new/ or cur/.

Many stores write LF where CRLF came in.  A file without a single CRLF has that undone, which is
said: a message in which only some line ends changed is shown as it stands.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path

from harness.delivery.stored import Stored
from harness.delivery.undoing import undo_line_ends

_DEPTH = 3  # how far below the directory users' Maildirs are looked for


class Maildir:
    """The messages for one recipient."""

    def __init__(self, directory: Path, recipient: str, others: Sequence[str] = ()) -> None:
        self._directory = directory
        self._recipient = recipient
        self._others = others

    async def keys(self) -> frozenset[str]:
        """All that is there."""
        return frozenset(key for key, _ in self._files())

    async def fetch(self, known: Container[str]) -> Mapping[str, Stored]:
        """All that is there and is not known."""
        files = ((key, path) for key, path in self._files() if key not in known)
        read = {key: read_file(path) for key, path in files}
        return {key: stored for key, stored in read.items() if stored is not None}

    def _files(self) -> Iterator[tuple[str, str]]:
        for maildir in maildirs(self._directory, self._recipient, self._others):
            for part in ("new", "cur"):
                yield from _listed(maildir, part)


def maildirs(directory: Path, recipient: str, others: Sequence[str] = ()) -> list[Path]:
    """The Maildirs below a directory where mail for the recipient may be.

    Those that bear the recipient's name, if there are any.  If not, all of them, unless others
    have Maildirs of their own names there: then this one's is only yet to be made.
    """
    if _is_maildir(directory):
        return [directory]
    found = list(_search(directory, _DEPTH))
    own = [path for path in found if _is_named(path, directory, recipient)]
    if own:
        return own
    if any(_is_named(path, directory, other) for path in found for other in others):
        return [] if recipient in others else found
    return found


def _search(directory: Path, depth: int) -> Iterator[Path]:
    try:
        below = sorted(path for path in directory.iterdir() if path.is_dir())
    except OSError:
        return
    for path in below:
        if _is_maildir(path):
            yield path
        elif depth > 1:
            yield from _search(path, depth - 1)


def _is_maildir(path: Path) -> bool:
    return (path / "new").is_dir() and (path / "cur").is_dir()


def _is_named(path: Path, directory: Path, recipient: str) -> bool:
    """Whether the recipient's address or local-part is one of the names on the way."""
    address = recipient.casefold()
    names = {address, address.rpartition("@")[0] or address}
    return any(part.casefold() in names for part in path.relative_to(directory).parts)


def _listed(maildir: Path, part: str) -> list[tuple[str, str]]:
    """The files there, each with a key that stays when a mail reader moves it or flags it."""
    try:
        names = sorted(os.listdir(maildir / part))
    except OSError:
        return []
    return [
        (f"{maildir}/{name.partition(':')[0]}", f"{maildir}/{part}/{name}")
        for name in names
        if not name.startswith(".")
    ]


def read_file(path: str) -> Stored | None:
    """The message in a file; None if that is not there any more."""
    try:
        with open(path, "rb") as file:
            octets = file.read()
    except OSError:
        return None  # moved or deleted meanwhile; the next look finds it where it is
    octets, changed = undo_line_ends(octets)
    return Stored(octets, path, changed)
