from __future__ import annotations

import random

import pytest

from harness.visible import excerpt, harmless, octets_of, one_line, visible

SHOWN = {
    "plain text": (b"250 ok", "250 ok"),
    "nothing": (b"", ""),
    "a line end": (b"250 ok\r\n", r"250 ok\r\n"),
    "short escapes": (b"\t\0\\", r"\t\0\\"),
    "an escape sequence": (b"\x1b[31m", r"\x1B[31m"),
    "UTF-8": ("grüße".encode(), "grüße"),
    "octets that are not UTF-8": (b"caf\xe9", r"caf\xE9"),
    "a character of the C1 set": ("\x9b".encode(), r"\xC2\x9B"),
    "text that turns the line around": ("\u202e".encode(), r"\xE2\x80\xAE"),
    "a line separator": ("\u2028".encode(), r"\xE2\x80\xA8"),
    "a noncharacter": ("\ufffe".encode(), r"\xEF\xBF\xBE"),
}


@pytest.mark.parametrize(("octets", "text"), SHOWN.values(), ids=SHOWN)
def test_octets_are_shown_as_printable_text_that_loses_nothing(octets, text):
    assert visible(octets) == text
    assert octets_of(text) == octets


def test_an_excerpt_says_that_it_is_one():
    assert excerpt(b"250 ok\r\n") == r"250 ok\r\n"
    assert excerpt(b"2" * 81) == "2" * 80 + "..."


def test_any_octets_come_back():
    dice = random.Random(4711)
    for size in range(200):
        octets = bytes(dice.choice(b"\\xrn0\r\n\t\0A\xc3\xa9\xff ") for _ in range(size))

        assert octets_of(visible(octets)) == octets
        assert visible(octets).isprintable()


def test_a_backslash_that_opens_no_escape_stands_for_itself():
    assert octets_of(r"\q \x4 \\") == b"\\q \\x4 \\"


def test_half_a_character_is_harmless_too():
    """JSON can say it, and so can a result file that somebody made."""
    assert harmless("a\ud800b") == "a\\xED\\xA0\\x80b"


def test_harmless_text_keeps_its_lines_and_its_backslashes():
    assert harmless("a\\b\nc\x1b[0m\r\udcff") == "a\\b\nc\\x1B[0m\\r\\xFF"
    assert one_line("a\\b\nc\x1b[0m\r\udcff") == "a\\b\\nc\\x1B[0m\\r\\xFF"
