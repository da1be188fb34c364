"""A dialogue for the eye: C: and S: lines with times, every odd octet visible, long parts folded.

A line that shows as `C:` or `S:` is exactly that text and a CRLF.  Whatever is odd (a trailing
blank, a bare LF, a control character, no line end) makes it `C!` or `S!` with escapes, the
transcript language's own notation, so that a reader never wonders which octets were meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.results import Exchange
from harness.visible import harmless, visible

MANY_ROWS = 60  # of a dialogue; its ends and what surrounds the surprise are kept
ENDS = 24
AROUND = 6
MANY_LINES = 14  # of one write, a message's body for instance
FIRST_LINES, LAST_LINES = 8, 4
LONG_LINE = 110  # octets
LINE_HEAD, LINE_TAIL = 64, 24
MARGIN = 9  # columns that the time takes


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a shown dialogue; `exchange` is the index of what it shows, -1 for a gap."""

    text: str
    who: str
    exchange: int


def rows(exchanges: Sequence[Exchange], near: int | None = None) -> list[Row]:
    """The dialogue, folded: its ends, and what surrounds the exchange `near`."""
    shown = [row for index, exchange in enumerate(exchanges) for row in _rows_of(index, exchange)]
    if len(shown) <= MANY_ROWS:
        return shown
    kept = {*range(ENDS), *range(len(shown) - ENDS, len(shown))}
    for place, row in enumerate(shown):
        if row.exchange == near:
            kept.update(range(place - AROUND, place + AROUND + 1))
    return list(_with_gaps(shown, kept))


def lines(octets: bytes, who: str, connection: str = "") -> list[str]:
    """Octets of one side as marked lines, the middle of many left out."""
    mark = f"{who}({connection})" if connection else who
    *whole, rest = octets.split(b"\n")
    split = [line + b"\n" for line in whole] + ([rest] if rest else [])
    if len(split) <= MANY_LINES:
        return [_marked(line, mark) for line in split]
    middle = split[FIRST_LINES:-LAST_LINES]
    return [
        *(_marked(line, mark) for line in split[:FIRST_LINES]),
        f"   ... {len(middle)} lines, {sum(map(len, middle))} octets left out ...",
        *(_marked(line, mark) for line in split[-LAST_LINES:]),
    ]


def _rows_of(index: int, exchange: Exchange) -> Iterator[Row]:
    time = f"{exchange.at:{MARGIN}.3f}"
    if exchange.who == "*":
        name = f"({exchange.connection})" if exchange.connection else ""
        happened = harmless(exchange.happened).replace("\n", " ")
        yield Row(f"{time} *{name}  {happened}", "*", index)
        return
    for text in lines(exchange.octets, exchange.who, exchange.connection):
        yield Row(f"{time} {text}", exchange.who, index)
        time = " " * MARGIN  # the rest of what came at the same moment


def _with_gaps(shown: Sequence[Row], kept: set[int]) -> Iterator[Row]:
    gap = 0
    for place, row in enumerate(shown):
        if place not in kept:
            gap += 1
            continue
        if gap:
            yield Row(f"{'':{MARGIN}} ... {gap} rows left out ...", "*", -1)
            gap = 0
        yield row


def _marked(line: bytes, mark: str) -> str:
    if _is_plain(line):
        return f"{mark}: {_folded(line[:-2], _as_text)}".rstrip()
    return f"{mark}! {_folded(line, visible)}"


def _is_plain(line: bytes) -> bool:
    """Whether nothing about the line is odd."""
    if not line.endswith(b"\r\n") or line.endswith((b" \r\n", b"\t\r\n")):
        return False
    try:
        return line[:-2].decode().isprintable()
    except UnicodeDecodeError:
        return False


def _folded(octets: bytes, show: Callable[[bytes], str]) -> str:
    if len(octets) <= LONG_LINE:
        return show(octets)
    left_out = len(octets) - LINE_HEAD - LINE_TAIL
    head, tail = octets[:LINE_HEAD], octets[-LINE_TAIL:]
    return f"{show(head)} [... {left_out} octets ...] {show(tail)}"


def _as_text(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace")  # a cut may part a character
