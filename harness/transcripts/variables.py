"""Variables: what `{name}` stands for in one run of a case, and lines with their holes filled."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from harness.errors import UsageError
from harness.transcripts.fullness import FULL, size_of
from harness.transcripts.model import Case
from harness.transcripts.steps import Write
from harness.transcripts.templates import holds_size
from harness.transcripts.wants import Fill, Template, Variable

TOKEN_LENGTH = 24

_LINE = b"x" * 998 + b"\r\n"  # the longest (RFC 5321 4.5.3.1.6)
_LETTERS = string.ascii_lowercase + string.digits


def make_token(seed: int, address: str, attempt: int = 0) -> str:
    """24 letters or digits for one run of a case: the same for the same seed, else unlike all."""
    digest = hashlib.sha256(f"{seed} {address} {attempt}".encode()).digest()
    number = int.from_bytes(digest)
    letters = []
    for _ in range(TOKEN_LENGTH):
        number, index = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[index])
    return "".join(letters)


@dataclass(frozen=True, slots=True)
class Segment:
    """Octets that go out at once, `after` so many seconds."""

    octets: bytes
    after: float = 0.0


@dataclass(slots=True)
class Values:
    """The variables of one run of a case: facts, its row, and what the dialogue sets on its way.

    `facts` are named as in `scope.FACTS`; `many` holds `{n}`, which counts.
    """

    facts: Mapping[str, str]
    row: Mapping[str, Template] = field(default_factory=dict)
    as_written: bool = False  # words that `names:` exchanges stay what they are
    _set: dict[str, bytes] = field(default_factory=dict)
    _count: int = 1

    @staticmethod
    def of(case: Case, facts: Mapping[str, str], *, as_written: bool = False) -> Values:
        """The values that a case begins with."""
        return Values(facts, case.values, as_written)

    def __setitem__(self, name: str, octets: bytes) -> None:
        self._set[name] = octets

    def __contains__(self, name: str) -> bool:
        return name in self._set or name in self.row or name in self.facts

    def count(self, number: int, name: str | None) -> None:
        """Sets the counter of the repetition that runs."""
        self._count = number
        if name:
            self._set[name] = b"%d" % number

    def render(self, template: Template) -> bytes:
        """The template's octets; raises UsageError where a variable has no value."""
        parts = []
        filling: tuple[int, Fill] | None = None
        for index, piece in enumerate(template.pieces):
            if isinstance(piece, Fill):
                filling = (index, piece)
                parts.append(b"")
            else:
                parts.append(piece if isinstance(piece, bytes) else self._value(piece))
        if filling is None:
            return b"".join(parts)
        index, fill = filling
        before, after = b"".join(parts[:index]), b"".join(parts[index:])
        filler = _filler(fill, before, after)
        if fill.name:
            self._set[fill.name] = filler
        return before + filler + after

    def text(self, template: Template) -> str:
        """The template as text."""
        return self.render(template).decode("utf-8", "backslashreplace")

    def pattern(self, template: Template) -> str:
        """A regular expression with its variables' values escaped."""
        return "".join(
            re.escape(self._value(piece).decode("utf-8", "backslashreplace"))
            if isinstance(piece, Variable)
            else piece.decode()
            for piece in template.pieces
            if not isinstance(piece, Fill)
        )

    def number(self, variable: Variable) -> int:
        """A variable that stands for a number."""
        return int(self._value(variable))

    def _value(self, variable: Variable) -> bytes:
        if self.as_written and variable.written is not None:
            return variable.written
        name = variable.name
        if name in self._set:
            return self._set[name]
        if name in self.row:
            return self.render(self.row[name])
        if name == "too_much" and "over_size" in self.facts:
            return _lines(int(self.facts["over_size"]))  # made here: it is as large as it says
        if name not in self.facts:
            raise UsageError(f"{variable.at}: {{{name}}} has no value here")
        return self.facts[name].replace("{n}", str(self._count)).encode()


def render_write(write: Write, values: Values) -> tuple[Segment, ...]:
    """What goes out at once, in order: one segment, unless lines are split or come later."""
    return _segments(write, _render_lines(write, values))


def _render_lines(write: Write, values: Values) -> list[bytes]:
    """The lines' octets; those that hold {size} come last, for they count what follows them."""
    _fill_up(write, values)
    lines = [b""] * len(write.lines)
    sized = [index for index, line in enumerate(write.lines) if holds_size(line.octets)]
    for index, line in enumerate(write.lines):
        if index not in sized:
            lines[index] = values.render(line.octets)
    # A second chunk in the same write begins a count of its own.
    for index, end in pairwise([*sized, len(lines)]):
        values["size"] = b"%d" % sum(map(len, lines[index + 1 : end]))
        lines[index] = values.render(write.lines[index].octets)
    return lines


def _fill_up(write: Write, values: Values) -> None:
    """Sets what makes this text as large as the target takes, if it is to be."""
    names = (variable.name for line in write.lines for variable in line.octets.variables)
    name = next((name for name in names if name in FULL), None)
    if name is None or "over_size" not in values.facts:
        return
    values[name] = b""
    texts = [b"" if holds_size(it.octets) else values.render(it.octets) for it in write.lines]
    text = b"".join(texts)  # what says how long a chunk is is no part of it
    values[name] = FULL[name](int(values.facts["over_size"]) - 1 - size_of(text))


def _segments(write: Write, lines: Sequence[bytes]) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    held, after = b"", 0.0

    def flush() -> None:
        nonlocal held, after
        if held:
            segments.append(Segment(held, after))
            held, after = b"", 0.0

    for line, octets in zip(write.lines, lines, strict=True):
        if line.after or line.split_every:
            flush()
            after = line.after
        if line.split_every:
            for octet in octets:
                held = bytes([octet])
                flush()
        elif line.split:
            held += octets[: line.split]
            flush()
            held = octets[line.split :]
        else:
            held += octets
    flush()
    return tuple(segments)


def _lines(size: int) -> bytes:
    """Whole lines that are so many octets, or up to a line more."""
    return _LINE * (size // len(_LINE) + 1)


def _filler(fill: Fill, before: bytes, after: bytes) -> bytes:
    """So many x that the line around them is as long as it should be."""
    end = after.find(b"\n") + 1 or len(after)
    length = len(before) - (before.rfind(b"\n") + 1) + end
    if length > fill.size:
        raise UsageError(
            f"{fill.at}: {{fill {fill.size}}} in a line that has {length} octets without it"
        )
    return b"x" * (fill.size - length)
