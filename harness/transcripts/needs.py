"""Needs: what a case wants of a target, as words; most of it the dialogue itself shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from harness.documents import Complaints, TextNode
from harness.transcripts.catalogue import Catalogue
from harness.transcripts.model import Role
from harness.transcripts.scope import FACTS
from harness.transcripts.steps import (
    Auth,
    Connect,
    Sasl,
    Silence,
    Start,
    StartTls,
    Step,
    Tls,
    Wait,
    Write,
)
from harness.transcripts.walking import all_steps, names_set, templates
from harness.transcripts.wants import Template

PATIENCE = 2.0  # seconds of waiting from which on a case needs `slow`

# Words that no entry of the catalogue needs, yet a case may.
_OURS = frozenset(
    {"many", "slow", "crash", "two-rcpts", "greylist", "domain", "size-limit", "rcpt-limit"}
) | {
    *("ip-address", "clear", "anonymous"),  # a talk without TLS, a client that has not logged in
}
_AUTH = re.compile(rb"(?i:AUTH)\b")
_KEYWORD = re.compile(r"[A-Z0-9-]*[A-Z][A-Z0-9-]*")
_KEYWORDS = frozenset({"EXPN", "HELP", "VRFY"})  # of EHLO, besides those of the catalogue

_BY_START: Mapping[Start, tuple[str, ...]] = {
    Start.TLS: ("tls", "ext:STARTTLS"),
    Start.AUTH: ("auth",),
    Start.RECIPIENT: ("local-rcpt",),
    Start.DATA: ("local-rcpt",),
}
_BY_LISTENER = {
    "lmtp": ("lmtp",),
    "submission": ("submission-port",),
    "smtps": ("implicit-tls-port", "tls"),
    "submissions": ("submission-port", "implicit-tls-port", "tls"),
}
_SECURE = ("smtps", "submissions")  # STARTTLS is not offered there (RFC 8314 3.3)
_BY_ROLE = {Role.CLIENT: ("client-driver",), Role.RELAY: ("relay",)}


def read_needs(
    nodes: Iterable[TextNode], catalogue: Catalogue, complaints: Complaints
) -> tuple[str, ...]:
    """The words of `needs:`, `SIZE` being short for `ext:SIZE`; complains of unknown ones."""
    words = catalogue.needs | _OURS | {f"ext:{keyword}" for keyword in _KEYWORDS}
    short = {word.removeprefix("ext:") for word in words}
    needs = []
    for node in nodes:
        word = f"ext:{node.value}" if _KEYWORD.fullmatch(node.value) else node.value
        if word not in words and not word.startswith("ext:X"):
            complaints.unknown(node.at, "need", node.value, short)
        needs.append(word)
    return tuple(needs)


def inferred_needs(
    *,
    role: Role,
    start: Start,
    over: str | None,
    steps: tuple[Step, ...],
    others: Iterable[Template],
    values: Mapping[str, Template],
) -> Iterator[str]:
    """What the case shows by itself; `others` are the templates outside the dialogue."""
    yield from _BY_ROLE.get(role, ())
    yield from _BY_LISTENER.get(over or "", ())
    yield from _of_start(start, over)
    if start is not Start.AUTH and any(map(_logs_in, all_steps(steps))):
        yield "anonymous"
    bound: set[str] = set()
    for step in all_steps(steps):
        yield from _of_step(step, over)
        for template in templates(step):
            yield from _of_template(template, values, bound)
        bound.update(names_set(step))
    for template in others:
        yield from _of_template(template, values, bound)


def _logs_in(step: Step) -> bool:
    """Whether the client says AUTH by itself."""
    if isinstance(step, Write):
        first = (line.octets.pieces[:1] for line in step.lines)
        return any(
            piece and isinstance(piece[0], bytes) and _AUTH.match(piece[0]) for piece in first
        )
    return isinstance(step, Auth | Sasl)


def _of_start(start: Start, over: str | None) -> Iterator[str]:
    words = _BY_START.get(start, ())
    yield from (word for word in words if not (over in _SECURE and word == "ext:STARTTLS"))


def _of_template(
    template: Template, values: Mapping[str, Template], bound: set[str]
) -> Iterator[str]:
    for variable in template.variables:
        if variable.name in values:
            yield from _of_template(values[variable.name], {}, bound)
        elif variable.name not in bound:
            need = FACTS.get(variable.name)
            yield from [need] if need else []


def _of_step(step: Step, over: str | None) -> Iterator[str]:
    match step:
        case StartTls():
            yield from ("tls", "ext:STARTTLS")
        case Tls():
            yield from _of_start(Start.TLS, over)
        case Auth() | Sasl():
            yield "auth"
        case Connect():
            yield from _BY_LISTENER.get(step.over or "", ())
            yield from _of_start(step.start, step.over or over)
        case Silence() | Wait():
            yield from ["slow"] if step.seconds > PATIENCE else []
        case Write():
            yield from ["slow"] if any(line.after > PATIENCE for line in step.lines) else []
        case _:
            pass  # the other steps need nothing of their own
