"""A dialogue's lines before they mean anything: their indentation, and the mark that opens each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.documents import Complaints, Place, TextNode
from harness.transcripts.model import Role
from harness.transcripts.templates import NAME, Names

MAX_DEPTH = 20  # of lines below each other: nine dialogues in branches of branches

_MARK = re.compile(r"(C|S|R|\*)(?:\(([^()]*)\))?([:!]?)(.*)", re.DOTALL)
_BELOW = frozenset({"best", "has", "lacks", "enhanced", "octets", "wellformed", "text", "line",
                    "lines", "within", "first", "as", "on", "else:", "split", "after", "or",
                    "fails", "password", "spoil", "decoded", "start", "over", "not", "params",
                    "waits", "alone"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setting:
    """What a dialogue's reading depends on besides its text, and where complaints go."""

    complaints: Complaints
    names: Names = field(default_factory=Names)
    role: Role = Role.SERVER
    folder: Path = field(default_factory=Path)  # of the suite: `* send FILE` starts there
    is_exact: bool = False  # `texts: exact`
    values: frozenset[str] = frozenset()  # what the rows of `each:` set


@dataclass(frozen=True, slots=True)
class Row:
    """A line without its indentation, and the lines that are indented below it."""

    text: str
    at: Place
    below: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Utterance:
    """A line cut at its mark: `C(again)! QUIT\\r\\n`."""

    mark: str  # C, S or *
    is_raw: bool  # C! and S!
    connection: str
    text: str
    text_at: Place
    at: Place
    below: tuple[Row, ...]


def read_rows(block: TextNode, complaints: Complaints) -> tuple[Row, ...]:
    """The lines of a dialogue as a tree; blank lines and comments are gone."""
    if not block.is_literal:
        complaints.add(block.at, "a dialogue must be a literal block", "write `dialogue: |`")
        return ()
    lines = []
    for text, at in block.lines():
        bare = text.rstrip(" \t")
        if not bare or bare.lstrip().startswith("#"):
            continue
        if bare != text:
            complaints.add(at.onward(len(bare), len(text) - len(bare)),
                           "blanks at the line's end",
                           r"nobody can see them; write C! ...\x20\r\n")  # fmt: skip
        indent = len(bare) - len(bare.lstrip(" "))
        lines.append((indent, bare[indent:], at.onward(indent, len(bare) - indent)))
    return _tree(lines, complaints, 0)


def _tree(
    lines: list[tuple[int, str, Place]], complaints: Complaints, depth: int
) -> tuple[Row, ...]:
    """Groups lines under the shallower line before them."""
    if lines and depth > MAX_DEPTH:
        complaints.add(lines[0][2], "indented too deeply", f"{MAX_DEPTH} levels are enough")
        return ()
    rows, index = [], 0
    while index < len(lines):
        indent, text, at = lines[index]
        if indent < lines[0][0]:
            complaints.add(at, "this indentation fits no line above")
        end = index + 1
        while end < len(lines) and lines[end][0] > indent:
            end += 1
        rows.append(Row(text, at, _tree(lines[index + 1 : end], complaints, depth + 1)))
        index = end
    return tuple(rows)


def read_utterances(rows: Iterable[Row], complaints: Complaints) -> list[Utterance]:
    """The lines that begin with a mark; complains of the others."""
    found = (_utterance(row, complaints) for row in rows)
    return [utterance for utterance in found if utterance is not None]


def _utterance(row: Row, complaints: Complaints) -> Utterance | None:
    match = _MARK.fullmatch(row.text)
    if match is None or (match[1] == "*") == bool(match[3]):
        _complain_of_line(row, complaints)
        return None
    mark, name, sign, text = match.groups()
    if mark == "R":
        complaints.add(row.at, "`R:` is the receiver in RFC 3030's samples, where `S:` sends",
                       "here the client speaks after C: and the server after S:")  # fmt: skip
        return None
    if name is not None and not re.fullmatch(NAME, name):
        complaints.add(row.at, f"{name!r} is no name for a connection", "a letter opens a name")
        return None
    begin = match.start(4) + text.startswith(" ")
    at = row.at.onward(begin, len(row.text) - begin)
    return Utterance(mark, sign == "!", name or "", text.removeprefix(" "), at, row.at, row.below)


def _complain_of_line(row: Row, complaints: Complaints) -> None:
    word = row.text.split()[0]
    if word in _BELOW:
        complaints.add(row.at, f"`{word}` belongs to a line above", "indent it below that line")
    else:
        complaints.add(row.at, f"no line begins with {word!r}", "there are C: C! S: and *")
