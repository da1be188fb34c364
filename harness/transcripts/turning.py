"""Turning: the same dialogue with the other side under test.

What a server had to say is said by us, what we said must be heard.  Only a dialogue that is
written out can be turned: a class such as 5xx cannot be said, and an action belongs to its side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NoReturn

from harness.errors import UsageError
from harness.protocol.replies import reply
from harness.transcripts.hearing import heard_lines
from harness.transcripts.matching import fits
from harness.transcripts.model import Case, Role
from harness.transcripts.needs import inferred_needs
from harness.transcripts.steps import (
    Bind,
    Expect,
    Hangup,
    Hear,
    Line,
    Repeat,
    Say,
    Silence,
    Start,
    StartTls,
    Step,
    Tls,
    Wait,
    Write,
)
from harness.transcripts.templates import joined, literal
from harness.transcripts.wants import Template, Variable, Want

_CRLF = b"\r\n"
_REPLY = re.compile(rb"([2-5][0-9][0-9])([ -]|$)")


def turned(case: Case) -> Case:
    """The case with server and client exchanged; raises UsageError where it cannot be."""
    if case.role is Role.RELAY:
        raise UsageError(f"{case.at}: a relay's case has no other side")
    if case.start is not Start.CONNECT:
        raise UsageError(f"{case.at}: only a dialogue that begins at the connection can be turned")
    role = Role.SERVER if case.role is Role.CLIENT else Role.CLIENT
    steps = tuple(_turn(case.steps, role))
    needs = inferred_needs(role=role, start=case.start, over=case.over, steps=steps, others=(),
                           values=case.values)  # fmt: skip
    return replace(case, role=role, steps=steps, needs=tuple(dict.fromkeys(needs)),
                   caught_by=None, delivered=(), not_delivered=(), bounced=())  # fmt: skip


def _turn(steps: Iterable[Step], role: Role) -> Iterator[Step]:
    """The steps from the other side; client lines in a row are one write again."""
    write: Write | None = None
    for step in _each(steps, role):
        if isinstance(step, Write):
            write = step if write is None else replace(write, lines=write.lines + step.lines)
            continue
        if write is not None:
            yield write
            write = None
        yield step
    if write is not None:
        yield write


def _each(steps: Iterable[Step], role: Role) -> Iterator[Step]:
    for step in steps:
        match step:
            case Write():
                yield from _heard(step)
            case Expect():
                yield from _said(step, role)
            case Hear():
                yield _written(step)
                yield from _turn(_taken(step), role)
            case Say():
                yield from _expected(step)
            case Hangup():
                yield Expect(want=Want(("close",)), connection=step.connection, at=step.at)
            case Repeat():
                yield replace(step, steps=tuple(_turn(step.steps, role)))
            case Silence() | Wait() | StartTls() | Tls():
                yield step
            case _:
                _refuse(step, "what is done here belongs to one side alone")


def _refuse(step: Step, reason: str) -> NoReturn:
    raise UsageError(f"{step.at}: this dialogue cannot be turned: {reason}")


# --- from a server's case to a client's ------------------------------------------------------


def _heard(write: Write) -> Iterator[Hear]:
    for line in write.lines:
        patterns, rest = heard_lines(line.octets)
        if rest:
            _refuse(write, "a line does not end here")
        for pattern in patterns:
            yield Hear(pattern=pattern, connection=write.connection, at=line.at)


def _said(expect: Expect, role: Role) -> Iterator[Step]:
    """The first code that is wanted, with the text that stands beside it."""
    code = next((it for it in expect.want.alternatives if it.isdigit()), None)
    if expect.want.alternatives == ("close",):
        yield Hangup(connection=expect.connection, at=expect.at)
    elif code is None:
        _refuse(expect, f"{expect.want} cannot be said, a code is needed")
    elif not expect.want.optional:
        yield Say(octets=_as_said(expect, code), connection=expect.connection, at=expect.at)
        yield from _turn(_branch_for(expect, code), role)


def _as_said(expect: Expect, code: str) -> Template:
    """Its lines, the last one's want narrowed to the code."""
    *first, last = expect.said
    opening = next(iter(last.pieces))
    assert isinstance(opening, bytes), "a want opens the line"
    text = opening.removeprefix(str(expect.want).encode())
    lines = [*first, Template((code.encode() + text, *last.pieces[1:]))]
    return joined(*(part for line in lines for part in (line, literal(_CRLF))))


def _branch_for(expect: Expect, code: str) -> tuple[Step, ...]:
    said = reply(int(code))
    branches = (it for it in expect.branches if it.want is None or fits(it.want, said))
    return next((branch.steps for branch in branches), ())


# --- from a client's case to a server's ------------------------------------------------------


def _written(hear: Hear) -> Write:
    pieces = [
        Variable(piece.name, piece.at, piece.written) if isinstance(piece, Bind) else piece
        for piece in hear.pattern
    ]
    octets = joined(Template(tuple(pieces)), literal(_CRLF))
    return Write(lines=(Line(octets=octets, at=hear.at),), connection=hear.connection, at=hear.at)


def _taken(hear: Hear) -> tuple[Step, ...]:
    """The branch of the line itself."""
    opening = next(iter(hear.pattern), b"")
    words = opening.decode("ascii", "replace").split() if isinstance(opening, bytes) else []
    verb = words[0].upper() if words else ""
    branches = (branch for branch in hear.branches if branch.verb in (verb, None))
    return next((branch.steps for branch in branches), ())


def _expected(say: Say) -> Iterator[Expect]:
    """Replies that are due, one for each that we said."""
    lines, rest = heard_lines(say.octets)
    said: list[Template] = []
    for pattern in [*lines, *([rest] if rest else [])]:
        opening = next(iter(pattern), b"")
        match = _REPLY.match(opening) if isinstance(opening, bytes) else None
        if match is None:
            _refuse(say, "what is said here is no reply")
        pieces = (Variable(it.name, it.at, it.written) if isinstance(it, Bind) else it
                  for it in pattern)  # fmt: skip
        said.append(Template(tuple(pieces)))
        if match[2] == b"-":
            continue
        want = Want((match[1].decode(),))
        yield Expect(want=want, said=tuple(said), connection=say.connection, at=say.at)
        said = []
