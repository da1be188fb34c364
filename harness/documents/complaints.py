"""Complaints: what is wrong with a file, where, and what was probably meant.

They are collected rather than raised, so that a file's author sees all of them in one go.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.documents.places import Place
from harness.errors import UsageError

MOST = 500  # complaints about one file: who has more needs no more
_SHOWN = 100  # characters of a line: more would wrap and carry the caret away


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong with a file; a warning does not make it unusable."""

    at: Place
    message: str
    hint: str = ""
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.at.exactly}: {self.sentence}"

    @property
    def sentence(self) -> str:
        """The message with its hint."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


class DocumentError(UsageError):
    """A file that cannot be used, with every complaint about it."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n\n".join(map(render, self.complaints)))


class Complaints:
    """Collects complaints while a file is being read."""

    def __init__(self) -> None:
        self._said: dict[Complaint, None] = {}  # a set that keeps its order

    def add(self, at: Place, message: str, hint: str = "") -> None:
        """Something is wrong."""
        self._say(Complaint(at, message, hint))

    def unknown(self, at: Place, what: str, word: str, words: Iterable[str]) -> str | None:
        """A word that is none of `words`: names the nearest one, or all if they are few.

        Returns the nearest one.
        """
        if len(self._said) > MOST:
            return None
        known = sorted(set(words))
        self.add(at, f"unknown {what} {word!r}", nearest(word, known) or _few(known))
        return nearest_word(word, known)

    def warn(self, at: Place, message: str, hint: str = "") -> None:
        """Something looks wrong."""
        self._say(Complaint(at, message, hint, warning=True))

    def _say(self, complaint: Complaint) -> None:
        if len(self._said) < MOST:
            self._said[complaint] = None
        elif len(self._said) == MOST:
            self._said[Complaint(complaint.at, f"{MOST} mistakes are enough for once")] = None

    def __iter__(self) -> Iterator[Complaint]:
        return iter(sorted(self._said, key=lambda it: (it.at.path, it.at.line, it.at.column)))

    @property
    def errors(self) -> tuple[Complaint, ...]:
        """All but the warnings, in the order of the file."""
        return tuple(complaint for complaint in self if not complaint.warning)

    def raise_errors(self) -> None:
        """Raises a DocumentError if there are errors."""
        if self.errors:
            raise DocumentError(self.errors)


def nearest(word: str, words: Iterable[str]) -> str:
    """`did you mean 'dialogue'?`, or nothing if no word is near."""
    meant = nearest_word(word, words)
    return f"did you mean {meant!r}?" if meant else ""


def nearest_word(word: str, words: Iterable[str]) -> str | None:
    """The word that was probably meant, or None if none is near."""
    by_case = {known.casefold(): known for known in words}
    near = difflib.get_close_matches(word.casefold(), by_case, n=1, cutoff=0.6)
    return by_case[near[0]] if near else None


def render(complaint: Complaint) -> str:
    """A complaint for people: the message, the place, the line and a caret below it."""
    at = complaint.at
    number = str(at.line)
    margin = " " * len(number)
    kind = "warning" if complaint.warning else "error"
    head = f"{kind}: {complaint.sentence}\n{margin}--> {at.exactly}"
    if not at.text:
        return head
    text, column, width = _window(at)
    rows = [f"{margin} |", f"{number} | {text}", f"{margin} | {' ' * column}{'^' * width}"]
    return "\n".join([head, *(row.rstrip() for row in rows)])


def _window(at: Place) -> tuple[str, int, int]:
    """The part of a long line around the place, fit to print, and where the caret stands in it."""
    column = at.column - 1
    begin = max(min(column - _SHOWN // 2, len(at.text) - _SHOWN), 0)
    shown = "".join(map(_printable, at.text[begin : begin + _SHOWN]))
    column -= begin
    return shown, column, min(at.width, max(len(shown) - column, 1))


def _printable(letter: str) -> str:
    if letter == "\t":
        return "\N{RIGHTWARDS ARROW}"
    return letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"


def _few(words: list[str]) -> str:
    return f"there are: {', '.join(words)}" if 0 < len(words) <= 32 else ""
