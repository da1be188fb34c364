"""Complaints: a line with a caret, in the order of the file, and enough of them."""

from __future__ import annotations

import pytest

from harness.documents import (
    Complaint,
    Complaints,
    DocumentError,
    Place,
    nearest,
    render,
)


def test_a_complaint_shows_the_line_with_a_caret():
    at = Place("x.smtp.yaml", 13, 5, "    dialog: |", 6)

    assert render(Complaint(at, "unknown key 'dialog'", "did you mean 'dialogue'?")) == (
        "error: unknown key 'dialog' (did you mean 'dialogue'?)\n"
        "  --> x.smtp.yaml:13:5\n"
        "   |\n"
        "13 |     dialog: |\n"
        "   |     ^^^^^^"
    )


def test_a_warning_says_so():
    assert render(Complaint(Place("x", 1), "odd", warning=True)) == "warning: odd\n --> x:1:1"


@pytest.mark.parametrize("column", [1, 60, 150, 299])
def test_the_caret_stands_below_its_place_in_a_long_line(column):
    line = "".join(chr(33 + number % 90) for number in range(300))

    *_, shown, caret = render(Complaint(Place("x", 1, column, line, 500), "odd")).splitlines()

    assert shown[caret.index("^")] == line[column - 1]
    assert len(shown) == len(caret.rstrip("^")) + caret.count("^") <= 104


def test_what_cannot_be_printed_is_shown_all_the_same():
    rendered = render(Complaint(Place("x", 1, 3, "\ta\x00b"), "odd"))

    assert "1 | →a\N{REPLACEMENT CHARACTER}b\n  |   ^" in rendered


def test_complaints_come_in_the_order_of_the_file_and_once():
    complaints = Complaints()
    complaints.add(Place("x", 2), "second")
    complaints.warn(Place("x", 1, 2), "a warning")
    complaints.add(Place("x", 1), "first")
    complaints.add(Place("x", 2), "second")

    assert [it.message for it in complaints] == ["first", "a warning", "second"]
    assert [it.message for it in complaints.errors] == ["first", "second"]
    with pytest.raises(DocumentError, match="first") as refusal:
        complaints.raise_errors()
    assert refusal.value.complaints == complaints.errors


def test_there_are_enough_mistakes_for_once():
    complaints = Complaints()

    for line in range(1, 1000):
        complaints.unknown(Place("x", line), "word", "a", ["b"])
        complaints.add(Place("x", line), "odd")

    assert len(complaints.errors) == 501
    assert str(complaints.errors[-1]) == "x:251:1: 500 mistakes are enough for once"


def test_warnings_alone_stop_nobody():
    complaints = Complaints()
    complaints.warn(Place("x", 1), "odd")

    complaints.raise_errors()


def test_the_nearest_word_is_named_or_all_if_they_are_few():
    complaints = Complaints()
    at = Place("x", 1)

    assert complaints.unknown(at, "start", "MIAL", ["mail", "data"]) == "mail"
    assert complaints.unknown(at, "start", "zzzz", ["mail", "data"]) is None
    assert complaints.unknown(at, "id", "zzzz", map(str, range(50))) is None
    assert [it.sentence for it in complaints] == [
        "unknown start 'MIAL' (did you mean 'mail'?)",
        "unknown start 'zzzz' (there are: data, mail)",
        "unknown id 'zzzz'",
    ]
    assert nearest("dialog", ["dialogue"]) == "did you mean 'dialogue'?"
    assert nearest("dialog", ["x"]) == ""


def test_a_place_is_a_path_and_a_line():
    assert str(Place("x", 7, 3)) == "x:7"
    assert Place("x", 7, 3).exactly == "x:7:3"
    assert str(Place("x", 0)) == Place("x", 0).exactly == "x"
    assert Place("x", 7, 3).onward(2, 0) == Place("x", 7, 5)
