"""What stores do to messages, undone: each function gives back the octets and what was changed."""

from __future__ import annotations

import re
from typing import Final

LF_UNDONE: Final = "the store wrote LF for CRLF, which was undone before comparing"
QUOTE_UNDONE: Final = (
    "the store wrote >From for From at the beginning of a line, which was undone before comparing"
)

_QUOTED = re.compile(rb"^>From ", re.MULTILINE)
_QUOTED_AGAIN = re.compile(rb"^>(>*From )", re.MULTILINE)

Undone = tuple[bytes, tuple[str, ...]]


def undo_line_ends(octets: bytes) -> Undone:
    """CRLF where the store wrote LF: only if it did so everywhere, else they stay as they are."""
    if b"\n" in octets and b"\r\n" not in octets:
        return octets.replace(b"\n", b"\r\n"), (LF_UNDONE,)
    return octets, ()


def undo_quoting(octets: bytes, *, reversible: bool) -> Undone:
    """`From ` where the store wrote `>From `.

    A reversible store (mboxrd) puts the sign before `>From ` too.  Of another (mboxo) nobody can
    tell whether a message had the sign itself.
    """
    if reversible:
        undone, count = _QUOTED_AGAIN.subn(rb"\1", octets)
    else:
        undone, count = _QUOTED.subn(b"From ", octets)
    return undone, (QUOTE_UNDONE,) if count else ()
