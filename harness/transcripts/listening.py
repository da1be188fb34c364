"""Listening: a line that a client said against the line that it must say.  Pure.

Verbs, mechanisms and parameters compare without case (RFC 5321 2.4), all else as it is written.
Where the dialogue puts a blank behind the colon of MAIL FROM: or RCPT TO:, as old textbooks do,
the client need not; where it puts none, the client must not (RFC 5321 3.3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.results import Surprise
from harness.transcripts.hearing import Pattern, heard
from harness.transcripts.matching import spelled, spot
from harness.transcripts.steps import Bind, Hear, HearBranch
from harness.transcripts.templates import joined
from harness.transcripts.wants import Fill, Template, Variable

_PATH_VERB = re.compile(rb"(?:MAIL FROM|RCPT TO):", re.IGNORECASE)
_HEAD = re.compile(rb"MAIL FROM:|RCPT TO:|AUTH \S+|[A-Z][A-Z0-9]{3,}(?= |$)")
_PARAMETER = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]*(?:=[!-<>-~]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The client said what it must, or an alternative; `bound` are the variables it filled in."""

    bound: Mapping[str, bytes] = field(default_factory=dict)
    branch: HearBranch | None = None
    closed: bool = False  # it hung up, and may


def listen(
    hear: Hear,
    line: bytes | None,
    *,
    row: Mapping[str, Template] | None = None,
    as_written: bool = False,
) -> Said | Surprise:
    """Whether the client's line is the one that is due; None is that it hung up.

    What the case's `row` sets is not bound but compared.
    """
    hear = replace(hear, pattern=_resolved(hear.pattern, row or {}, as_written))
    if line is None:
        return _hung_up(hear)
    bare = line.removesuffix(b"\r\n")
    match = _pattern(hear).fullmatch(bare)
    if match:
        return _accept(hear, bare, match)
    verb = _verb(bare)
    if verb in hear.alternatives:
        return Said(branch=_branch(hear, verb))
    return _surprise(hear, spelled(bare) or "an empty line")


def _hung_up(hear: Hear) -> Said | Surprise:
    if "close" in hear.alternatives:
        return Said(branch=_branch(hear, "close"), closed=True)
    return _surprise(hear, "the connection was closed")


def _accept(hear: Hear, line: bytes, match: re.Match[bytes]) -> Said | Surprise:
    wrong = _wrong_parameters(hear, match.groupdict().get("parameters") or b"")
    if wrong:
        return _surprise(hear, spelled(line), wrong)
    bound = {
        piece.name: match[f"bind{number}"]
        for number, piece in enumerate(hear.pattern)
        if isinstance(piece, Bind)
    }
    return Said(bound=bound, branch=_branch(hear, _verb(line)))


def _surprise(hear: Hear, met: str, *detail: str) -> Surprise:
    due = spelled(
        b"".join(
            b"{%s}" % piece.name.encode() if isinstance(piece, Bind) else piece
            for piece in hear.pattern
        )
    )
    return Surprise(
        at=spot(hear.at), wanted="|".join([due, *hear.alternatives]), met=met, detail=detail
    )


def _branch(hear: Hear, verb: str) -> HearBranch | None:
    return next((it for it in hear.branches if it.verb in (verb, None)), None)


def _verb(line: bytes) -> str:
    return line.split(b" ", 1)[0].decode("ascii", "replace").upper()


# --- the pattern -----------------------------------------------------------------------------


def _resolved(pattern: Pattern, row: Mapping[str, Template], as_written: bool) -> Pattern:
    """The pattern with all literal that is known beforehand."""
    pieces: list[bytes | Variable | Fill] = []
    for piece in pattern:
        if isinstance(piece, bytes):
            pieces.append(piece)
        elif as_written and piece.written is not None:
            pieces.append(piece.written)
        elif piece.name in row:
            pieces += row[piece.name].pieces
        else:
            pieces.append(Variable(piece.name, piece.at))
    return heard(joined(Template(tuple(pieces))))


def _pattern(hear: Hear) -> re.Pattern[bytes]:
    """The line as an expression; parameters may follow where there is a path."""
    last = len(hear.pattern) - 1
    first = next(iter(hear.pattern), b"")
    has_path = isinstance(first, bytes) and _PATH_VERB.match(first)
    parts = []
    for number, piece in enumerate(hear.pattern):
        if isinstance(piece, Bind):
            parts.append(b"(?P<bind%d>.*?)" % number)
        elif number == 0:
            parts.append(_opening(piece))
        elif number == last and has_path:
            parts.append(_closing(piece))
        else:
            parts.append(re.escape(piece))
    tail = rb"(?P<parameters>(?: +\S+)*)" if has_path else b""
    return re.compile(b"".join(parts) + tail, re.DOTALL)


def _opening(literal: bytes) -> bytes:
    match = _HEAD.match(literal)
    if match is None:
        return re.escape(literal)
    rest = literal[match.end() :]
    blank = b" *" if match[0].endswith(b":") and rest.startswith(b" ") else b""
    path, end, parameters = (rest.lstrip(b" ") if blank else rest).rpartition(b"> ")
    return (
        b"(?i:%s)" % re.escape(match[0])
        + blank
        + re.escape(path + end)
        + b"(?i:%s)" % re.escape(parameters)
    )


def _closing(literal: bytes) -> bytes:
    path, end, parameters = literal.rpartition(b"> ")
    return re.escape(path + end) + b"(?i:%s)" % re.escape(parameters)


# --- parameters ------------------------------------------------------------------------------


def _wrong_parameters(hear: Hear, octets: bytes) -> str:
    """What is wrong with the parameters behind a path, or nothing."""
    if hear.params is None:
        return ""
    given = {}
    for word in octets.split():
        if not _PARAMETER.fullmatch(word):
            return f"{spelled(word)} is no parameter"
        name, _, value = word.decode().upper().partition("=")
        if name in given:
            return f"{name} is given twice"
        given[name] = value
    allowed = {}
    for entry in hear.params:
        name, _, value = entry.removesuffix("?").partition("=")
        allowed[name] = value
        if not entry.endswith("?") and name not in given:
            return f"the parameter {name} is missing"
    for name, value in given.items():
        if name not in allowed:
            return f"the parameter {name} is not allowed"
        if allowed[name] and allowed[name] != value:
            return f"the parameter {name} is {value}, not {allowed[name]}"
    return ""
