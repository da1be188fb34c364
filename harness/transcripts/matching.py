"""Matching: a reply against what is wanted.  Pure: nothing here waits, and nothing raises.

A reply whose lines cannot be told from each other meets no want at all; smaller oddities matter
only to `wellformed`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.documents import Place
from harness.protocol.addresses import is_domain_or_literal
from harness.protocol.replies import (
    Fault,
    Reply,
    capability_faults,
    grammar_faults,
    read_capabilities,
)
from harness.protocol.sasl import decode64
from harness.results import Spot, Surprise
from harness.transcripts.steps import Branch, Expect
from harness.transcripts.variables import Values
from harness.transcripts.wants import (
    Check,
    Enhanced,
    ExactTexts,
    FirstWordIsDomain,
    Has,
    Lacks,
    LineCount,
    Octets,
    TextMatches,
    Want,
    WellFormed,
)
from harness.visible import excerpt, visible

_UNREADABLE = (Fault.BAD_LINE, Fault.CODE_CHANGED, Fault.ENDLESS)
_LONGEST = 300  # characters of a reply in a sentence; the dialogue below it has all


@dataclass(frozen=True, slots=True)
class Closed:
    """The server closed the connection: end of file, or a reset."""

    how: str = "the connection was closed"


@dataclass(frozen=True, slots=True)
class Silent:
    """No reply came in time, or no more than its beginning."""

    seconds: float
    begun: bytes = b""


Heard = Reply | Closed | Silent


@dataclass(frozen=True, slots=True)
class Context:
    """What the verdict on a reply depends on besides the reply."""

    values: Values
    offers_enhanced: bool = False  # ENHANCEDSTATUSCODES, and EHLO was said


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """As wanted; `branch` is the one to run next, if any fits."""

    notes: tuple[str, ...] = ()
    branch: Branch | None = None
    captured: bytes | None = None  # for `as NAME`


def check(expect: Expect, heard: Heard, context: Context) -> Met | Surprise:
    """Whether what was heard is what is wanted."""
    fault = next(
        (it for it in _UNREADABLE if isinstance(heard, Reply) and it in heard.faults), None
    )
    if fault is not None:
        return surprise(expect, heard, detail=(fault.value,))
    if not fits(expect.want, heard):
        return surprise(expect, heard)
    if isinstance(heard, Reply):
        wrong = [it for check in expect.checks if (it := _check(check, heard, context))]
        if wrong:
            return _wrong(expect, wrong)
    return Met(
        notes=_notes(expect, heard),
        branch=_branch(expect, heard),
        captured=_captured(expect, heard, context.values),
    )


def fits(want: Want, heard: Heard) -> bool:
    """Whether a reply, or its absence, is among what is wanted; its text does not matter."""
    if isinstance(heard, Reply):
        return any(_has_code(it, heard.code) for it in want.alternatives)
    return isinstance(heard, Closed) and "close" in want.alternatives


def surprise(expect: Expect, heard: Heard, *, detail: tuple[str, ...] = ()) -> Surprise:
    """The surprise of hearing this where something else is due."""
    wanted = "|".join(expect.want.alternatives)
    return Surprise(at=spot(expect.at), wanted=wanted, met=describe(heard), detail=detail)


def describe(heard: Heard) -> str:
    """What was heard, for a sentence."""
    if isinstance(heard, Closed):
        return heard.how
    if isinstance(heard, Silent):
        if heard.begun:
            return f"no line end within {heard.seconds:g} s, only {excerpt(heard.begun)}"
        return f"silence for {heard.seconds:g} s"
    if heard.code == 0:
        return f"no reply but {spelled(heard.octets[:_LONGEST])}"
    return str(heard)


def spot(at: Place) -> Spot:
    """The author's line, as reports show it."""
    return Spot(path=at.path, line=at.line, text=at.text.strip())


def spelled(octets: bytes) -> str:
    r"""Octets as one would write them after `octets` or C!: a blank at a line's end is \x20."""
    return re.sub(r" (?=$|\\r|\\n)", lambda _: r"\x20", visible(octets))


def _has_code(alternative: str, code: int) -> bool:
    if alternative == "any":
        return True
    digits = f"{code:03}"
    return len(digits) == len(alternative) and all(
        wanted in ("x", digit) for wanted, digit in zip(alternative, digits, strict=True)
    )


def _notes(expect: Expect, heard: Heard) -> tuple[str, ...]:
    if expect.best is None or fits(expect.best, heard):
        return ()
    best = " or ".join(expect.best.alternatives)
    came = str(heard.code) if isinstance(heard, Reply) else "close"
    return (f"{came} accepted, {best} would be best",)


def _branch(expect: Expect, heard: Heard) -> Branch | None:
    return next((it for it in expect.branches if it.want is None or fits(it.want, heard)), None)


def _captured(expect: Expect, heard: Heard, values: Values) -> bytes | None:
    """What the group of its `text ~` matched, else the text of the reply's first line."""
    if expect.capture is None or not isinstance(heard, Reply):
        return None
    for check in expect.checks:
        if isinstance(check, TextMatches) and not check.every:
            pattern = re.compile(values.pattern(check.pattern))
            lines = _decoded(heard) if check.decoded else heard.lines
            match = next(filter(None, map(pattern.search, lines)), None)
            if match and match.groups():
                return (match[1] or "").encode()
    return heard.lines[0].encode()


# --- checks ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What a check wanted of a reply, and what it met."""

    wish: str
    fact: str
    detail: tuple[str, ...] = ()


def _wrong(expect: Expect, wrong: list[_Wrong]) -> Surprise:
    first, *others = wrong
    also = tuple(f"also wanted {it.wish}, met {it.fact}" for it in others)
    wanted = f"{'|'.join(expect.want.alternatives)} with {first.wish}"
    return Surprise(at=spot(expect.at), wanted=wanted, met=first.fact, detail=first.detail + also)


def _check(check: Check, reply: Reply, context: Context) -> _Wrong | None:
    """What is wrong with the reply, or None."""
    match check:
        case Has():
            return _has(check, reply)
        case Lacks():
            return _lacks(check, reply)
        case Enhanced():
            return _enhanced(check, reply) if context.offers_enhanced else None
        case Octets():
            octets = context.values.render(check.octets)
            wish = f"the octets {spelled(octets)}"
            return None if reply.octets == octets else _Wrong(wish, spelled(reply.octets))
        case WellFormed():
            return _wellformed(check, reply)
        case TextMatches():
            return _matches(check, reply, context.values)
        case LineCount():
            count = len(reply.lines)
            return None if count == check.count else _Wrong(_lines(check.count), _lines(count))
        case FirstWordIsDomain():
            word = reply.lines[0].partition(" ")[0]
            wish = "a domain as its first word"
            return None if is_domain_or_literal(word) else _Wrong(wish, repr(word))
    return _exact(check, reply, context.values)  # the one that is left


def _has(check: Has, reply: Reply) -> _Wrong | None:
    keywords = read_capabilities(reply).keywords
    if check.keyword not in keywords:
        listed = ", ".join(keywords)
        return _Wrong(f"the keyword {check.keyword}", f"only {listed}" if listed else "no keyword")
    parameters = keywords[check.keyword]
    if check.parameter is None or _among(check.parameter, parameters):
        return None
    wish = f"the keyword {check.keyword} with {check.parameter}"
    return _Wrong(wish, " ".join([check.keyword, *parameters]))


def _lacks(check: Lacks, reply: Reply) -> _Wrong | None:
    parameters = read_capabilities(reply).keywords.get(check.keyword)
    if parameters is None or not (check.parameter is None or _among(check.parameter, parameters)):
        return None
    wish = " with ".join(filter(None, (f"no keyword {check.keyword}", check.parameter)))
    return _Wrong(wish, " ".join([check.keyword, *parameters]))


def _among(parameter: str, parameters: tuple[str, ...]) -> bool:
    return parameter.upper() in (it.upper() for it in parameters)


def _enhanced(check: Enhanced, reply: Reply) -> _Wrong | None:
    code = reply.enhanced
    wish = f"the enhanced code {check.pattern}"
    if code is None:
        return _Wrong(wish, f"none in {describe(reply)}")
    if not any(_same_code(pattern, str(code)) for pattern in check.pattern.split("|")):
        return _Wrong(wish, str(code))
    return None if reply.has_one_code else _Wrong(f"{code} in every line", describe(reply))


def _same_code(pattern: str, code: str) -> bool:
    pairs = zip(pattern.split("."), code.split("."), strict=True)
    return all(wanted in ("x", came) for wanted, came in pairs)


def _wellformed(check: WellFormed, reply: Reply) -> _Wrong | None:
    is_list = check.to_ehlo and reply.code == 250
    faults = capability_faults(reply) if is_list else grammar_faults(reply)
    if not faults:
        return None
    return _Wrong("a well-formed reply", faults[0], (*faults[1:], spelled(reply.octets)))


def _matches(check: TextMatches, reply: Reply, values: Values) -> _Wrong | None:
    pattern = values.pattern(check.pattern)
    if check.decoded:
        texts = _decoded(reply)
        is_met = any(re.search(pattern, text) for text in texts)
        wish = f"/{pattern}/ in what base64 stands for"
        return None if is_met else _Wrong(wish, " / ".join(map(repr, texts)) or describe(reply))
    unlike = [line for line in reply.lines if not re.search(pattern, line)]
    if check.every and unlike:
        return _Wrong(f"/{pattern}/ in every line", repr(unlike[0]))
    if not check.every and len(unlike) == len(reply.lines):
        return _Wrong(f"/{pattern}/ in a line", describe(reply))
    return None


def _decoded(reply: Reply) -> tuple[str, ...]:
    """What the lines stand for that are base64 (RFC 4954 4), the others left out."""
    octets = (decode64(line.encode()) for line in reply.lines)
    return tuple(it.decode("utf-8", "backslashreplace") for it in octets if it is not None)


def _exact(check: ExactTexts, reply: Reply, values: Values) -> _Wrong | None:
    texts = tuple(values.text(template) for template in check.texts)
    for wanted, came in zip(texts, reply.lines, strict=False):
        if wanted != came:
            return _Wrong(f"the text {wanted!r}", repr(came))
    if len(texts) != len(reply.lines):
        return _Wrong(_lines(len(texts)), _lines(len(reply.lines)))
    return None


def _lines(count: int) -> str:
    return f"{count} line" if count == 1 else f"{count} lines"
