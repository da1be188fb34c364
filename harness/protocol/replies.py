"""Replies: what a server says, as values.

Servers under test get the reply format wrong in interesting ways, so reading a reply never
raises: what is odd about it is listed in `Reply.faults`, and the caller decides what that means.
A reply keeps its octets and splits them into lines only when asked: under load nobody asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

MAX_LINE = 512  # octets with CRLF: RFC 5321 4.5.3.1.5
LINE_LIMIT = 65_536  # what we are willing to buffer of one line that never ends
REPLY_LIMIT = 1_048_576  # and of one reply whose last line never comes


class Fault(Enum):
    """What can be odd about a reply, in words for a report."""

    BAD_LINE = "a line does not begin with a reply code"
    CODE_CHANGED = "the lines of one reply carry different codes"
    BARE_LF = "a line ends in LF without CR"
    BARE_CR = "a CR stands without LF"
    TOO_LONG = "a line is longer than 512 octets"
    NOT_TEXT = "a line holds octets that are not printable US-ASCII or UTF-8 text"
    ENDLESS = "the reply did not end within our limits"


NO_FAULTS: frozenset[Fault] = frozenset()

# RFC 5321 4.2: the first digit is 2-5, the second 0-5.  A code alone is legal (4.2.1), so the
# mark behind it is optional here.
_LINE = re.compile(rb"([2-5][0-9][0-9])([ -]?)([^\r\n]*)")
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?: |$)")


@dataclass(frozen=True, slots=True)
class EnhancedCode:
    """An enhanced mail system status code: class, subject, detail (RFC 3463 2)."""

    klass: int
    subject: int
    detail: int

    def __str__(self) -> str:
        return f"{self.klass}.{self.subject}.{self.detail}"


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: its code (0 if none could be read) and its octets, line ends included."""

    code: int
    octets: bytes
    faults: frozenset[Fault] = NO_FAULTS

    @property
    def lines(self) -> tuple[str, ...]:
        """The text of each line, without code and mark; what is not UTF-8 shows as \\xHH."""
        return tuple(_text(line) for line in self.octets.splitlines())

    @property
    def enhanced(self) -> EnhancedCode | None:
        """The enhanced code that the first line begins with, if any (RFC 2034 4)."""
        lines = self.lines
        match = _ENHANCED.match(lines[0]) if lines else None
        return EnhancedCode(*map(int, match.groups())) if match else None

    @property
    def is_positive(self) -> bool:
        """Whether the reply says done (2yz) or go on (3yz)."""
        return 200 <= self.code < 400

    def __str__(self) -> str:
        return f"{self.code} {' / '.join(self.lines)}".rstrip()


def reply(code: int, *lines: str, enhanced: str | None = None) -> Reply:
    """The reply that a right server would write: each string is a line, CRLF added."""
    prefix = f"{enhanced} " if enhanced else ""
    texts = [prefix + line for line in lines or ("",)]
    assert not any("\r" in text or "\n" in text for text in texts), "one string is one line"
    *first, last = texts
    rows = [*(f"{code}-{text}\r\n" for text in first), f"{code} {last}\r\n"]
    return Reply(code, "".join(rows).encode("utf-8", "surrogateescape"))


def _text(line: bytes) -> str:
    match = _LINE.match(line)
    return (match[3] if match else line).decode("utf-8", "backslashreplace")
