r"""Octets as text that a person can read and a file can hold, and back again.

What a hostile peer sends must never reach a terminal, an XML file or a log as it is.  The notation
is that of `C!` lines: `\r \n \t \0 \\ \xHH`, all other characters as they are, if UTF-8 and
printable.  So what a report shows can be pasted into a suite, and no octet is lost.
"""

from __future__ import annotations

import re

_SHORT = {"\r": r"\r", "\n": r"\n", "\t": r"\t", "\0": r"\0", "\\": r"\\"}
_LONG = {written: octets.encode() for octets, written in _SHORT.items()}
_ESCAPE = re.compile(r"\\(?:[rnt0\\]|x[0-9A-Fa-f]{2})")
_PLAIN = re.compile(rb"[ -\[\]-~]*")  # printable US-ASCII without the backslash


def visible(octets: bytes) -> str:
    r"""Octets as one line of printable text; `octets_of` undoes it."""
    if _PLAIN.fullmatch(octets):
        return octets.decode("ascii")
    return "".join(_shown(char) for char in octets.decode("utf-8", "surrogateescape"))


def excerpt(octets: bytes, longest: int = 80) -> str:
    """The beginning of octets, for a sentence."""
    cut = "..." if len(octets) > longest else ""
    return visible(octets[:longest]) + cut


def octets_of(text: str) -> bytes:
    """The octets that `visible` made this text of; a backslash that opens no escape stands."""
    octets = bytearray()
    end = 0
    for match in _ESCAPE.finditer(text):
        octets += text[end : match.start()].encode()
        octets += _meant(match[0])
        end = match.end()
    return bytes(octets + text[end:].encode())


def harmless(text: str) -> str:
    """Text that may hold what a peer said, without anything that a terminal would obey."""
    if text.isprintable():  # as nearly all text is
        return text
    return "".join(
        char if char.isprintable() or char == "\n" else _shown(char) for char in text
    )  # a backslash is harmless and stays single: this is for reading only


def one_line(text: str) -> str:
    """The same where it must stay in its line: a table, a sentence, a terminal's last line."""
    return harmless(text).replace("\n", r"\n")


def _shown(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    # An octet that was no UTF-8 stands as one of these; other surrogates come from JSON alone.
    is_octet = "\udc80" <= char <= "\udcff"
    octets = char.encode("utf-8", "surrogateescape" if is_octet else "surrogatepass")
    return "".join(f"\\x{octet:02X}" for octet in octets)


def _meant(escape: str) -> bytes:
    return _LONG.get(escape) or bytes([int(escape[2:], 16)])


def first_difference(one: bytes, other: bytes) -> int:
    """How many octets two runs have in common at their beginnings."""
    low, high = 0, min(len(one), len(other))
    while low < high:  # halving compares at C speed: messages may have megabytes
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
