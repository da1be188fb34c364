"""Replies: what a server says, as values.

Servers under test get the reply format wrong in interesting ways, so reading a reply never
raises: what is odd about it is listed in `Reply.faults`, and the caller decides what that means.
A reply keeps its octets and splits them into lines only when asked: under load nobody asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.protocol.addresses import is_domain_or_literal

# The codes behind which something else follows than the next command.
GO_AHEAD = 354  # the text of a message
CHALLENGE = 334  # a response of an AUTH exchange: RFC 4954 4
CLOSING = 421  # nothing: the last reply that there will be, RFC 5321 3.8

OUT_OF_ORDER = 503  # RFC 5321 4.2.2: bad sequence of commands
WRONG_LOG_IN = 535  # RFC 4954 6

MAX_LINE = 512  # octets with CRLF: RFC 5321 4.5.3.1.5
LINE_LIMIT = 65_536  # what we are willing to buffer of one line that never ends
REPLY_LIMIT = 262_144  # and of one reply whose last line never comes
_LONGEST = 297  # characters of a reply in a sentence; its octets have all


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

# RFC 5321 4.2: the first digit is 2-5, the second 0-5; the second is left to the strict grammar,
# since a client looks at the first.  A code alone is to be understood, so the mark is optional.
_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])([^\r\n]*))?(?=[\r\n]|$)")
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?: |$)")


@dataclass(frozen=True, slots=True)
class EnhancedCode:
    """An enhanced mail system status code: class, subject, detail (RFC 3463 2)."""

    klass: int
    subject: int
    detail: int

    def __str__(self) -> str:
        return f"{self.klass}.{self.subject}.{self.detail}"


@dataclass(slots=True, unsafe_hash=True)
class Reply:
    """One reply: its code (0 if none could be read) and its octets, line ends included.

    Nobody changes one; a load run makes one for each message, and freezing it takes as long.
    """

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
    def has_one_code(self) -> bool:
        """Whether all lines begin with the enhanced code of the first (RFC 2034 4)."""
        code = f"{self.enhanced} "
        return all(f"{line} ".startswith(code) for line in self.lines)

    @property
    def is_positive(self) -> bool:
        """Whether the reply says done (2yz) or go on (3yz)."""
        return 200 <= self.code < 400

    def __str__(self) -> str:
        text = f"{self.code} {' / '.join(self.lines)}".rstrip()
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def reply(code: int, *lines: str, enhanced: str | None = None) -> Reply:
    """The reply that a right server would write: each string is a line, CRLF added."""
    prefix = f"{enhanced} " if enhanced else ""
    *first, last = lines or ("",)
    octets = f"{code} {prefix}{last}\r\n"
    if first:
        octets = "".join(f"{code}-{prefix}{line}\r\n" for line in first) + octets
    ends = len(lines) or 1
    assert octets.count("\r") == octets.count("\n") == ends, "one string is one line"
    return Reply(code, octets.encode("utf-8", "surrogateescape"))


def _text(line: bytes) -> str:
    match = _LINE.match(line)
    return ((match[3] or b"") if match else line).decode("utf-8", "backslashreplace")


# --- reading -------------------------------------------------------------------------------------

_PLAIN = re.compile(rb"([2-5][0-9][0-9]) [\t -~]*\r\n")  # one line with nothing odd about it
_CONTROLS = bytes(n for n in (*range(9), *range(10, 32), 127) if n not in b"\r\n")


def plain_reply(octets: bytes) -> Reply | None:
    """The reply that these octets are, if that is one line with nothing odd about it."""
    match = _PLAIN.fullmatch(octets)
    return Reply(int(match[1]), octets) if match is not None and len(octets) <= MAX_LINE else None


class ReplyReader:
    """Makes replies of octets, wherever the network cuts them."""

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0  # what stands before here was taken
        self._searched = 0  # no LF stands between there and here
        self._lines: list[bytes] = []  # of a reply whose last line has not come
        self._held = 0  # octets in those lines

    @property
    def is_midway(self) -> bool:
        """Whether something has come that is no reply yet."""
        return bool(self._lines) or self._at < len(self._buffer)

    @property
    def left(self) -> bytes:
        """What has come and is no reply yet."""
        return b"".join(self._lines) + self._buffer[self._at :]

    def feed(self, octets: bytes) -> None:
        """Take octets as they arrived."""
        self._searched -= self._at
        self._buffer = self._buffer[self._at :] + octets
        self._at = 0

    def take(self) -> Reply | None:
        """The next reply, or None until all of it has come."""
        if not self._lines:
            match = _PLAIN.match(self._buffer, self._at)
            if match is not None and match.end() - self._at <= MAX_LINE:
                self._at = self._searched = match.end()
                return Reply(int(match[1]), match[0])
        return self._take_lines()

    def clear(self) -> bytes:
        """Give away what is left and forget it."""
        left = self.left
        self._drop()
        self._forget_lines()
        return left

    def _take_lines(self) -> Reply | None:
        while (line := self._take_line()) is not None:
            self._lines.append(line)
            self._held += len(line)
            if not self._goes_on(line):
                return self._finish()
            if self._held > REPLY_LIMIT:
                return self._finish(Fault.ENDLESS)
        if len(self._buffer) - self._at > LINE_LIMIT:
            self._lines.append(self._buffer[self._at :])
            self._drop()
            return self._finish(Fault.ENDLESS)
        return None

    def _take_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._searched) + 1
        if not end:
            self._searched = len(self._buffer)
            return None
        line = self._buffer[self._at : end]
        self._at = self._searched = end
        return line

    def _drop(self) -> None:
        self._buffer, self._at, self._searched = b"", 0, 0

    def _goes_on(self, line: bytes) -> bool:
        match = _LINE.match(line)
        # A line without a code is a reply of its own, unless it stands within one.
        return len(self._lines) > 1 if match is None else match[2] == b"-"

    def _finish(self, *faults: Fault) -> Reply:
        lines = self._lines
        codes = [int(match[1]) for line in lines if (match := _LINE.match(line))]
        self._forget_lines()
        return Reply(codes[-1] if codes else 0, b"".join(lines), _find_faults(lines, codes, faults))

    def _forget_lines(self) -> None:
        self._lines, self._held = [], 0


def _find_faults(lines: list[bytes], codes: list[int], found: Iterable[Fault]) -> frozenset[Fault]:
    octets = b"".join(lines)
    signs = {
        Fault.BAD_LINE: len(codes) < len(lines),
        Fault.CODE_CHANGED: len(set(codes)) > 1,
        Fault.BARE_LF: octets.count(b"\n") > octets.count(b"\r\n"),
        Fault.BARE_CR: octets.count(b"\r") > octets.count(b"\r\n"),
        Fault.TOO_LONG: max(map(len, lines)) > MAX_LINE,
        Fault.NOT_TEXT: _is_no_text(octets),
    }
    return frozenset(found).union(fault for fault, shows in signs.items() if shows)


def _is_no_text(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return len(octets.translate(None, _CONTROLS)) < len(octets)


# --- the strict grammar --------------------------------------------------------------------------


def grammar_faults(reply: Reply, *, utf8: bool = False) -> tuple[str, ...]:
    """What RFC 5321 4.2 does not allow in this reply, in words; `utf8` where RFC 6531 is in use."""
    challenge = reply.code == CHALLENGE
    words = [
        fault.value
        for fault in Fault
        # RFC 4954 4: a challenge may be as long as its mechanism needs.
        if fault in reply.faults and not (challenge and fault is Fault.TOO_LONG)
    ]
    if reply.code // 10 % 10 > 5:
        words.append("the second digit of the code is above 5")
    if not utf8 and not reply.octets.isascii() and Fault.NOT_TEXT not in reply.faults:
        words.append("a line holds octets that are not US-ASCII")
    last = reply.octets.rstrip(b"\r\n").rsplit(b"\n")[-1]
    if len(last) == 3 and challenge:
        words.append("no blank follows the code of a challenge (RFC 4954 4)")
    if len(last) == 4 and last.endswith(b" ") and not challenge:
        words.append("a blank follows the code, and no text")
    return tuple(words)


# --- capabilities --------------------------------------------------------------------------------

_EHLO_LINE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(?: [!-~]+)*")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server says of itself in answer to EHLO: its name, and keywords in upper case."""

    domain: str
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.keywords

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The SASL mechanisms that AUTH lists, in upper case."""
        return tuple(name.upper() for name in self.keywords.get("AUTH", ()))


def read_capabilities(reply: Reply) -> Capabilities:
    """The capabilities that the answer to EHLO (or HELO) lists."""
    first, *others = reply.lines or ("",)
    rows = [line.split() for line in others]
    keywords = {row[0].upper(): tuple(row[1:]) for row in rows if row}
    return Capabilities(_first_word(first), keywords)


def number(word: str) -> int | None:
    """The number that a word says; None if it is none, or longer than in RFC 1870 3."""
    return int(word) if len(word) <= 20 and word.isascii() and word.isdecimal() else None


def capability_faults(reply: Reply) -> tuple[str, ...]:
    """What RFC 5321 4.1.1.1 (ehlo-ok-rsp) does not allow in this answer to EHLO, in words."""
    words = list(grammar_faults(reply))
    if reply.code != 250:
        words.append(f"the code is {reply.code}, not 250")
    first, *others = reply.lines or ("",)
    if not is_domain_or_literal(_first_word(first)):
        words.append(f"the first word is no domain: {first!r}")
    words.extend(
        f"not a keyword with its parameters: {line!r}"
        for line in others
        if not _EHLO_LINE.fullmatch(line)
    )
    return tuple(words)


def _first_word(text: str) -> str:
    return text.partition(" ")[0]
