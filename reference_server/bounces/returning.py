"""What goes back of the original, all of it or its header: RFC 3461 6.2, RFC 6522 3, RFC 6533 4."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_LARGEST_HEADER: Final = 65_536  # octets
_LONGEST_LINE: Final = 998  # octets: RFC 5322 2.1.1
_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:|[ \t]+[^ \t]")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart: its type, and octets that end in CRLF."""

    type: str
    octets: bytes


def returned_part(content: bytes, *, full: bool, largest: int) -> Part:
    """The third part of a report."""
    header = header_of(content)
    if full and 0 < len(content) <= largest and _is_lines(content):
        kind = "message/rfc822" if header.isascii() else "message/global"
        return Part(kind, content if content.endswith(b"\r\n") else content + b"\r\n")
    return Part("text/rfc822-headers" if header.isascii() else "message/global-headers", header)


def header_of(content: bytes) -> bytes:
    """The fields of the header, in lines that any server takes; nothing of the body."""
    lines: list[bytes] = []
    for line in content[:_LARGEST_HEADER].splitlines():
        if not _FIELD.match(line):
            break
        lines.append(line[:_LONGEST_LINE].replace(b"\0", b"") + b"\r\n")
    return b"".join(lines)


def _is_lines(content: bytes) -> bool:
    """Whether it may stand in a message that is no BINARYMIME."""
    if b"\0" in content or content.count(b"\n") != content.count(b"\r\n"):
        return False
    if content.count(b"\r") != content.count(b"\r\n"):
        return False
    return max(map(len, content.split(b"\r\n"))) <= _LONGEST_LINE
