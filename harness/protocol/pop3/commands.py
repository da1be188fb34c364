"""Command lines: a keyword and its arguments, single blanks between them (RFC 1939 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.protocol.pop3.order import Verb

_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Form:
    """How many arguments a command has; the last of them may be all the rest of the line."""

    least: int = 0
    most: int = 0
    takes_rest: bool = False


_NONE: Final = Form()

# RFC 1939 7: blanks may be part of a password, and then why not of a name.
FORMS: Final[Mapping[Verb, Form]] = {
    Verb.USER: Form(1, 1, takes_rest=True),
    Verb.PASS: Form(1, 1, takes_rest=True),
    Verb.APOP: Form(2, 2),
    Verb.AUTH: Form(1, 2),
    Verb.LIST: Form(0, 1),
    Verb.UIDL: Form(0, 1),
    Verb.RETR: Form(1, 1),
    Verb.TOP: Form(2, 2),
    Verb.DELE: Form(1, 1),
    **dict.fromkeys((Verb.STLS, Verb.CAPA, Verb.STAT, Verb.NOOP, Verb.RSET, Verb.QUIT), _NONE),
}


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is one."""

    verb: Verb
    arguments: tuple[str, ...]


class Odd(Exception):
    """A line is no command; says why, and which one it would be."""

    def __init__(self, words: str, verb: Verb | None = None) -> None:
        super().__init__(words)
        self.verb = verb


def read_command(line: bytes) -> Command:
    """The command on a line without its end; raises Odd."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise Odd("a command is text") from None
    if _CONTROL.search(text):
        raise Odd("a command holds no control characters")
    word, blank, rest = text.partition(" ")
    try:
        verb = Verb(word.upper())
    except ValueError:
        raise Odd("unknown command") from None
    form = FORMS[verb]
    arguments = _arguments(rest, form) if blank else ()
    if not form.least <= len(arguments) <= form.most or not all(arguments):
        raise Odd(_wanted(verb, form), verb)
    return Command(verb, arguments)


def _arguments(rest: str, form: Form) -> tuple[str, ...]:
    return (rest,) if form.takes_rest else tuple(rest.split(" "))


def _wanted(verb: Verb, form: Form) -> str:
    if not form.most:
        return f"{verb} has no argument"
    some = str(form.least) if form.least == form.most else f"{form.least} or {form.most}"
    return f"{verb} has {some} argument{'s' if form.most > 1 else ''}, single blanks between them"


def read_number(text: str) -> int | None:
    """A number in decimal digits; None if it is none, or one that no mailbox reaches."""
    return int(text) if _NUMBER.fullmatch(text) else None
