"""The users' Maildirs below a directory, searched again only where something has changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from harness.delivery.stamps import Stamps

_DEPTH: Final = 3  # how far below the directory users' Maildirs are looked for


class Tree:
    """All Maildirs below a directory, which may be one itself."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stamps = Stamps()
        self._all: list[Path] = []
        self._named: dict[str, list[Path]] = {}

    def of(self, recipient: str, others: Sequence[str] = ()) -> list[Path]:
        """Those where mail for the recipient may be.

        Those that bear the recipient's name, if there are any.  If not, all of them, unless others
        have Maildirs of their own names there: then this one's is only yet to be made.
        """
        if _is_maildir(self._directory):
            return [self._directory]
        self._search_again()
        own = self._of_name(recipient)
        if own or (recipient in others and any(map(self._of_name, others))):
            return own
        return self._all

    def _of_name(self, recipient: str) -> list[Path]:
        """Those with the recipient's address or local-part among the names on the way."""
        address = recipient.casefold()
        names = {address, address.rpartition("@")[0] or address}
        found = {path for name in names for path in self._named.get(name, ())}
        return sorted(found) if len(found) > 1 else list(found)

    def _search_again(self) -> None:
        if self._stamps.are_old():
            return
        self._stamps.forget()
        self._all = list(self._search(self._directory, _DEPTH))
        self._named = {}
        for path in self._all:
            for part in {part.casefold() for part in path.relative_to(self._directory).parts}:
                self._named.setdefault(part, []).append(path)

    def _search(self, directory: Path, depth: int) -> Iterator[Path]:
        before = Stamps.stamp(str(directory))
        try:
            with os.scandir(directory) as entries:
                below = sorted(entry.path for entry in entries if entry.is_dir())
        except OSError:
            below, before = [], -1
        self._stamps.note(str(directory), before)
        for path in map(Path, below):
            if _is_maildir(path):
                yield path
            elif depth > 1:
                yield from self._search(path, depth - 1)
            else:  # it may become one
                self._stamps.note(str(path), Stamps.stamp(str(path)))


def _is_maildir(path: Path) -> bool:
    return (path / "new").is_dir() and (path / "cur").is_dir()
