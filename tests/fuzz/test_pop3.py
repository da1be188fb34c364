"""POP3: whatever a client says and wherever it is cut, each line has one response, in order.

The oracle is written from RFC 1939, 2449 and 5034: which commands have a list below their +OK,
which are in place before and after the log-in, and what RETR has to bring.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.protocol.pop3.session import Limits
from tests.fuzz.memory import held
from tests.fuzz.profile import profile
from tests.fuzz.replies import OutOfStep
from tests.fuzz.vocabulary import DENIED, GRANTED, PIECES
from tests.protocol.pop3.dialogue import ALICES, Talk

LOG_IN = [b"USER alice", b"PASS secret"]
LINES = [
    *(*LOG_IN, b"USER nobody", b"PASS guess", b"user alice", b"USER", b"PASS", b"APOP alice"),
    *(b"APOP alice 0123456789abcdef0123456789abcdef", b"CAPA", b"CAPA x", b"STLS", b"STLS x"),
    *(b"AUTH", b"AUTH PLAIN", b"AUTH PLAIN " + GRANTED, b"AUTH PLAIN " + DENIED, b"AUTH X"),
    *(b"AUTH LOGIN", b"AUTH CRAM-MD5", b"AUTH SCRAM-SHA-256", b"AUTH PLAIN =", b"AUTH PLAIN ?"),
    *(b"STAT", b"LIST", b"LIST 1", b"LIST 3", b"LIST x", b"UIDL", b"UIDL 2", b"UIDL 0"),
    *(b"RETR 1", b"RETR 2", b"RETR 3", b"RETR", b"RETR -1", b"RETR 99999999999", b"TOP 1 0"),
    *(b"TOP 2 1", b"TOP 1", b"TOP 9 9", b"DELE 1", b"DELE 2", b"DELE 1 2", b"NOOP", b"RSET"),
    *(b"QUIT", b"QUIT x", b"", b" ", b"\0", b"\xff", b"XYZZY", b"NOOP\nNOOP", b"NOOP\rNOOP"),
    *(GRANTED, DENIED, b"*", b"=", b"x" * 300, b"A" * 13_000, b"RETR  1", b"retr 1", b"noop"),
]

# RFC 1939 5, 7 and RFC 2449 5: with +OK a list follows, if nothing or not only one is asked for.
_HAS_LIST = re.compile(rb"(?i:CAPA|LIST|UIDL|RETR [0-9]+|TOP [0-9]+ [0-9]+)")
_OUTSIDE = re.compile(rb"(?i:STAT|LIST|UIDL|NOOP|RSET|LIST 1|DELE 1|RETR 1)")  # is -ERR there
_ALWAYS = re.compile(rb"(?i:STAT|LIST|UIDL|NOOP|RSET|CAPA)")  # is +OK inside
_RETR = re.compile(rb"(?i:RETR) ([0-9]+)")


@dataclass
class Watched:
    """A session and what its client may expect."""

    talk: Talk
    said: list[bytes] = field(default_factory=list)
    told: bytes = b""
    inside: bool = False
    answers: bool = False  # the next line is a response within AUTH
    _unread: bytes = b""

    def __post_init__(self) -> None:
        self._empty = held(self.talk.session)

    @property
    def is_over(self) -> bool:
        return self.talk.session.is_over

    def say(self, *segments: bytes) -> None:
        for segment in segments:
            if self.is_over:
                return
            self.said.append(segment)
            told = self.talk.hear(segment)
            self.told += told
            self._unread += segment
            rest = self._settle(told)
            if rest:
                raise OutOfStep(f"a response that nothing called for: {rest[:80]!r}")
            # A line, or a list: no more than the longest line and what we are told of.
            weight = held(self.talk.session) - self._empty
            assert self.is_over or weight <= 13_000 + 4_096, weight

    def _settle(self, told: bytes) -> bytes:
        while told or not self.is_over:
            line, end, rest = self._unread.partition(b"\r\n")
            if not end:
                break
            self._unread = rest
            told = self._answered(line, told)
        return told

    def _answered(self, line: bytes, told: bytes) -> bytes:
        response, end, told = told.partition(b"\r\n")
        if not end or not re.match(rb"\+OK\b|-ERR\b|\+ ", response):
            raise OutOfStep(f"no response to {line[:80]!r}, but {response[:80]!r}")
        is_ok, answers, self.answers = response.startswith(b"+OK"), self.answers, False
        if response.startswith(b"+ "):
            self.answers = True
        elif answers or re.match(rb"(?i:PASS|APOP|AUTH) ", line):
            self.inside = self.inside or is_ok
        else:
            self._hold(line, is_ok)
            if is_ok and _HAS_LIST.fullmatch(line):
                content, told = _below(told)
                self._hold_content(line, content)
        if is_ok and line.upper() == b"STLS":  # RFC 2595 4: what came in the clear is void
            self._unread, self.inside = b"", False
        return told

    def _hold(self, line: bytes, is_ok: bool) -> None:
        if (is_ok and not self.inside and _OUTSIDE.fullmatch(line)) or (
            not is_ok and self.inside and _ALWAYS.fullmatch(line)
        ):
            where = "inside" if self.inside else "outside"
            raise OutOfStep(f"{line!r} is {'+OK' if is_ok else '-ERR'} {where}")

    def _hold_content(self, line: bytes, content: bytes) -> None:
        if match := _RETR.fullmatch(line):
            assert content == ALICES[int(match[1]) - 1]


def _below(told: bytes) -> tuple[bytes, bytes]:
    """What stands below a +OK, its dots undone, and what is left (RFC 1939 3)."""
    wire, end, left = (b"\r\n" + told).partition(b"\r\n.\r\n")
    if not end:
        raise OutOfStep(f"a list without its end: {told[:80]!r}")
    lines = (wire + b"\r\n")[2:].split(b"\r\n")
    return b"\r\n".join(line.removeprefix(b".") for line in lines), left


def cut(octets: bytes, places: set[int]) -> list[bytes]:
    edges = [0, *sorted(place for place in places if place < len(octets)), len(octets)]
    return [octets[a:b] for a, b in itertools.pairwise(edges)]


PATIENT = Limits(errors=1_000, log_ins=1_000)
INPUTS = st.sampled_from(LINES).map(lambda line: line + b"\r\n")
NOISE = st.sampled_from([*LINES, *PIECES]) | st.binary(max_size=30)
OCTETS = st.lists(INPUTS | NOISE, max_size=20).map(b"".join)
BEGINNINGS = st.sampled_from([b"", b"".join(line + b"\r\n" for line in LOG_IN), b"AUTH PLAIN\r\n"])
CUTS = st.sets(st.integers(0, 400), max_size=8)


@pytest.mark.slow
@profile()
@given(
    beginning=BEGINNINGS, octets=OCTETS, places=CUTS, secure=st.booleans(), patient=st.booleans()
)
def test_each_line_has_its_response_in_bounded_memory(beginning, octets, places, secure, patient):
    watched = Watched(Talk(secure=secure, limits=PATIENT if patient else None))
    watched.say(beginning, *cut(octets, places))


@pytest.mark.slow
@profile()
@given(octets=OCTETS, places=CUTS)
def test_the_same_octets_get_the_same_responses_however_they_are_cut(octets, places):
    # In the clear and without STLS: no nonces that differ, no octets that are void.
    whole, pieces = Watched(Talk(secure=False, tls=False)), Watched(Talk(secure=False, tls=False))
    whole.say(octets)
    pieces.say(*cut(octets, places))
    assert pieces.told == whole.told


@pytest.mark.slow
@pytest.mark.parametrize("beginning", [[], LOG_IN[:1], LOG_IN, [*LOG_IN, b"DELE 1"]])
def test_every_state_meets_every_line(beginning):
    for line in LINES:
        watched = Watched(Talk(limits=PATIENT))
        watched.say(*(said + b"\r\n" for said in [*beginning, line]))
        if watched.answers:
            watched.say(b"*\r\n")
        watched.say(b"NOOP\r\n", b"QUIT\r\n")
        assert watched.is_over


def test_a_response_too_many_would_be_found():
    watched = Watched(Talk())
    watched.talk.session.greet()  # once more
    with pytest.raises(OutOfStep):
        watched.say(b"NOOP\r\n")
