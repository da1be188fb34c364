"""Text and escaped octets with variables: what `C:` and `C!` lines hold."""

from __future__ import annotations

import pytest

from harness.documents import Complaints, Place
from harness.transcripts.templates import (
    Names,
    holds_size,
    joined,
    literal,
    read_octets,
    read_regex,
    read_text,
)
from harness.transcripts.wants import Fill, Template, Variable

AT = Place("x", 1)


def shown(template: Template) -> str:
    """Pieces as text: literals bare, variables in braces."""
    texts = []
    for piece in template.pieces:
        match piece:
            case Variable():
                texts.append(f"<{piece.name}>")
            case Fill():
                texts.append(f"<fill {piece.size} {piece.name}>")
            case _:
                texts.append(piece.decode("utf-8", "backslashreplace"))
    return "".join(texts)


TEXTS = {
    "plain": ("MAIL FROM:<a@b>", "MAIL FROM:<a@b>"),
    "nothing": ("", ""),
    "a variable": ("a{sender}b", "a<sender>b"),
    "variables side by side": ("{a}{b-2}", "<a><b-2>"),
    "a brace before a digit": (r"\d{3} {1,2} {} {", r"\d{3} {1,2} {} {"),
    "a fill": ("{fill 512}", "<fill 512 None>"),
    "a named fill": ("x {fill 9 as long}", "x <fill 9 long>"),
    "escapes mean nothing": (r"\r\n\x00", r"\r\n\x00"),
    "UTF-8": ("jösé", "jösé"),
}


@pytest.mark.parametrize(("text", "pieces"), TEXTS.values(), ids=TEXTS)
def test_text_is_cut_at_its_variables(text, pieces):
    complaints = Complaints()

    assert shown(read_text(text, AT, Names(), complaints)) == pieces
    assert list(complaints) == []


OCTETS = {
    "escapes": (r"\r\n\t\0\\ \x41\xfF", (b"\r\n\t\0\\ A\xff",)),
    "a zero before a digit": (r"\012", (b"\x0012",)),
    "an escaped brace opens nothing": (r"\x7btoken}", (b"{token}",)),
    "around a variable": (r"\r{a}\n", (b"\r", Variable("a", Place("x", 1, 3, "", 3)), b"\n")),
    "UTF-8": ("é", ("é".encode(),)),
}


@pytest.mark.parametrize(("text", "pieces"), OCTETS.values(), ids=OCTETS)
def test_octets_are_read_from_their_escapes(text, pieces):
    complaints = Complaints()

    assert read_octets(text, AT, Names(), complaints).pieces == pieces
    assert list(complaints) == []


WRONG = {
    "an unknown escape": (r"ab\q", 3, r"unknown escape \q (there are \r \n \t \0 \\ \xHH)"),
    "half an escape": (r"\x4", 1, r"unknown escape \x (there are \r \n \t \0 \\ \xHH)"),
    "a backslash at the end": ("a\\", 2, "unknown escape \\ "
                               r"(there are \r \n \t \0 \\ \xHH)"),
    "an open brace": ("a{b c", 2, "a variable that is not closed (`{` opens one before a letter; "
                      r"a plain `{` is \x7b after C!)"),
    "no name": ("{a b}", 1, "{a b} is no variable ({name} or {fill 512 as name}; "
                r"a plain `{` is \x7b after C!)"),
    "no fill": ("{fill x}", 1, "{fill x} is no variable ({name} or {fill 512 as name}; "
                r"a plain `{` is \x7b after C!)"),
    "two fills": ("{fill 3}{fill 4}", 9, "a second {fill} in this line "
                  "(one {fill} makes a line as long as it says)"),
    "all lines": ("a {text...}", 3, "{text...} is all lines to the lone dot "
                  "(it stands alone after C: where the harness is the server)"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "column", "sentence"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_at_its_column(text, column, sentence):
    complaints = Complaints()

    read_octets(text, AT, Names(), complaints)

    assert [(it.at.column, it.sentence) for it in complaints] == [(column, sentence)]


NAMES = Names({"crepes.fr": "our_name", "alice@crepes.fr": "sender", "bob": "recipient"})
EXCHANGED = {
    "a word": ("HELO crepes.fr", "HELO <our_name>"),
    "the longest word": ("<alice@crepes.fr>", "<<sender>>"),
    "the domain of somebody else": ("<carol@crepes.fr>", "<carol@crepes.fr>"),
    "within a longer word": ("xcrepes.fr crepes.frx", "xcrepes.fr crepes.frx"),
    "within a longer domain": ("mail.crepes.fr crepes.fr.uk", "mail.crepes.fr crepes.fr.uk"),
    "before a full stop": ("from crepes.fr.", "from <our_name>."),
    "before a comma": ("Hello crepes.fr, bob!", "Hello <our_name>, <recipient>!"),
    "with a hyphen": ("bob-by b-bob bob+x", "bob-by b-bob bob+x"),
    "in another case": ("Bob", "Bob"),
    "next to UTF-8": ("ébob bobé", "ébob bobé"),
    "beside a variable": ("{x}bob", "<x><recipient>"),
    "twice": ("bob bob", "<recipient> <recipient>"),
}


@pytest.mark.parametrize(("text", "pieces"), EXCHANGED.values(), ids=EXCHANGED)
def test_names_are_exchanged_as_whole_words(text, pieces):
    assert shown(read_text(text, AT, NAMES, Complaints())) == pieces


def test_names_are_exchanged_between_escapes_too():
    template = read_octets(r"\nbob\r", AT, NAMES, Complaints())

    assert template.pieces == (b"\n", Variable("recipient", AT, b"bob"), b"\r")


REGEXES = {
    "a count": (r"^\d{3} ok$", r"^\d{3} ok$"),
    "a variable": (r"^{domain} ", r"^<domain> "),
    "an escaped brace": (r"\{domain}", r"\{domain}"),
    "a backslash before a variable": (r"\\{domain}", r"\\<domain>"),
}


@pytest.mark.parametrize(("text", "pieces"), REGEXES.values(), ids=REGEXES)
def test_a_regex_holds_variables_too(text, pieces):
    complaints = Complaints()

    assert shown(read_regex(text, AT, complaints)) == pieces
    assert list(complaints) == []


def test_a_regex_that_is_none_is_told():
    complaints = Complaints()

    assert read_regex("(", AT, complaints).pieces == (b"",)
    assert [it.sentence for it in complaints] == [
        "not a regular expression: missing ), unterminated subpattern at position 0"
    ]


def test_a_regex_that_python_will_read_otherwise_one_day_is_told():
    complaints = Complaints()

    read_regex("[[a]", AT, complaints)

    assert [it.sentence for it in complaints] == [
        "not a regular expression: Possible nested set at position 1"
    ]


def test_joined_templates_have_no_seam():
    assert joined(literal(b"a"), literal(b""), literal(b"b")).pieces == (b"ab",)


def test_a_template_knows_its_variables():
    template = read_text("a {size} {b}", AT, Names(), Complaints())

    assert [variable.name for variable in template.variables] == ["size", "b"]
    assert holds_size(template)
    assert not holds_size(literal(b"size"))
