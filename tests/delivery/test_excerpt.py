"""Excerpts: what a server did to a text must be seen at once."""

from __future__ import annotations

import pytest

from harness.delivery.excerpt import excerpts

# wanted, met -> how both are shown
SHOWN = {
    "a dot too many": (
        b".one\r\ntwo\r\n", b"..one\r\ntwo\r\n",
        "11 octets:\n  .one\n  two", "12 octets:\n  ..one\n  two",
    ),
    "a later line": (
        b"a\r\nb\r\nc\r\n", b"a\r\nb\r\nd\r\n",
        "9 octets, from line 3:\n  c", "9 octets, from line 3:\n  d",
    ),
    "a lost line": (
        b"a\r\nb\r\n", b"a\r\n",
        "6 octets, from line 2:\n  b", "3 octets, from line 2:\n  (nothing more)",
    ),
    "nothing at all": (b"a\r\n", b"", "3 octets:\n  a", "nothing"),
    "line ends alone": (b"a\r\n", b"a\n", "3 octets:\n  a", "2 octets:\n  a\\n"),
    "a trailing blank": (b"a \r\n", b"a\r\n", "4 octets:\n  a \\r\\n", "3 octets:\n  a"),
    "not UTF-8": (b"\xe9\r\n", b"?\r\n", "3 octets:\n  \\xE9\\r\\n", "3 octets:\n  ?"),
    "an escape sequence": (b"\x1bc\r\n", b"c\r\n", "4 octets:\n  \\x1Bc\\r\\n", "3 octets:\n  c"),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "met", "wish", "fact"), SHOWN.values(), ids=SHOWN)
def test_both_sides_are_shown_from_the_first_difference(wanted, met, wish, fact):
    assert excerpts(wanted, met) == (wish, fact)


def test_of_a_long_line_the_difference_is_shown():
    wish, fact = excerpts(b"x" * 998 + b"y\r\n", b"x" * 998 + b"z\r\n")

    assert wish == f"1001 octets:\n  [958 octets] {'x' * 40}y"
    assert fact == f"1001 octets:\n  [958 octets] {'x' * 40}z"


def test_of_a_long_line_the_rest_is_counted():
    assert excerpts(b"y" + b"x" * 999, b"")[0] == f"1000 octets:\n  y{'x' * 99} [900 octets]"


def test_of_many_lines_the_first_are_shown():
    wish, _ = excerpts(b"a\r\n" * 100, b"b\r\n")

    assert wish.count("\n  a") == 6
    assert wish.endswith("\n  ... 94 more lines ...")
