"""Colour, where a terminal wants it: a table from what a line is to how it looks.

No markup language stands between a line and the screen, because SMTP text is full of brackets
(`[127.0.0.1]`) that markup would eat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from harness.reports.story import Line, Part
from harness.results import Verdict

RESET = "\x1b[0m"
RED, GREEN, YELLOW, BLUE, CYAN = (f"\x1b[{code}m" for code in (31, 32, 33, 34, 36))
BOLD, DIM = "\x1b[1m", "\x1b[2m"

VERDICTS = {
    Verdict.MET: GREEN,
    Verdict.FAIL: BOLD + RED,
    Verdict.WARN: BOLD + YELLOW,
    Verdict.INFO: BOLD,
    Verdict.SKIP: DIM,
    Verdict.ERROR: BOLD + RED,
    Verdict.KNOWN: YELLOW,
    Verdict.FIXED: BOLD + GREEN,
}

PARTS = {
    Part.TITLE: BOLD,
    Part.PLACE: BLUE,
    Part.CARET: RED,
    Part.SERVER: CYAN,
    Part.HAPPENED: DIM,
    Part.COMMAND: BOLD,
}


def wants_colour(stream: TextIO, when: str, environment: Mapping[str, str]) -> bool:
    """Whether to colour: what `--color` says, then NO_COLOR, then FORCE_COLOR, then the stream."""
    if when != "auto":
        return when == "always"
    if environment.get("NO_COLOR"):  # no-color.org: set and not empty
        return False
    return bool(environment.get("FORCE_COLOR")) or (
        stream.isatty() and environment.get("TERM") != "dumb"
    )


def painted(line: Line, verdict: Verdict | None = None) -> str:
    """A line in its colour; a headline has that of the verdict."""
    if line.part is Part.HEADLINE and verdict is not None:
        return _in(VERDICTS[verdict], line.text)
    return _in(PARTS.get(line.part, ""), line.text)


def painted_word(word: str, verdict: Verdict) -> str:
    """A word in the colour of a verdict."""
    return _in(VERDICTS[verdict], word)


def _in(colour: str, text: str) -> str:
    return f"{colour}{text}{RESET}" if colour and text else text
