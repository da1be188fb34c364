"""How counts, odds, rates, octets and replies are written in a table of faults."""

from __future__ import annotations

import re
from typing import Final

from harness.errors import UsageError
from harness.protocol.replies import MAX_LINE, Reply, reply

_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}
_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?/ ?(s|min|m|h|d)")
_ODDS = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)(%?)|([0-9]{1,9})/([1-9][0-9]{0,8})")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_LINE = re.compile(r"(?:([2-5][0-9][0-9])(?:[ -]|$))?(.*)")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([rntb0\\]))|\\")
_ESCAPED: Final = {"r": b"\r", "n": b"\n", "t": b"\t", "b": b"\b", "0": b"\0", "\\": b"\\"}
_LONGEST: Final = 64  # lines of a reply
MOST_GARBAGE: Final = 65_536  # octets


def read_count(text: str) -> int:
    """A whole number from 1."""
    if not _COUNT.fullmatch(text):
        raise UsageError(f"{text!r} is no whole number from 1")
    return int(text)


def read_odds(text: str) -> float:
    """A share of 1: `0.2`, `20%` or `1/5`."""
    match = _ODDS.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} are no odds, such as 0.2, 20% or 1/5")
    odds = float(match[1]) / (100 if match[2] else 1) if match[1] else int(match[3]) / int(match[4])
    if odds > 1:
        raise UsageError(f"{text!r}: nothing happens more often than always")
    return odds


def read_rate(text: str) -> tuple[float, float]:
    """So many, in so many seconds: `10/s`, `100/min`, `5/h`."""
    match = _RATE.fullmatch(text)
    if match is None or not float(match[1]):
        raise UsageError(f"{text!r} is no rate, such as 10/s, 100/min or 5/h")
    return float(match[1]), _SECONDS[match[2]]


def read_octets(text: str) -> bytes:
    """Text with `\\r`, `\\n`, `\\t`, `\\0`, `\\\\` and `\\x00` to `\\xff` for single octets."""
    octets, at = b"", 0
    for match in _ESCAPE.finditer(text):
        octets += text[at : match.start()].encode()
        if match[1]:
            octets += bytes.fromhex(match[1])
        elif match[2]:
            octets += _ESCAPED[match[2]]
        else:
            raise UsageError(f"{text!r}: a backslash stands before r, n, t, 0, xHH or another one")
        at = match.end()
    octets += text[at:].encode()
    if len(octets) > MOST_GARBAGE:
        raise UsageError(f"{len(octets):,} octets are too many: {MOST_GARBAGE:,} at most")
    return octets


def read_reply(text: str) -> Reply:
    """A reply: a code and a text; more lines may repeat the code, all the same one."""
    matches = [_LINE.fullmatch(line.rstrip()) for line in text.strip("\r\n").splitlines() or [""]]
    assert all(matches), "a line is anything"
    codes = {match[1] for match in matches if match and match[1]}
    if not matches[0] or not matches[0][1]:
        raise UsageError(f"{text!r} is no reply, such as 451 4.7.1 try later")
    if len(codes) > 1:
        raise UsageError(f"the lines of one reply have one code, not {' and '.join(sorted(codes))}")
    lines = [match[2].lstrip("-") if match else "" for match in matches]
    return _checked(int(matches[0][1]), lines)


def _checked(code: int, lines: list[str]) -> Reply:
    if len(lines) == 1 and not lines[0]:
        lines = ["" if code < 400 else f"{code // 100}.0.0 said on purpose"]
    for line in lines:
        if not line.isprintable():
            raise UsageError(f"{line!r} is no text of a reply (see garbage)")
        if len(line.encode()) > MAX_LINE - 6:
            raise UsageError(f"a line of a reply has {MAX_LINE} octets at most (RFC 5321 4.5.3.1)")
    if len(lines) > _LONGEST:
        raise UsageError(f"a reply of {len(lines)} lines is too long: {_LONGEST} at most")
    return reply(code, *lines)
