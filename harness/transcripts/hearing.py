"""Where the harness is the server: what it says (`S:`) and what the client must say (`C:`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from harness.documents import Place
from harness.transcripts.branching import ReadSteps, part_branches, read_branches
from harness.transcripts.dialogue import Row, Setting, Utterance
from harness.transcripts.expecting import read_silence
from harness.transcripts.forms import Form, Found, form, read_modifiers, refuse_below
from harness.transcripts.steps import (
    Bind,
    Hangup,
    Hear,
    HearBranch,
    HearText,
    Say,
    Silence,
)
from harness.transcripts.templates import NAME, joined, literal, read_octets, read_text
from harness.transcripts.wants import Fill, Template, Variable

Pattern = tuple[bytes | Bind, ...]

_ALL_LINES = re.compile(rf"\{{({NAME})\.\.\.\}}")
_PARAMETER = r"[A-Za-z0-9][A-Za-z0-9-]*(?:=[^\s?]+)?\??"
_VERB = re.compile(r"[A-Za-z][A-Za-z0-9]*")


# --- what we say -----------------------------------------------------------------------------


def read_said(utterances: Sequence[Utterance], setting: Setting) -> list[Say | Hangup | Silence]:
    """Consecutive `S:` lines go out in one write; `close` hangs up, `silence 2s` only listens."""
    said: list[Say | Hangup | Silence] = []
    for utterance in utterances:
        step = _one_said(utterance, setting)
        last = said[-1] if said else None
        if isinstance(step, Say) and isinstance(last, Say):
            octets = joined(last.octets, step.octets)
            said[-1] = Say(octets=octets, connection=last.connection, at=last.at)
        elif step is not None:
            said.append(step)
    return said


def _one_said(line: Utterance, setting: Setting) -> Say | Hangup | Silence | None:
    if not line.is_raw and line.text.split(" ", 1)[0] == "silence":
        return read_silence(line, setting)
    for row in line.below[:1]:
        setting.complaints.add(row.at, "nothing may stand below what the harness says",
                               "modifiers belong to what the target says")  # fmt: skip
    if not line.is_raw and line.text == "close":
        return Hangup(connection=line.connection, at=line.at)
    if line.is_raw:
        octets = read_octets(line.text, line.text_at, setting.names, setting.complaints)
    else:
        text = read_text(line.text, line.text_at, setting.names, setting.complaints)
        octets = joined(text, literal(b"\r\n"))
    return Say(octets=octets, connection=line.connection, at=line.at)


# --- what the client must say ----------------------------------------------------------------


def read_heard(line: Utterance, setting: Setting, steps: ReadSteps) -> Hear | HearText | None:
    """One `C:` line: a pattern, or `{text...}` for all lines to the lone dot."""
    whole = None if line.is_raw else _ALL_LINES.fullmatch(line.text)
    if whole:
        for row in line.below:
            refuse_below(Row(line.text, line.at, (row,)), setting.complaints)
        return HearText(name=whole[1], connection=line.connection, at=line.at)
    pattern = _pattern(line, setting)
    if pattern is None:
        return None
    modifiers, branches = part_branches(line.below)
    more = read_modifiers(modifiers, _MODIFIERS, setting)
    verbs = {*more.get("alternatives", ()), *_verb(pattern)}

    def make(row: Row, word: str | None, at: Place) -> HearBranch | None:
        inner = steps(row.below)
        verb = word if word in (None, "close") else str(word).upper()
        if verb is not None and verb not in verbs and _verb(pattern):
            setting.complaints.unknown(at, "branch", verb, verbs)
        return HearBranch(verb=verb, steps=inner, at=row.at)

    more["branches"] = read_branches(branches, setting, make)
    return Hear(pattern=pattern, connection=line.connection, at=line.at, **more)


def _pattern(line: Utterance, setting: Setting) -> Pattern | None:
    complaints = setting.complaints
    if line.is_raw:
        template = read_octets(line.text, line.text_at, setting.names, complaints)
    else:
        text = read_text(line.text, line.text_at, setting.names, complaints)
        template = joined(text, literal(b"\r\n"))
    patterns, rest = heard_lines(template)
    if len(patterns) != 1 or rest:
        complaints.add(line.text_at, "this is not one line",
                       r"what a client must say ends in \r\n, once")  # fmt: skip
        return None
    _complain_of_pattern(patterns[0], setting)
    return patterns[0]


def heard_lines(template: Template) -> tuple[list[Pattern], Pattern]:
    """Octets to send as lines to be heard, without CRLF; and what is left after the last CRLF."""
    lines: list[Pattern] = []
    line: list[bytes | Bind] = []
    for piece in heard(template):
        if isinstance(piece, Bind):
            line.append(piece)
            continue
        *ended, rest = piece.split(b"\r\n")
        for part in ended:
            lines.append((*line, part) if part else tuple(line))
            line = []
        line += [rest] if rest else []
    return lines, tuple(line)


def heard(template: Template) -> Pattern:
    """Octets to send as octets to be heard: what was filled in is bound."""
    return tuple(map(_heard, template.pieces))


def _heard(piece: bytes | Variable | Fill) -> bytes | Bind:
    match piece:
        case Variable():
            return Bind(piece.name, piece.at, piece.written)
        case Fill():
            return Bind(piece.name or "fill", piece.at)
    return piece


def _complain_of_pattern(pattern: Pattern, setting: Setting) -> None:
    """Complains of two variables that nothing parts."""
    for one, other in pairwise(pattern):
        if not (isinstance(one, Bind) and isinstance(other, Bind)):
            continue
        if setting.values.isdisjoint({one.name, other.name}):
            setting.complaints.add(other.at, f"nothing parts {{{one.name}}} from {{{other.name}}}",
                                   "a variable binds up to the next literal")  # fmt: skip


def _verb(pattern: Pattern) -> set[str]:
    first = pattern[0] if pattern else b""
    match = _VERB.match(first.decode(errors="replace")) if isinstance(first, bytes) else None
    return {match[0].upper()} if match else set()


def _params(found: Found) -> Mapping[str, Any]:
    return {"params": tuple(word.upper() for word in found[1].split())}


def _alternative(found: Found) -> Mapping[str, Any]:
    return {"alternatives": (found[1] if found[1] == "close" else found[1].upper(),)}


_MODIFIERS: tuple[Form, ...] = (
    form("or RSET", rf"or ({_VERB.pattern})", _alternative),
    form("params SIZE? BODY?", rf"params((?: {_PARAMETER})*)", _params),
    form("waits", "waits", lambda _: {"waits": True}),
    form("alone", "alone", lambda _: {"alone": True}),
)
