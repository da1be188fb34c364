"""Places: where something was written, with the line itself so that it can be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Place:
    """A line and column of a file, both counted from 1; `width` characters are meant.

    Line 0 is the file as a whole.
    """

    path: str
    line: int
    column: int = 1
    text: str = ""  # the whole line
    width: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path

    @property
    def exactly(self) -> str:
        """The place with its column."""
        return f"{self}:{self.column}" if self.line else self.path

    def onward(self, offset: int, width: int = 1) -> Place:
        """The place so many characters further on in the same line."""
        return replace(self, column=self.column + offset, width=max(width, 1))


@dataclass(frozen=True, slots=True)
class Source:
    """A file's lines, for places in it."""

    path: str
    lines: tuple[str, ...]

    def place(self, line: int, column: int, width: int = 1) -> Place:
        """The place at a line and column that are counted from 0."""
        text = self.lines[line] if line < len(self.lines) else ""
        return Place(self.path, line + 1, column + 1, text, max(width, 1))
