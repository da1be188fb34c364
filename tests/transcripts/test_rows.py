"""Rows: one dialogue, a case for each row of values."""

from __future__ import annotations

import pytest

from harness.transcripts.model import Case
from harness.transcripts.steps import Start
from tests.transcripts.written import LISTED, read, told

HEAD = "suite: s\ncases:\n"


def cases(text: str) -> tuple[Case, ...]:
    suite, complaints = read(text)
    assert complaints == []
    assert suite is not None
    return suite.cases


def test_each_row_is_a_case():
    one, two = cases("""
        suite: s
        cases:
          - id: end
            title: The end {seq}, as {name}
            checks: must-1
            caught_by: lie-1
            note: of all
            needs: SIZE
            each:
              - {id: lf.lf, seq!: '\\n.\\n', name: "x{domain}"}
              - id: lf.crlf
                seq!: '\\n.\\r\\n'
                name: y
                title: Another {name}
                checks: [should-1]
                caught_by: lie-2
                needs: [unknown-rcpt]
                start: data
                grade: vulnerability
                why: it hurts
                note: of this
            dialogue: |
              C! {name}{seq}
              S: 250
    """)

    assert [one.address, two.address] == ["s/end/lf.lf", "s/end/lf.crlf"]
    assert (one.title, two.title) == ("The end \\n.\\n, as x{domain}", "Another y")
    assert (one.checks, two.checks) == (("must-1",), ("should-1",))
    assert (one.caught_by, two.caught_by) == ("lie-1", "lie-2")
    assert (one.note, two.note) == ("of all", "of this")
    assert (one.start, two.start) == (Start.CONNECT, Start.DATA)
    assert (one.grade, two.grade, two.why) == (None, "vulnerability", "it hurts")
    assert one.needs == ("ext:SIZE", "domain")
    assert two.needs == ("ext:SIZE", "unknown-rcpt", "local-rcpt")
    assert one.values["seq"].pieces == (b"\n.\n",)
    assert [one.at.line, two.at.line] == [11, 12]
    assert one.steps is two.steps


def test_a_row_without_a_title_is_known_by_its_id():
    assert cases(HEAD + "  - id: a\n    each: [{id: b, x: 1}]\n    dialogue: |\n      C: {x}\n")[
        0
    ].title == ("b")


ROWS = {
    "no row": ("[]", ["'each' has no row (write one, or leave it out)"]),
    "a row is no list": ("[[x]]", ["a row must be a mapping: `key: value` lines"]),
    "a text is a table": ("[x]", ["unknown table 'x'"]),
    "no id": ("[{v: 1}]", ["a row has no 'id'"]),
    "an id twice": ("[{id: a, v: 1}, {id: a, v: 2}]",
                    ["the id 'a' is repeated (the row in line 4 has it)"]),
    "a position": ("[{id: 1, v: 1}]", ["'1' is no id (ids are names, never positions)"]),
    "a value is missing": ("[{id: a, v: 1}, {id: b}]",
                           ["the row 'b' sets no 'v' (the row 'a' does)"]),
    "a value twice": ("[{id: a, v: 1, v!: 2}]", ["the value 'v' is given twice"]),
    "a value that is no text": ("[{id: a, v: {sender}}]",
                                ['a mapping where text is wanted (quote it: "{sender}")']),
    "a name with a meaning": ("[{id: a, v: 1, token: x}]",
                              ["{token} has a meaning of its own (take another name)"]),
    "a name that is none": ("[{id: a, v: 1, 2x: x}]", ["'2x' cannot be the name of a value "
                            "(letters, digits, - and _, a letter first)"]),
    "a key of the case": ("[{id: a, v: 1, delivered: {}}]",
                          ["'delivered' holds for all rows (write it beside `each:`)"]),
    "a variable that nothing sets": ("[{id: a, v: '{nix}'}]", ["unknown variable 'nix' " + LISTED]),
    "an escape": (r"[{id: a, v!: '\q'}]", [r"unknown escape \q (there are \r \n \t \0 \\ \xHH)"]),
    "a value that nothing uses": ("[{id: a, v: 1, w: 2}]",
                                  ["nothing uses the value 'w' (a line would, with {w})"]),
    "an unknown check": ("[{id: a, v: 1, checks: must-11}]",
                         ["unknown catalogue id 'must-11' (did you mean 'must-1'?)"]),
    "an unknown need": ("[{id: a, v: 1, needs: SIZZ}]",
                        ["unknown need 'SIZZ' (did you mean 'SIZE'?)"]),
    "an unknown start": ("[{id: a, v: 1, start: mial}]",
                         ["unknown start 'mial' (did you mean 'mail'?)"]),
}  # fmt: skip


@pytest.mark.parametrize(("each", "complaints"), ROWS.values(), ids=ROWS)
def test_what_is_wrong_with_a_row(each, complaints):
    dialogue = "C: {v}" if "v" in each else "C: x"

    assert told(dialogue, f"each: {each}") == complaints


def test_a_title_may_only_name_what_its_rows_set():
    assert told("C: {v}", "title: x {w} {v}\neach: [{id: a, v: 1}]") == [
        "unknown variable 'w' (there are: v)"
    ]
    assert told("C: NOOP", "title: x {w}") == []


def test_a_title_is_a_use_and_so_is_a_receipt():
    assert told("C: x", "title: '{v}'\neach: [{id: a, v: 1}]") == []
    assert told("C: x", "delivered: {body: '{v}'}\neach: [{id: a, v: 1}]") == []


def test_rows_are_not_blamed_for_a_dialogue_that_could_not_be_read():
    assert told("X", "each: [{id: a, v: 1}]") == [
        "no line begins with 'X' (there are C: C! S: and *)"
    ]
