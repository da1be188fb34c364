"""Walking: all steps of a dialogue, those of its branches too, and the text that they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.transcripts.steps import (
    Bind,
    Connect,
    Expect,
    Hear,
    HearText,
    Repeat,
    Say,
    Step,
    Write,
)
from harness.transcripts.wants import (
    Check,
    ExactTexts,
    Fill,
    Octets,
    Template,
    TextMatches,
    Variable,
)


def all_steps(steps: Iterable[Step]) -> Iterator[Step]:
    """Every step, those of branches and repetitions after the step that holds them."""
    for step in steps:
        yield step
        if isinstance(step, Repeat):
            yield from all_steps(step.steps)
        elif isinstance(step, Expect | Hear):
            for branch in step.branches:
                yield from all_steps(branch.steps)


def templates(step: Step) -> Iterator[Template]:
    """The templates that a step itself will have rendered."""
    match step:
        case Write():
            yield from (line.octets for line in step.lines)
        case Expect():
            yield from templates_of(step.checks)
        case Repeat(by=Variable() as often):
            yield Template((often,))
        case Connect(after=Template() as after):
            yield after
        case Say():
            yield step.octets
        case _:
            pass  # the other steps hold none


def templates_of(checks: Iterable[Check]) -> Iterator[Template]:
    """The templates of checks."""
    for check in checks:
        match check:
            case Octets():
                yield check.octets
            case TextMatches():
                yield check.pattern
            case ExactTexts():
                yield from check.texts
            case _:
                pass  # the other checks hold none


def names_set(step: Step) -> Iterator[str]:
    """The variables that a step sets: a capture, a counter, a filling, what a client said."""
    match step:
        case Write():
            pieces = (piece for line in step.lines for piece in line.octets.pieces)
            yield from (it.name for it in pieces if isinstance(it, Fill) and it.name)
        case Expect(capture=str() as name) | Repeat(name=str() as name) | HearText(name=name):
            yield name
        case Hear():
            yield from (piece.name for piece in step.pattern if isinstance(piece, Bind))
        case _:
            pass  # the other steps set none
