from __future__ import annotations

import io

import pytest

from harness.reports.status_line import StatusLine

WIPED = "\r\x1b[2K"


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")


def test_each_text_takes_the_place_of_the_one_before_and_the_last_is_taken_away():
    screen = Screen()
    line = StatusLine(screen)
    line.show("one")
    line.show("two")
    line.clear()

    assert screen.getvalue() == f"{WIPED}one{WIPED}two{WIPED}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("x" * 19, "x" * 19), ("x" * 20, "x" * 16 + "..."), ("", "")],
)
def test_a_line_is_cut_to_the_terminal(narrow: None, text: str, shown: str):
    screen = Screen()
    StatusLine(screen).show(text)

    assert screen.getvalue() == f"{WIPED}{shown}"


def test_what_was_said_by_others_stays_in_the_line_and_moves_nothing():
    screen = Screen()
    StatusLine(screen).show("a\nb\x1b[2J")

    assert screen.getvalue() == f"{WIPED}a\\nb\\x1B[2J"


def test_a_pipe_gets_nothing():
    pipe = io.StringIO()
    line = StatusLine(pipe)
    line.show("one")
    line.clear()

    assert (line.is_seen, pipe.getvalue()) == (False, "")
