"""Replies that are due: `S: WANT`, what is indented below it, and its branches."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.documents import Complaints, Place, read_duration
from harness.transcripts.branching import ReadSteps, part_branches, read_branches
from harness.transcripts.dialogue import Row, Setting, Utterance
from harness.transcripts.forms import Form, Found, form, read_modifiers
from harness.transcripts.steps import Branch, Expect, Silence
from harness.transcripts.templates import NAME, read_octets, read_regex, read_text
from harness.transcripts.wants import (
    Enhanced,
    ExactTexts,
    FirstWordIsDomain,
    Has,
    Lacks,
    LineCount,
    Octets,
    Template,
    TextMatches,
    Want,
    WellFormed,
)

_CODE = r"[2-5](?:[0-9][0-9]|[0-9]x|xx)"
_ALTERNATIVE = re.compile(rf"{_CODE}|any|close")
_CONTINUED = re.compile(r"([2-5][0-9][0-9])-(.*)", re.DOTALL)
_ENHANCED = r"[245x]\.(?:x|\d{1,3})\.(?:x|\d{1,3})"


def read_want(word: str, at: Place, complaints: Complaints) -> Want | None:
    """`250|4xx|close`, or `503?`; None after a complaint."""
    bare = word.removesuffix("?")
    alternatives = tuple(bare.split("|"))
    offset = 0
    for alternative in alternatives:
        if not _ALTERNATIVE.fullmatch(alternative):
            hint = "a reply is a code such as 250, a class such as 4xx or 55x, any, or close"
            if re.fullmatch("[2-5](?:yz|YZ|XX)", alternative):
                hint = f"the class is written {alternative[0]}xx"
            complaints.add(at.onward(offset, len(alternative) or 1),
                           f"{alternative!r} is no reply", hint)  # fmt: skip
            return None
        offset += len(alternative) + 1
    return Want(alternatives, optional=word.endswith("?"))


def overlap(one: Want, other: Want) -> bool:
    """Whether some reply fits both."""
    return any(_fits_both(a, b) for a in one.alternatives for b in other.alternatives)


def _fits_both(one: str, other: str) -> bool:
    if "close" in (one, other) or "any" in (one, other):
        return one == other or {one, other}.isdisjoint({"close"})
    return all(a == b or "x" in (a, b) for a, b in zip(one, other, strict=True))


def read_expects(
    utterances: Sequence[Utterance], setting: Setting, steps: ReadSteps
) -> list[Expect | Silence]:
    """Consecutive `S:` lines of one connection: a reply each, but for `250-` lines."""
    expects, lines = [], []
    for utterance in utterances:
        lines.append(utterance)
        if utterance.is_raw:
            setting.complaints.add(utterance.at, "`S!` is for what the harness says as a server",
                                   "to compare octets, indent `octets ...` below S:")  # fmt: skip
        elif _CONTINUED.match(utterance.text):
            continue
        expects.append(_one_reply(lines, setting, steps))
        lines = []
    if lines:
        code = lines[-1].text[:3]
        setting.complaints.add(lines[-1].at, "this reply has no end",
                               f"`S: {code} ...` ends what `S: {code}-...` begins")  # fmt: skip
    return [expect for expect in expects if expect is not None]


def _one_reply(
    lines: Sequence[Utterance], setting: Setting, steps: ReadSteps
) -> Expect | Silence | None:
    last = lines[-1]
    word = last.text.split(" ", 1)[0]
    if last.is_raw:
        return None
    if word == "silence":
        return read_silence(last, setting)
    want = _read_due(word, last, setting)
    for line in lines[:-1]:
        if want is not None and line.text[:3] != word:
            setting.complaints.add(line.at, f"a line of another reply than the {word} that ends it",
                                   "all lines of a reply carry its code")  # fmt: skip
    # Whatever was meant, what stands below is read all the same, for its own mistakes.
    want = want or Want(("any", "close"))
    more = _read_below(want, [row for line in lines for row in line.below], setting, steps)
    said = tuple(_said(line, setting) for line in lines)
    if setting.is_exact:
        more["checks"] = (*more.get("checks", ()), _exact(lines, word, setting))
    return Expect(want=want, said=said, connection=last.connection, at=lines[0].at, **more)


def _read_due(word: str, line: Utterance, setting: Setting) -> Want | None:
    if word:
        return read_want(word, line.text_at.onward(0, len(word)), setting.complaints)
    setting.complaints.add(line.at, "`S:` wants no reply",
                           "write a code, a class such as 4xx, any or close")  # fmt: skip
    return None


def read_silence(line: Utterance, setting: Setting) -> Silence | None:
    """`S: silence 2s`, or None after a complaint."""
    match = re.fullmatch(r"silence (\S+)", line.text)
    seconds = read_duration(match[1]) if match else None
    if seconds is None:
        setting.complaints.add(line.text_at, "how long is the silence?", "write `S: silence 2s`")
        return None
    read_modifiers(line.below, (), setting)
    return Silence(seconds=seconds, connection=line.connection, at=line.at)


def _said(line: Utterance, setting: Setting) -> Template:
    # Commentary may hold anything, so what is no variable is no mistake here.
    return read_text(line.text, line.text_at, setting.names, Complaints())


def _exact(lines: Sequence[Utterance], word: str, setting: Setting) -> ExactTexts:
    texts = []
    for line in lines:
        skipped = len(word) + 1
        at = line.text_at.onward(skipped, len(line.text) - skipped)
        texts.append(read_text(line.text[skipped:], at, setting.names, setting.complaints))
    return ExactTexts(tuple(texts), lines[-1].at)


# --- what is indented below ------------------------------------------------------------------


def _read_below(
    want: Want, rows: Sequence[Row], setting: Setting, steps: ReadSteps
) -> dict[str, Any]:
    def make(row: Row, word: str | None, at: Place) -> Branch | None:
        inner = steps(row.below)
        chosen = None if word is None else read_want(word, at, setting.complaints)
        if chosen is None:
            return Branch(want=None, steps=inner, at=row.at) if word is None else None
        if not overlap(chosen, want):
            setting.complaints.add(at, f"this branch is never taken: {want} is wanted above")
        return Branch(want=chosen, steps=inner, at=row.at)

    modifiers, branches = part_branches(rows)
    more = read_modifiers(modifiers, _MODIFIERS, setting)
    return more | {"branches": read_branches(branches, setting, make)}


def _best(found: Found) -> Mapping[str, Any]:
    best = read_want(found[1], found.place(1), found.setting.complaints)
    return {} if best is None else {"best": best}


def _octets(found: Found) -> Mapping[str, Any]:
    names, complaints = found.setting.names, found.setting.complaints
    return _check(Octets(read_octets(found[1], found.place(1), names, complaints), found.at))


def _matches(found: Found) -> Mapping[str, Any]:
    pattern = read_regex(found[2], found.place(2), found.setting.complaints)
    return _check(TextMatches(pattern, found[1] == "line", found.at, found[1] == "decoded"))


def _check(check: object) -> Mapping[str, Any]:
    return {"checks": (check,)}


_MODIFIERS: tuple[Form, ...] = (
    form("best 501", r"best (\S+)", _best),
    form("has KEYWORD [PARAM]", r"has (\S+)(?: (\S+))?",
         lambda it: _check(Has(it[1].upper(), it[2] or None, it.at))),
    form("lacks KEYWORD [PARAM]", r"lacks (\S+)(?: (\S+))?",
         lambda it: _check(Lacks(it[1].upper(), it[2] or None, it.at))),
    form("enhanced 5.5.x", rf"enhanced ({_ENHANCED}(?:\|{_ENHANCED})*)",
         lambda it: _check(Enhanced(it[1], it.at))),
    form(r"octets 334\x20\r\n", r"octets (.+)", _octets),
    form("wellformed", r"wellformed", lambda it: _check(WellFormed(it.at))),
    form("text ~ REGEX", r"(text) ~ (.+)", _matches),
    form("line ~ REGEX", r"(line) ~ (.+)", _matches),
    form("decoded ~ REGEX", r"(decoded) ~ (.+)", _matches),
    form("lines 2", r"lines (\S+)", lambda it: _check(LineCount(it.number(1), it.at))),
    form("within 5s", r"within (\S+)", lambda it: {"within": it.duration(1)}),
    form("first word is domain", r"first word is domain",
         lambda it: _check(FirstWordIsDomain(it.at))),
    form("as NAME", rf"as ({NAME})", lambda it: {"capture": it[1]}),
)  # fmt: skip
