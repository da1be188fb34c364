from __future__ import annotations

import pytest

from harness.reports.dialogue import ENDS, LONG_LINE, MANY_LINES, MANY_ROWS, lines, rows
from harness.results import Exchange

# octets -> how they are shown
LINES = {
    "a plain line": (b"EHLO a\r\n", ["C: EHLO a"]),
    "an empty line": (b"\r\n", ["C:"]),
    "an address literal": (b"MAIL FROM:<a@[127.0.0.1]>\r\n", ["C: MAIL FROM:<a@[127.0.0.1]>"]),
    "a backslash": (b'"a\\b"\r\n', ['C: "a\\b"']),
    "UTF-8": ("jösé\r\n".encode(), ["C: jösé"]),
    "several lines": (b"a\r\nb\r\n", ["C: a", "C: b"]),
    "nothing": (b"", []),
    "a trailing blank": (b"NOOP \r\n", [r"C! NOOP \r\n"]),
    "a trailing tab": (b"NOOP\t\r\n", [r"C! NOOP\t\r\n"]),
    "a bare LF": (b"a\nb\r\n", [r"C! a\n", "C: b"]),
    "a bare CR": (b"a\rb\r\n", [r"C! a\rb\r\n"]),
    "no line end": (b"a\r\nNOO", ["C: a", "C! NOO"]),
    "a NUL": (b"a\0b\r\n", [r"C! a\0b\r\n"]),
    "not UTF-8": (b"caf\xe9\r\n", [r"C! caf\xE9\r\n"]),
    "an escape sequence": (b"\x1b[2J\r\n", [r"C! \x1B[2J\r\n"]),
    "a backslash in an odd line": (b"\\\0\r\n", [r"C! \\\0\r\n"]),
}


@pytest.mark.parametrize(("octets", "shown"), LINES.values(), ids=LINES)
def test_every_octet_can_be_told_from_what_is_shown(octets, shown):
    assert lines(octets, "C") == shown


def test_a_connection_with_a_name_shows_it():
    assert lines(b"NOOP\r\n", "S", "again") == ["S(again): NOOP"]


def test_a_long_line_is_folded_in_the_middle():
    (shown,) = lines(b"Subject: " + b"x" * LONG_LINE + b"end\r\n", "C")

    assert shown.startswith("C: Subject: xxx")
    assert shown.endswith("xxxend")
    assert "[... 34 octets ...]" in shown


def test_a_long_body_is_folded_in_the_middle():
    body = b"".join(b"line %d\r\n" % number for number in range(1, 101))
    shown = lines(body, "C")

    assert len(shown) < MANY_LINES
    assert shown[0] == "C: line 1"
    assert shown[-1] == "C: line 100"
    assert "   ... 88 lines, 791 octets left out ..." in shown


def test_lines_of_one_moment_share_its_time():
    shown = rows([Exchange(at=0.25, who="S", octets=b"250-a\r\n250 b\r\n")])

    assert [row.text for row in shown] == ["    0.250 S: 250-a", "          S: 250 b"]


def test_what_happens_to_a_connection_stands_between():
    shown = rows([Exchange(at=1, who="*", happened="TLS 1.3\nby \x1b[m", connection="b")])

    assert shown[0].text == r"    1.000 *(b)  TLS 1.3 by \x1B[m"


def a_long_dialogue():
    return [Exchange(at=n, who="C", octets=b"RCPT %d\r\n" % n) for n in range(400)]


def test_a_long_dialogue_keeps_its_ends():
    shown = [row.text for row in rows(a_long_dialogue())]

    assert len(shown) == 2 * ENDS + 1 < MANY_ROWS
    assert shown[0].endswith("RCPT 0")
    assert shown[-1].endswith("RCPT 399")
    assert shown[ENDS].split() == ["...", "352", "rows", "left", "out", "..."]


def test_a_long_dialogue_keeps_what_surrounds_the_surprise():
    shown = [row.text for row in rows(a_long_dialogue(), near=200)]

    assert sum("left out" in text for text in shown) == 2
    assert {f"RCPT {n}" for n in range(194, 207)} <= {text.partition("C: ")[2] for text in shown}
