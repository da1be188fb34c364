"""Texts as large as a server takes: `{brimful}`, `{overfull}`, `{full_of_dots}` (RFC 1870 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from harness.protocol.transparency import unstuff

_LINE: Final = 1000  # octets with CRLF: what every server takes (RFC 5321 4.5.3.1.6)


def size_of(text: bytes) -> int:
    """The octets of a text that count: neither the mark that ends it nor doubled periods."""
    content = text.removesuffix(b".\r\n") if text.endswith(b"\r\n.\r\n") else text
    return len(unstuff(content))


def _lines(octets: int) -> bytes:
    """Whole lines that count so many octets; fewer than two lines' are none."""
    whole, rest = divmod(octets, _LINE)
    if whole < 1:
        return b""
    first = (rest + _LINE) // 2  # the last two share what is left
    last = rest + _LINE - first
    return _line(_LINE) * (whole - 1) + _line(first) + _line(last)


def _line(octets: int, begin: bytes = b"") -> bytes:
    return begin + b"x" * (octets - len(begin[1:]) - 2) + b"\r\n"


def _dots(octets: int) -> bytes:
    """Short lines with a doubled period each: a fiftieth less, and yet more on the wire."""
    return _line(10, b"..") * max(0, octets * 49 // 500)


# variable -> the lines that it stands for, where so many octets are left
FULL: Final[Mapping[str, Callable[[int], bytes]]] = {
    "brimful": _lines,
    "overfull": lambda octets: _lines(octets + 1),
    "full_of_dots": _dots,
}
