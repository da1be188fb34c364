"""Command lines, from tables."""

import pytest

from harness.protocol.commands import Objection, PathCommand, read_path_command, split_verb

LINES = {
    "a verb alone": (b"QUIT", b"QUIT", b""),
    "a verb as written": (b"qUiT", b"qUiT", b""),
    "an argument": (b"EHLO client.example", b"EHLO", b"client.example"),
    "white space at the end": (b"RSET \t ", b"RSET", b""),
    "an argument with blanks": (b"NOOP so much  to say", b"NOOP", b"so much  to say"),
    "more blanks than one": (b"EHLO   client.example", b"EHLO", b"client.example"),
    "no verb": (b" QUIT", b"", b"QUIT"),
    "nothing": (b"", b"", b""),
    "octets": (b"\x00\xff \x80", b"\x00\xff", b"\x80"),
}


@pytest.mark.parametrize(("line", "verb", "argument"), LINES.values(), ids=LINES)
def test_a_line_is_a_verb_and_what_follows(line: bytes, verb: bytes, argument: bytes):
    assert split_verb(line) == (verb, argument)


GOOD = {
    "ordinary": (b"FROM:<a@b.example>", PathCommand(b"<a@b.example>")),
    "the null path": (b"FROM:<>", PathCommand(b"<>")),
    "keyword in any case": (b"fRoM:<a@b>", PathCommand(b"<a@b>")),
    "a blank behind the colon": (b"FROM: <a@b>", PathCommand(b"<a@b>", (), True)),
    "blanks behind the colon": (b"FROM:   <a@b>", PathCommand(b"<a@b>", (), True)),
    "a parameter": (b"FROM:<a@b> SIZE=7", PathCommand(b"<a@b>", (("SIZE", "7"),))),
    "a parameter without a value": (b"FROM:<a@b> x-Y", PathCommand(b"<a@b>", (("X-Y", None),))),
    "parameters in their order": (
        b"FROM:<a@b> size=7  Body=8bitMIME ",
        PathCommand(b"<a@b>", (("SIZE", "7"), ("BODY", "8bitMIME"))),
    ),
    "every octet that a value may hold": (
        b"FROM:<> V=" + bytes(n for n in range(33, 127) if n != 61),
        PathCommand(b"<>", (("V", "".join(chr(n) for n in range(33, 127) if n != 61)),)),
    ),
    "a bracket in quotes": (b'FROM:<"a> b"@c> X', PathCommand(b'<"a> b"@c>', (("X", None),))),
    "a quoted quote": (b'FROM:<"a\\" b>"@c> X', PathCommand(b'<"a\\" b>"@c>', (("X", None),))),
    # What is no path at all is left to the reader of addresses.
    "no brackets": (b"FROM:a@b", PathCommand(b"a@b")),
    "no path": (b"FROM:", PathCommand(b"")),
    "a blank in brackets": (b"FROM:<a b@c> X", PathCommand(b"<a b@c>", (("X", None),))),
    "an open bracket": (b"FROM:<a@b X", PathCommand(b"<a@b", (("X", None),))),
    "something stuck to the path": (b"FROM:<a@b>SIZE=7", PathCommand(b"<a@b>SIZE=7")),
    "an open quote": (b'FROM:<"a@b> X', PathCommand(b'<"a@b>', (("X", None),))),
    "a quote behind the path": (b'FROM:<a@b>">', PathCommand(b'<a@b>">')),
}


@pytest.mark.parametrize(("argument", "command"), GOOD.values(), ids=GOOD)
def test_the_argument_of_mail_is_a_path_and_parameters(argument: bytes, command: PathCommand):
    assert read_path_command(argument, b"FROM") == command


BAD = {
    "nothing": b"",
    "no keyword": b"<a@b>",
    "no colon": b"FROM <a@b>",
    "a blank before the colon": b"FROM :<a@b>",
    "the keyword of RCPT": b"TO:<a@b>",
    "no keyword before the equals": b"FROM:<a@b> =7",
    "a keyword that begins with a hyphen": b"FROM:<a@b> -X=7",
    "an underscore": b"FROM:<a@b> A_B=7",
    "no value": b"FROM:<a@b> SIZE=",
    "two equals": b"FROM:<a@b> SIZE=7=7",
    "a control character": b"FROM:<a@b> SIZE=7\x01",
    "an 8-bit octet": b"FROM:<a@b> X=\xc3\xb6",
    "a tab": b"FROM:<a@b> X\tY",
    "a parameter twice": b"FROM:<a@b> SIZE=7 size=7",
    "a flag twice": b"FROM:<a@b> X X",
}


@pytest.mark.parametrize("argument", BAD.values(), ids=BAD)
def test_bad_syntax_is_an_objection(argument: bytes):
    objection = read_path_command(argument, b"FROM")

    assert isinstance(objection, Objection)
    assert (objection.code, objection.enhanced) == (501, "5.5.4")


def test_the_objection_names_what_is_needed():
    assert read_path_command(b"<a@b>", b"TO") == Objection(501, "5.5.4", "TO:<address> is needed")


def test_the_argument_of_rcpt_begins_with_its_own_keyword():
    assert read_path_command(b"to:<a@b>", b"TO") == PathCommand(b"<a@b>")


@pytest.mark.parametrize("octets", [b'"' * 5000, b"<" * 5000, b'<"\\' * 2000, b"<a>" * 2000])
def test_no_argument_takes_long(octets: bytes):
    command = read_path_command(b"FROM:" + octets, b"FROM")

    assert command == PathCommand(octets)
