"""The last line of a terminal, written over again and again: how far something has come.

Where nobody looks, on a pipe or in a file, nothing is written.
"""

from __future__ import annotations

import shutil
from typing import TextIO

from harness.visible import one_line

_WIPED = "\r\x1b[2K"  # back to the begin of the line, and all of it erased (ECMA-48: EL 2)


class StatusLine:
    """A line that is there until something else is said."""

    def __init__(self, screen: TextIO) -> None:
        self._screen = screen
        self.is_seen = screen.isatty()

    def show(self, text: str) -> None:
        """This instead of what stood there, cut to the terminal's width."""
        if self.is_seen:
            room = shutil.get_terminal_size().columns - 1  # in the last column some break the line
            shown = one_line(text)
            self._write(shown if len(shown) <= room else f"{shown[: max(0, room - 3)]}...")

    def clear(self) -> None:
        """Nothing is there any more."""
        if self.is_seen:
            self._write("")

    def _write(self, text: str) -> None:
        self._screen.write(f"{_WIPED}{text}")
        self._screen.flush()
