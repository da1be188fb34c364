"""SASLprep (RFC 4013): names and passwords in the one form in which they are compared."""

from __future__ import annotations

import stringprep
from collections.abc import Callable
from typing import Final
from unicodedata import ucd_3_2_0  # RFC 3454 is about Unicode 3.2

_Table = Callable[[str], bool]

# RFC 4013 2.3
_PROHIBITED: Final[tuple[_Table, ...]] = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def prepare(text: str, *, stored: bool = False) -> str | None:
    """The text as it is compared; None if it may not be used.

    What is stored may hold no character that Unicode 3.2 did not know (RFC 4013 2.5).
    """
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(map(_mapped, text))
    normal = ucd_3_2_0.normalize("NFKC", mapped)
    forbidden = (*_PROHIBITED, stringprep.in_table_a1) if stored else _PROHIBITED
    if any(table(char) for table in forbidden for char in normal) or not _runs_one_way(normal):
        return None
    return normal


def _mapped(char: str) -> str:
    """RFC 4013 2.1: spaces become one kind of space, and some characters become nothing."""
    if stringprep.in_table_c12(char):
        return " "
    return "" if stringprep.in_table_b1(char) else char


def _runs_one_way(text: str) -> bool:
    """RFC 3454 6: text that runs right to left does so from its first character to its last."""
    if not any(map(stringprep.in_table_d1, text)):
        return True
    if any(map(stringprep.in_table_d2, text)):
        return False
    return stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
