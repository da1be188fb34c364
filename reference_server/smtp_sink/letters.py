"""The letters of smtp-sink, as values: what each of them asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.documents import nearest
from harness.errors import UsageError
from harness.protocol.replies import Reply
from reference_server.faults.model import Stage
from reference_server.faults.notation import read_reply

# The commands that letters name -> where in a talk they are met.  XCLIENT and XFORWARD are among
# them; we never offer those, so nothing happens to them.
COMMANDS: Final[Mapping[str, Stage | None]] = {
    "connect": Stage.GREETING,  # what is said there is said in the greeting's place
    "helo": Stage.HELO,
    "ehlo": Stage.EHLO,
    "lhlo": Stage.LHLO,
    "xclient": None,
    "xforward": None,
    "auth": Stage.AUTH,
    "mail": Stage.MAIL,
    "rcpt": Stage.RCPT,
    "data": Stage.DATA,
    ".": Stage.DOT,
    "rset": Stage.RSET,
    "noop": Stage.NOOP,
    "vrfy": Stage.VRFY,
    "quit": Stage.QUIT,
}


@dataclass(frozen=True, slots=True)
class Wait:
    """-W: how long, and with which odds once more."""

    seconds: float
    again: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """All that the command line of smtp-sink says."""

    where: str  # [inet:][host]:port or unix:path
    backlog: int
    ipv4: bool = False  # -4
    ipv6: bool = False  # -6
    without: frozenset[str] = frozenset()  # -8 -a -E -N -p: extensions, by keyword
    abort: float | None = None  # -A
    soft: Reply | None = None  # -b
    hard: Reply | None = None  # -B
    counts: bool = False  # -c
    one_file_each: str = ""  # -d
    one_file: str = ""  # -D
    plain: bool = False  # -e
    fails: frozenset[str] = frozenset()  # -f
    name: str = "smtp-sink"  # -h
    late: float = 0.0  # -H
    lmtp: bool = False  # -L
    clients: int = 256  # -m
    messages: int | None = None  # -M
    sessions: int | None = None  # -n
    pix: bool = False  # -P
    drops: frozenset[str] = frozenset()  # -q
    closes: frozenset[str] = frozenset()  # -Q
    defers: frozenset[str] = frozenset()  # -r
    root: Path | None = None  # -R
    logged: frozenset[str] = frozenset()  # -s
    start: str = ""  # -S
    patience: float = 100.0  # -t
    window: int | None = None  # -T
    user: str | None = None  # -u
    shows: bool = False  # -v
    waits: Mapping[str, Wait] = field(default_factory=dict)  # -w, -W


def read_commands(texts: Sequence[str]) -> frozenset[str]:
    """The commands in lists that are parted by commas or blanks."""
    words = [word for text in texts for word in re.split(r"[\s,]+", text) if word]
    return frozenset(map(_command, words))


def _command(word: str) -> str:
    if word.lower() not in COMMANDS:
        hint = nearest(word, COMMANDS) or f"there are: {', '.join(COMMANDS)}"
        raise UsageError(f"unknown command {word!r} ({hint})")
    return word.lower()


def read_waits(fixed: float | None, texts: Sequence[str]) -> Mapping[str, Wait]:
    """-w, which is for DATA, and each `command:delay[:odds]` of -W."""
    waits = {} if fixed is None else {"data": Wait(fixed)}
    return waits | dict(map(_wait, texts))


def _wait(text: str) -> tuple[str, Wait]:
    match = re.fullmatch(r"([^:]+):([0-9]{1,6})(?::([0-9]{1,2}))?", text)
    if match is None or match[3] == "0":
        raise UsageError(f"-W {text!r}: command:delay[:odds], odds from 1 to 99")
    if not int(match[2]):
        raise UsageError(f"-W {text!r}: the delay is a number of seconds from 1")
    return _command(match[1]), Wait(float(match[2]), int(match[3] or 0) / 100)


def read_refusal(letter: str, text: str | None) -> Reply | None:
    """The reply of -b or -B."""
    if text is None:
        return None
    try:
        found = read_reply(text)
    except UsageError as error:
        raise UsageError(f"-{letter} {error}") from None
    if found.is_positive:
        raise UsageError(f"-{letter} {text!r}: this refuses nothing")
    return found


_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|([abfnrtv\\])|)")
_ESCAPED: Final = dict(zip("abfnrtv\\", "\a\b\f\n\r\t\v\\", strict=True))


def read_start(text: str) -> str:
    r"""-S with its escapes, those of C: \n, \t, \101 ..."""

    def meant(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 8) & 0xFF)
        return _ESCAPED[match[2]] if match[2] else match[0]

    return _ESCAPE.sub(meant, text)
