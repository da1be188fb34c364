"""Replies as a strict client reads them: RFC 5321 4.2.1, RFC 2034 4."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(rb"([2-5][0-5][0-9])([ -])([\t -~\x80-\xff]*)\r\n")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3} ")


class OutOfStep(AssertionError):
    """What was said is not what the RFC lets a client expect."""


@dataclass(frozen=True, slots=True)
class Said:
    """One reply."""

    code: int
    lines: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether it is 2yz or 3yz."""
        return self.code < 400

    @property
    def is_enhanced(self) -> bool:
        """Whether it carries an enhanced code: of the code's class, the same on each line."""
        found = {match[0] if (match := _ENHANCED.match(line)) else "" for line in self.lines}
        if found == {""}:
            return False
        if len(found) > 1 or not found.pop().startswith(str(self.code)[0]):
            raise OutOfStep(f"the enhanced codes do not fit: {self}")
        return True


def read_replies(octets: bytes) -> list[Said]:
    """All replies in the octets, which must hold whole ones and nothing else."""
    replies: list[Said] = []
    lines: list[tuple[int, str]] = []
    at = 0
    while at < len(octets):
        match = _LINE.match(octets, at)
        if match is None:
            raise OutOfStep(f"no line of a reply: {octets[at : at + 80]!r}")
        lines.append((int(match[1]), match[3].decode("utf-8", "surrogateescape")))
        if match[2] == b" ":
            replies.append(_reply(lines))
            lines = []
        at = match.end()
    if lines:
        raise OutOfStep(f"a reply without its last line: {lines}")
    return replies


def _reply(lines: list[tuple[int, str]]) -> Said:
    if len({code for code, _ in lines}) > 1:
        raise OutOfStep(f"the lines of one reply have different codes: {lines}")
    return Said(lines[0][0], tuple(text for _, text in lines))
