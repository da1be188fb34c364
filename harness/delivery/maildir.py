"""Maildirs: one file for each message, complete as soon as it is in new/ or cur/.

Many stores write LF where CRLF came in.  A file without a single CRLF has that undone, which is
said: a message in which only some line ends changed is shown as it stands.
"""

from __future__ import annotations

import os
from collections.abc import Container, Mapping, Sequence

from harness.delivery.maildir_tree import Tree
from harness.delivery.stamps import Stamps
from harness.delivery.stored import Stored
from harness.delivery.undoing import undo_line_ends


class Maildir:
    """The messages for one recipient: each once, and nothing is listed that has not changed."""

    def __init__(self, tree: Tree, recipient: str, others: Sequence[str] = ()) -> None:
        self._tree = tree
        self._recipient = recipient
        self._others = others
        self._stamps = Stamps()

    async def keys(self) -> frozenset[str]:
        """All that is there."""
        return frozenset(
            key for directory in self._directories() for key, _ in _listed(directory, ())
        )

    async def fetch(self, known: Container[str]) -> Mapping[str, Stored]:
        """All that is there and is not known."""
        fresh: dict[str, Stored] = {}
        for directory in self._directories():
            if self._stamps.is_old(directory):
                continue
            before, whole = Stamps.stamp(directory), True
            for key, path in _listed(directory, known):
                stored = read_file(path)
                if stored is None:
                    whole = False
                else:
                    fresh[key] = stored
            if whole:
                self._stamps.note(directory, before)
        return fresh

    def _directories(self) -> list[str]:
        found = self._tree.of(self._recipient, self._others)
        return [f"{maildir}/{part}" for maildir in found for part in ("new", "cur")]


def _listed(directory: str, known: Container[str]) -> list[tuple[str, str]]:
    """The files there that are not known, each with a key.

    That stays when a mail reader moves the file or flags it.
    """
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    maildir = os.path.dirname(directory)
    keys = ((f"{maildir}/{name.partition(':')[0]}", name) for name in names if name[0] != ".")
    return [
        (key, f"{directory}/{name}") for key, name in sorted(k for k in keys if k[0] not in known)
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
