"""The story of one case, for people: what was due, what came, where it is written, what was said.

Made once, here; terminal, JUnit and pytest all show this text.  What a peer said is escaped before
it gets into a line, so whoever prints a story need not think about it again.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from harness.reports.dialogue import MARGIN, rows
from harness.results import Outcome, Surprise, Verdict
from harness.visible import harmless, one_line

WIDTH = 96
LONG = 400  # characters of one wanted or met value


class Part(Enum):
    """What a line of a story is, so that a terminal can colour it."""

    HEADLINE = auto()
    TITLE = auto()
    TEXT = auto()
    PLACE = auto()
    SOURCE = auto()
    CARET = auto()
    NOTE = auto()
    CLIENT = auto()
    SERVER = auto()
    HAPPENED = auto()
    COMMAND = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a story."""

    text: str
    part: Part = Part.TEXT


_WHO = {"C": Part.CLIENT, "S": Part.SERVER, "*": Part.HAPPENED}


def story(outcome: Outcome) -> list[Line]:
    """All there is to say about a case, its dialogue included."""
    return [*short_story(outcome), *_dialogue(outcome), *_again(outcome)]


def short_story(outcome: Outcome) -> list[Line]:
    """What was due and what came, without the dialogue."""
    return [
        *_head(outcome),
        *_requirements(outcome),
        *_reason(outcome),
        *_place(outcome),
        *_notes(outcome),
    ]


def brief_story(outcome: Outcome) -> list[Line]:
    """The dialogue, and no more around it than a case needs in which all went well."""
    return [*_head(outcome), *_reason(outcome), *_notes(outcome), *_dialogue(outcome)]


def as_text(lines: Iterable[Line]) -> str:
    """Lines as plain text, without a line end after the last."""
    return "\n".join(one_line(line.text) for line in lines)


def headline(outcome: Outcome) -> str:
    """The case in one line, never empty: where a reader has room for no more."""
    if outcome.surprise and outcome.verdict not in (Verdict.MET, Verdict.FIXED):
        wanted, met = _beginning(outcome.surprise.wanted), _beginning(outcome.surprise.met)
        return f"wanted {wanted}, met {met}"
    return _squeezed(outcome.reason) or outcome.verdict.value


def _head(outcome: Outcome) -> Iterator[Line]:
    yield Line(f"{outcome.verdict.value.upper()} {outcome.address}", Part.HEADLINE)
    yield Line(f"  {_squeezed(outcome.title)}", Part.TITLE)


def _requirements(outcome: Outcome) -> Iterator[Line]:
    for requirement in outcome.requirements:
        yield Line("")
        source = source_of(requirement.rfc, requirement.section, requirement.level)
        yield Line(f"  {source} [{requirement.id}]")
        yield from (
            Line(text)
            for text in textwrap.wrap(
                requirement.text, WIDTH, initial_indent="    ", subsequent_indent="    "
            )
        )


def source_of(rfc: str, section: str, level: str) -> str:
    """Where a requirement stands and how much it weighs there, in words."""
    if not rfc.isdigit():  # a draft, or custom
        return f"{rfc}: {section}" if rfc == level else f"{rfc}, section {section} ({level})"
    return f"RFC {rfc}, section {section} ({level})"


def _reason(outcome: Outcome) -> Iterator[Line]:
    if outcome.reason:
        yield Line("")
        yield from (Line(f"  {text}") for text in harmless(outcome.reason).splitlines())


def _place(outcome: Outcome) -> Iterator[Line]:
    """The author's line with a caret below it, as compilers do."""
    spot = outcome.surprise.at if outcome.surprise else outcome.at
    number = str(spot.line)
    gutter = " " * len(number)
    yield Line("")
    yield Line(f"  {gutter}--> {spot}", Part.PLACE)
    source = harmless(spot.text.rstrip().replace("\t", " "))
    if source:
        yield Line(f"  {gutter} |", Part.PLACE)
        yield Line(f"  {number} | {source}", Part.SOURCE)
    if outcome.surprise:
        yield from _carets(f"  {gutter} | ", source, outcome.surprise)


def _carets(gutter: str, source: str, surprise: Surprise) -> Iterator[Line]:
    inner = source.lstrip()
    caret = " " * (len(source) - len(inner)) + "^" * max(1, len(inner))
    if len(caret) > WIDTH // 2:  # no room beside it
        yield Line(gutter + caret[:WIDTH], Part.CARET)
        caret = "   "
    first, later = f"{gutter}{caret} ", gutter + " " * (len(caret) + 1)
    yield from _value(first + "wanted ", later + "       ", surprise.wanted)
    yield from _value(later + "met    ", later + "       ", surprise.met)
    if surprise.detail:
        yield Line(gutter.rstrip(), Part.PLACE)
    for text in surprise.detail:
        for line in harmless(text).split("\n"):
            yield Line(f"{gutter}{line}".rstrip(), Part.NOTE)


def _value(first: str, later: str, value: str) -> Iterator[Line]:
    texts = [_shortened(text) for text in harmless(value).split("\n") if text] or ["nothing"]
    for text in texts:
        yield Line(first + text, Part.CARET)
        first = later


def _shortened(text: str) -> str:
    if len(text) <= LONG:
        return text
    half = LONG // 2
    return f"{text[:half]} [... {len(text) - LONG} characters ...] {text[-half:]}"


def _notes(outcome: Outcome) -> Iterator[Line]:
    for note in outcome.notes:
        yield Line(f"  = note: {_squeezed(note)}", Part.NOTE)


def _dialogue(outcome: Outcome) -> Iterator[Line]:
    if not outcome.exchanges:
        return
    ports = ", ".join(map(str, outcome.ports))
    ours = f" Our port was {ports}." if ports else ""
    yield Line("")
    yield Line(f"  The dialogue, in seconds since the case began.{ours}")
    surprise = outcome.surprise
    near = surprise.exchange if surprise else None
    shown = rows(outcome.exchanges, near)
    last = max((place for place, row in enumerate(shown) if row.exchange == near), default=None)
    for place, row in enumerate(shown):
        yield Line(row.text, _WHO[row.who])
        if surprise and place == last:
            wanted = _beginning(surprise.wanted)
            yield Line(f"{'':{MARGIN}} ^^ wanted {wanted}", Part.CARET)


def _again(outcome: Outcome) -> Iterator[Line]:
    if outcome.replay:
        yield Line("")
        yield Line("  Run this case again:")
        yield Line(f"    {outcome.replay}", Part.COMMAND)


def _beginning(value: str) -> str:
    """A value that has room for two of its lines: what it is, and how it begins."""
    lines = value.split("\n")
    shown = _shortened(_squeezed(" ".join(lines[:2]))) or "nothing"
    return f"{shown} ..." if len(lines) > 2 else shown


def _squeezed(text: str) -> str:
    return " ".join(harmless(text).split())
