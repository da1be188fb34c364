"""What the RFCs let a client expect: a second reader of the client's octets, written from the text.

It shares no line with the receiver.  It cuts what the client says into inputs (a command line, a
text, a chunk, a response), takes one reply for each, and objects to a reply that is missing, one
too many, or not to be had for that input in that state.  Where a refusal is a matter of policy it
takes the server's word; where the RFC says what must happen, it holds the server to that.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice

from tests.fuzz.commands import (
    BY_POLICY,
    FREE,
    HELLOS,
    IDLE,
    OUT_OF_PLACE,
    REFUSED_TEXT,
    ROWS,
    SYNTAX,
    UNKNOWN,
    is_out_of_order,
    sure_codes,
)
from tests.fuzz.replies import OutOfStep, Said, read_replies

SHORT = 510  # octets that a command line may have without its end: RFC 5321 4.5.3.1.4
LINE_LIMIT = 8_192  # no extension enlarges a command line to this
RESPONSE_LIMIT = 12_288  # RFC 4954 4


class Mode(Enum):
    """What the client's next octets are."""

    COMMAND = "a command line"
    TEXT = "the text of a message"
    CHUNK = "the octets of a chunk"
    RESPONSE = "a response within AUTH"
    OVER = "nothing: the connection has ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the server has, and what it was told to bear."""

    message: int
    chunk: int
    recipients: int
    errors: int
    log_ins: int
    idle: int  # commands that move no mail, between two messages
    has_tls: bool
    service: str  # smtp, submission, lmtp


@dataclass(frozen=True, slots=True)
class Chunk:
    """What BDAT announced (RFC 3030 2)."""

    size: int
    last: bool
    is_sure: bool  # nothing else stood behind the size


_BDAT = re.compile(rb"BDAT +([0-9]+)(?: +(.*?))?[ \t]*", re.IGNORECASE | re.DOTALL)


@dataclass(slots=True)
class Expectation:
    """One connection after its greeting."""

    terms: Terms
    secure: bool = False
    mode: Mode = Mode.COMMAND
    hello: str | None = None
    user: bool = False
    sender: bool = False
    recipients: int = 0
    binary: bool = False  # BODY=BINARYMIME
    chunks: bytes | None = None  # what BDAT has brought of a text
    met: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # service, state, input
    taken: list[bytes] = field(default_factory=list)  # contents that got their 250
    _chunk: Chunk | None = None  # whose octets are on their way
    _unread: bytes = b""
    _errors: int = 0
    _failed_log_ins: int = 0
    _idle: int = 0

    @property
    def state(self) -> str:
        """Where the talk is, in one word."""
        if self.mode not in (Mode.COMMAND, Mode.CHUNK):
            return self.mode.name
        if self.hello is None:
            return "FRESH"
        if self.chunks is not None:
            return "CHUNKS"
        return "RECIPIENTS" if self.recipients else "SENDER" if self.sender else "READY"

    def settle(self, said: bytes, told: bytes, accepted: list[bytes] | None = None) -> None:
        """The client said this and was told that; the server took these contents for messages.

        Where nobody knows yet what it took, `taken` has what it ought to have.
        """
        self._unread += said
        replies = iter(read_replies(told))
        contents = None if accepted is None else iter(accepted)
        while self.mode is not Mode.OVER and (each := self._next_input()) is not None:
            if not self._announces_chunk(each):
                self._take(each, replies, contents)
        for extra in replies:
            raise OutOfStep(f"a reply that nothing called for: {extra}")
        for content in contents or ():
            raise OutOfStep(f"a message that nobody sent: {content!r}")

    # --- inputs ------------------------------------------------------------------------------

    def _next_input(self) -> bytes | None:
        """The client's next input without its end, or None until it is whole."""
        if self._chunk is not None:
            return self._next_octets(self._chunk.size)
        if self.mode is Mode.TEXT:
            # RFC 5321 4.1.1.4: the mark is <CRLF>.<CRLF>, and DATA's own line end counts.
            end, octets = b"\r\n.\r\n", b"\r\n" + self._unread
        else:
            end, octets = b"\r\n", self._unread
        at = octets.find(end)
        if at < 0:
            return None
        self._unread = octets[at + len(end) :]
        return octets[:at]

    def _next_octets(self, size: int) -> bytes | None:
        if len(self._unread) < size:
            return None
        octets, self._unread = self._unread[:size], self._unread[size:]
        return octets

    def _announces_chunk(self, line: bytes) -> bool:
        """Whether it is a BDAT whose octets follow: RFC 3030 2 has them taken before any reply.

        Whether it may come or not: what a sender of mail has put into a chunk is never run.
        """
        if self.mode is not Mode.COMMAND or b"\r" in line or b"\n" in line:
            return False
        match = _BDAT.fullmatch(line)
        if match is None or len(line) > SHORT or int(match[1]) > self.terms.chunk:
            return False
        mark = match[2] or b""
        self._chunk = Chunk(int(match[1]), mark.upper() == b"LAST", mark.upper() in (b"", b"LAST"))
        self.mode = Mode.CHUNK
        return True

    def _take(self, said: bytes, replies: Iterator[Said], contents: Iterator[bytes] | None) -> None:
        state, due = self.state, self._replies_due()
        told = list(islice(replies, due))
        if len(told) < due and not (told and told[-1].code == 421):
            raise OutOfStep(f"{len(told)} of {due} replies in state {state} to {said[:80]!r}")
        match self.mode:
            case Mode.TEXT:
                kind = self._after_text(said, told, contents)
            case Mode.CHUNK:
                kind = self._after_chunk(said, told, contents)
            case Mode.RESPONSE:
                kind = self._after_response(said, told[0])
            case _:
                kind = self._after_line(said, told[0])
        self.met[self.terms.service, state, kind] += 1
        for each in told:
            _hold_enhanced(kind, each)
        self._count(kind, said, told, replies)

    def _replies_due(self) -> int:
        """How many replies the input has: RFC 2033 4.2 and 4.3 want one for each recipient."""
        if not self._is_lmtp:
            return 1
        if self.mode is Mode.TEXT:
            return self.recipients
        is_last = self._chunk is not None and self._chunk.last
        return self.recipients if is_last and self.sender else 1

    def _count(self, kind: str, said: bytes, told: list[Said], replies: Iterator[Said]) -> None:
        """Count what nobody may do for ever, and have the connection end where it should."""
        is_good = bool(told) and all(each.is_good for each in told)
        self._errors += not is_good
        self._failed_log_ins += any(each.code == 535 for each in told)
        if is_good:
            self._idle += kind in IDLE or (kind == "BDAT" and not said)
            self._idle = 0 if kind in ("text", "BDAT LAST") else self._idle
        if kind == "endless" or any(each.code in (221, 421) for each in told):
            self.mode = Mode.OVER
        elif self._has_enough():
            last = next(replies, None)
            if last is None or last.code != 421:
                raise OutOfStep(f"more than is borne, and then {last} in place of 421")
            self.mode = Mode.OVER

    def _has_enough(self) -> bool:
        terms = self.terms
        return (
            self._errors >= terms.errors
            or self._failed_log_ins >= terms.log_ins
            or self._idle > terms.idle
        )

    def _hold(self, kind: str, reply: Said, possible: frozenset[int]) -> str:
        if reply.code not in possible:
            raise OutOfStep(f"{kind} in state {self.state}: {reply}, not {sorted(possible)}")
        return kind

    # --- command lines -----------------------------------------------------------------------

    def _after_line(self, line: bytes, reply: Said) -> str:
        if b"\r" in line or b"\n" in line:  # RFC 5321 2.3.8: neither ends a line
            return self._hold("bare", reply, SYNTAX)
        if len(line) > LINE_LIMIT or (len(line) > SHORT and reply.code == 500):
            return self._hold("overlong", reply, SYNTAX)
        verb = line.rstrip(b" \t").split(b" ")[0].upper().decode("ascii", "replace")
        if verb not in ROWS or (verb in HELLOS and (verb == "LHLO") is not self._is_lmtp):
            return self._hold("unknown", reply, UNKNOWN)
        if verb == "BDAT" and (self.hello == "EHLO" or self._is_endless(line)):
            return self._after_bad_bdat(line, reply)
        self._hold(verb, reply, self._possible(verb, line, reply))
        if reply.is_good:
            self._succeed(verb, line, reply)
        return verb

    @property
    def _is_lmtp(self) -> bool:
        return self.terms.service == "lmtp"

    def _is_barred(self, verb: str) -> bool:
        """Whether the client has to log in first (RFC 6409 4.3)."""
        return self.terms.service == "submission" and not self.user and verb not in FREE

    def _after_bad_bdat(self, line: bytes, reply: Said) -> str:
        if not self._is_endless(line):
            return self._hold("BDAT", reply, SYNTAX)
        return self._hold("endless", reply, frozenset({552}))

    def _is_endless(self, line: bytes) -> bool:
        """Longer than we are willing to wait for: nobody can say where the next command begins."""
        return _BDAT.fullmatch(line) is not None and len(line) <= SHORT

    def _possible(self, verb: str, line: bytes, reply: Said) -> frozenset[int]:
        row, sure = ROWS[verb], sure_codes(line)
        if self._is_barred(verb):
            return OUT_OF_PLACE if sure is None or self.hello is None else frozenset({502, 530})
        if not self._is_in_place(verb):
            return frozenset({503}) if sure and is_out_of_order(verb, sure) else self._away(verb)
        if BY_POLICY in reply.lines[0]:
            return frozenset({reply.code})
        if verb == "RCPT" and self.recipients >= self.terms.recipients:
            return row.bad if sure is None else frozenset({452})
        return row.good | row.bad if sure is None else sure

    def _away(self, verb: str) -> frozenset[int]:
        # RFC 4954 6: 538 says that TLS must come first.
        return OUT_OF_PLACE | {538} if verb == "AUTH" and not self.secure else OUT_OF_PLACE

    def _is_in_place(self, verb: str) -> bool:
        match verb:
            case "MAIL":  # RFC 5321 4.1.4
                return self.hello is not None and not self.sender
            case "RCPT":
                return self.sender and self.chunks is None
            case "DATA":  # RFC 3030 2: not behind BDAT, and 3: never for BINARYMIME
                return self.recipients > 0 and self.chunks is None and not self.binary
            case "BDAT":
                return self.hello == "EHLO" and self.recipients > 0
            case "ETRN":  # RFC 1985 5
                return self.hello == "EHLO" and not self.sender
            case "STARTTLS":  # RFC 3207 4
                return self.terms.has_tls and self.hello == "EHLO" and not self.secure
            case "AUTH":  # RFC 4954 4; and none in the clear
                return self.hello == "EHLO" and self.secure and not (self.user or self.sender)
            case _:
                return True

    def _succeed(self, verb: str, line: bytes, reply: Said) -> None:
        match verb:
            case "EHLO" | "HELO" | "LHLO":
                self.hello = "HELO" if verb == "HELO" else "EHLO"  # LHLO is EHLO: RFC 2033 4.1
                self._forget()
            case "MAIL":
                self.sender, self.binary = True, b"BODY=BINARYMIME" in line.upper()
            case "RCPT":
                self.recipients += 1
            case "DATA":
                self.mode = Mode.TEXT
            case "RSET":
                self._forget()
            case "STARTTLS":  # RFC 3207 4.2: all is forgotten, and what came in the clear is void
                self._forget()
                self.secure, self.hello, self.user, self._unread = True, None, False, b""
            case "AUTH":
                self._log_in(reply)

    def _forget(self) -> None:
        self.sender, self.recipients, self.binary, self.chunks = False, 0, False, None

    # --- texts and responses -----------------------------------------------------------------

    def _after_text(self, wire: bytes, told: list[Said], contents: Iterator[bytes] | None) -> str:
        lines = (wire + b"\r\n")[2:].split(b"\r\n")
        content = b"\r\n".join(line.removeprefix(b".") for line in lines)
        self._end_message(f"a text of {len(content)}", content, told, contents)
        return "text"

    def _text_codes(self, content: bytes) -> frozenset[int]:
        rest = content.replace(b"\r\n", b"")
        if len(content) > self.terms.message:
            return REFUSED_TEXT if b"\r" in rest or b"\n" in rest else frozenset({552})
        is_bare = (b"\r" in rest or b"\n" in rest) and not self.binary
        return REFUSED_TEXT if is_bare else frozenset({250})

    def _end_message(
        self, kind: str, content: bytes, told: list[Said], contents: Iterator[bytes] | None
    ) -> None:
        for each in told:
            if BY_POLICY not in each.lines[0]:
                self._hold(kind, each, self._text_codes(content))
        is_taken = any(each.is_good for each in told)
        if is_taken:
            self.taken.append(content)
        if is_taken and contents is not None and (taken := next(contents, None)) != content:
            raise OutOfStep(f"sent was {content!r}, taken was {taken!r}")
        self.mode = Mode.COMMAND
        self._forget()  # well or not, the transaction has ended: RFC 5321 4.1.1.4

    # --- chunks (RFC 3030 2) -----------------------------------------------------------------

    def _after_chunk(
        self, octets: bytes, told: list[Said], contents: Iterator[bytes] | None
    ) -> str:
        chunk, self._chunk = self._chunk, None
        assert chunk is not None
        self.mode = Mode.COMMAND
        text = (self.chunks or b"") + octets
        if not told:  # RFC 2033 4.3: nobody was to have it
            self._forget()
        elif self.hello != "EHLO":
            self._hold("BDAT", told[0], OUT_OF_PLACE)
        elif self._is_barred("BDAT"):
            self._hold("BDAT", told[0], frozenset({530} if chunk.is_sure else {501, 530}))
        elif not self._is_in_place("BDAT") or not chunk.is_sure:
            self._hold("BDAT", told[0], frozenset({503} if chunk.is_sure else {501, 503}))
        elif chunk.last:
            self._end_message("BDAT LAST", text, told, contents)
        else:
            self._add_chunk(text, told[0])
        return "BDAT LAST" if chunk.last else "BDAT"

    def _add_chunk(self, text: bytes, reply: Said) -> None:
        if BY_POLICY not in reply.lines[0]:
            self._hold("BDAT", reply, frozenset({552 if len(text) > self.terms.message else 250}))
        if reply.is_good:
            self.chunks = text
        else:
            self._forget()  # RFC 3030 2: the transaction has failed

    def _after_response(self, line: bytes, reply: Said) -> str:
        self.mode = Mode.COMMAND
        if len(line) > RESPONSE_LIMIT:
            return self._hold("overlong", reply, SYNTAX)
        possible = {501} if line == b"*" else {235, 334, 454, 500, 501, 535}
        self._hold("response", reply, frozenset(possible))
        self._log_in(reply)
        return "response"

    def _log_in(self, reply: Said) -> None:
        self.user = self.user or reply.code == 235
        if reply.code == 334:
            self.mode = Mode.RESPONSE


def _hold_enhanced(kind: str, reply: Said) -> None:
    # RFC 2034 4: one with each 2yz, 4yz and 5yz, EHLO said or not, but for those to a hello.
    is_due = reply.code // 100 != 3 and kind not in HELLOS
    if reply.is_enhanced is not is_due:
        raise OutOfStep(
            f"{kind}: an enhanced code is {'missing' if is_due else 'unasked'}: {reply}"
        )
