"""Forms: how the indented lines are written, as tables from a pattern to what it means.

`within 5s` is one row: its usage, its pattern, and a function from the match to the keyword
arguments of the step.  A new modifier is a new row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.documents import Complaints, Place, read_duration
from harness.transcripts.dialogue import Row, Setting


@dataclass(frozen=True, slots=True)
class Found:
    """A form that was met: its groups, their places, and where complaints go."""

    match: re.Match[str]
    at: Place
    setting: Setting

    def __getitem__(self, group: int) -> str:
        return self.match[group] or ""

    def place(self, group: int) -> Place:
        """Where a group stands."""
        return self.at.onward(self.match.start(group), len(self[group]))

    def duration(self, group: int) -> float:
        """A group that must be a duration; 0 if it is none, which is complained of."""
        seconds = read_duration(self[group])
        if seconds is None:
            self.setting.complaints.add(self.place(group), f"{self[group]!r} is no duration",
                                        "such as 5s, 200ms or 2m")  # fmt: skip
        return seconds or 0.0

    def number(self, group: int) -> int:
        """A group that must be a whole number from 1; 1 if it is none, which is complained of."""
        if not re.fullmatch("[1-9][0-9]{0,8}", self[group]):
            self.setting.complaints.add(self.place(group), f"{self[group]!r} is no whole number")
            return 1
        return int(self[group])


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write something: `within 5s`."""

    usage: str
    pattern: re.Pattern[str]
    read: Callable[[Found], Mapping[str, Any]]

    @property
    def word(self) -> str:
        """The word that it begins with."""
        return self.usage.split()[0]


def form(usage: str, pattern: str, read: Callable[[Found], Mapping[str, Any]]) -> Form:
    """A form from the text of its pattern."""
    return Form(usage, re.compile(pattern), read)


def read_form(
    text: str, at: Place, what: str, forms: Sequence[Form], setting: Setting
) -> tuple[Form, Mapping[str, Any]] | None:
    """The form that a text is written in, with its meaning; complains if there is none."""
    for candidate in forms:
        match = candidate.pattern.fullmatch(text)
        if match:
            return candidate, candidate.read(Found(match, at, setting))
    word = text.split()[0] if text else ""
    usages = [candidate.usage for candidate in forms if candidate.word == word]
    if usages:
        wanted = " or ".join(f"`{usage}`" for usage in usages)
        setting.complaints.add(at, f"this is not how {word!r} is written", f"write {wanted}")
    else:
        known = {candidate.word for candidate in forms}
        setting.complaints.unknown(at.onward(0, len(word)), what, word, known)
    return None


def read_modifiers(rows: Iterable[Row], forms: Sequence[Form], setting: Setting) -> dict[str, Any]:
    """What the lines below a line say, as keyword arguments; tuples add up, the rest is once."""
    meaning: dict[str, Any] = {}
    for row in rows:
        refuse_below(row, setting.complaints)
        found = read_form(row.text, row.at, "modifier", forms, setting)
        for key, value in found[1].items() if found else ():
            if isinstance(value, tuple):
                meaning[key] = meaning.get(key, ()) + value
            elif key in meaning:
                setting.complaints.add(row.at, f"{row.text!r} is said twice, or against another")
            else:
                meaning[key] = value
    return meaning


def refuse_below(row: Row, complaints: Complaints) -> None:
    """Complains of lines below one that takes none."""
    for below in row.below[:1]:
        complaints.add(below.at, f"nothing may stand below {row.text!r}")
