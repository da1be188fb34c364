"""Lines, indentation and marks: what every dialogue is made of."""

from __future__ import annotations

import pytest

from harness.documents import render
from harness.transcripts.steps import Expect, Write
from tests.transcripts.written import case, read, steps, told, wrap


def test_every_step_knows_its_line():
    found = case("C: NOOP\n\n# why\nS: 250\n  on 250:\n    C: QUIT\n")

    write, expect = found.steps
    assert isinstance(expect, Expect)
    assert [write.at.line, expect.at.line] == [5, 8]
    assert expect.branches[0].at.line == 9
    assert expect.branches[0].steps[0].at.line == 10
    assert expect.branches[0].steps[0].at.column == 11
    assert expect.at.text == "      S: 250"


def test_blank_lines_and_comments_do_not_part_a_write():
    found = steps("C: a\n\n# why\n  # deeper\nC: b\n   \nC: c\n")

    assert len(found) == 1
    assert isinstance(found[0], Write)
    assert [line.octets.pieces for line in found[0].lines] == [
        (b"a\r\n",),
        (b"b\r\n",),
        (b"c\r\n",),
    ]


TEXTS = {
    "C: a": b"a\r\n",
    "C:  a": b" a\r\n",
    "C:a": b"a\r\n",
    "C:": b"\r\n",
    "C: .": b".\r\n",
    "C: # no comment": b"# no comment\r\n",
    "C! a": b"a",
    r"C! \x20": b" ",
}


@pytest.mark.parametrize("line", TEXTS)
def test_one_space_after_the_mark_is_dropped(line):
    (write,) = steps(line)

    assert isinstance(write, Write)
    assert write.lines[0].octets.pieces == (TEXTS[line],)


LINES = {
    "EHLO x": "no line begins with 'EHLO' (there are C: C! S: and *)",
    "c: x": "no line begins with 'c:' (there are C: C! S: and *)",
    "C x": "no line begins with 'C' (there are C: C! S: and *)",
    "*: x": "no line begins with '*:' (there are C: C! S: and *)",
    "best 501": "`best` belongs to a line above (indent it below that line)",
    "on 250:": "`on` belongs to a line above (indent it below that line)",
    "R: 250": "`R:` is the receiver in RFC 3030's samples, where `S:` sends "
    "(here the client speaks after C: and the server after S:)",
    "C(1): x": "'1' is no name for a connection (a letter opens a name)",
    "C(agian): x": "unknown connection 'agian'",
    "C: x ": r"blanks at the line's end (nobody can see them; write C! ...\x20\r\n)",
    "C: ": r"blanks at the line's end (nobody can see them; write C! ...\x20\r\n)",
    "S! x": "`S!` is for what the harness says as a server "
    "(to compare octets, indent `octets ...` below S:)",
    "C: a\\r\\n": "\\r goes out as it stands (C! knows escapes, C: has none)",
}


@pytest.mark.parametrize("line", LINES)
def test_a_bad_line_is_one_complaint(line):
    assert told(line) == [LINES[line]]


def test_a_connection_is_known_from_where_it_is_opened():
    assert told("* connect again\nC(agian): x\nC(agian): y") == [
        "unknown connection 'agian' (did you mean 'again'?)"
    ]


def test_what_stands_between_an_escape_in_text_and_its_caret():
    _, complaints = read(wrap("C: a\\tb"))

    assert render(complaints[0]) == (
        "warning: \\t goes out as it stands (C! knows escapes, C: has none)\n"
        " --> x.smtp.yaml:5:11\n"
        "  |\n"
        "5 |       C: a\\tb\n"
        "  |           ^^"
    )


def test_a_dialogue_must_be_a_literal_block():
    suite = "suite: s\ncases:\n  - id: a\n    dialogue: "
    sentence = "a dialogue must be a literal block (write `dialogue: |`)"

    for written in ("'C: x'", ">\n      C: x\n", "C! x"):
        assert [it.sentence for it in read(suite + written)[1]] == [sentence]


def test_a_dialogue_must_say_something():
    assert told("# nothing") == ["an empty dialogue"]


def test_an_indentation_must_fit_a_line_above():
    assert told("S: 250\n    best 250\n  within 5s\n") == ["this indentation fits no line above"]


def test_there_is_a_depth_at_which_nobody_can_follow():
    deep = "".join(f"{'    ' * n}S: 250\n{'    ' * n}  on 250:\n" for n in range(12))

    assert told(deep + "    " * 12 + "C: x") == ["indented too deeply (20 levels are enough)"]


def test_a_file_s_line_and_column_survive_a_deeper_block():
    _, complaints = read("""
        suite: s
        cases:
          - id: a
            dialogue: |2

                S: 250
                  bset 501
    """)

    assert [it.at.exactly for it in complaints] == ["x.smtp.yaml:8:11"]
