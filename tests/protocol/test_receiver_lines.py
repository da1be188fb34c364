"""Command lines, one at a time: what each is answered, what it changes, how many may come."""

from dataclasses import replace

import pytest

from harness.protocol.order import State, Verb
from harness.protocol.receiver import (
    ANSWERS,
    RULES,
    Occasion,
)
from tests.protocol.obliging import Obliging

MAIL = b"MAIL FROM:<a@b.test>\r\n"
RCPT = b"RCPT TO:<alice@example.test>\r\n"
HELLO = b"EHLO client.test\r\n"


def limited(**limits):
    return replace(RULES, limits=replace(RULES.limits, **limits))


# what a greeted client says -> the codes that it hears
LINES = {
    "unknown verb": (b"WIBBLE\r\n", [500]),
    "empty line": (b"\r\n", [500]),
    "lower case": (b"noop\r\n", [250]),
    "NOOP takes any argument": (b"NOOP anything\r\n", [250]),
    "argument where none belongs": (b"RSET now\r\nDATA x\r\nQUIT x\r\n", [501, 503, 501]),
    "bare LF is no line end": (b"NOOP\nNOOP\r\n", [500]),
    "bare CR is no line end": (b"NOOP\rNOOP\r\n", [500]),
    "VRFY needs somebody": (b"VRFY\r\nVRFY alice\r\n", [501, 252]),
    "lists are not told": (b"EXPN staff\r\n", [252]),
    "help": (b"HELP\r\nHELP MAIL\r\n", [214, 214]),
    "RCPT first": (RCPT, [503]),
    "DATA first": (b"DATA\r\n", [503]),
    "MAIL in a transaction": (MAIL + MAIL, [250, 503]),
    "unknown parameter": (b"MAIL FROM:<a@b.test> XYZZY=1\r\n", [555]),
    "unknown parameter at RCPT": (MAIL + RCPT[:-2] + b" XYZZY\r\n", [250, 555]),
    "known parameters": (b"MAIL FROM:<a@b.test> SIZE=1000 BODY=8BITMIME\r\n", [250]),
    "declared size over the limit": (b"MAIL FROM:<a@b.test> SIZE=99999999999\r\n", [552]),
    "no path": (b"MAIL\r\nMAIL TO:<a@b.test>\r\n", [501, 501]),
    "bad reverse-path": (b"MAIL FROM:<a@b_c.test>\r\n", [501]),
    "bad forward-path": (MAIL + b"RCPT TO:<>\r\n", [250, 501]),
    "no path at RCPT": (MAIL + b"RCPT\r\n", [250, 501]),
    "null reverse-path": (b"MAIL FROM:<>\r\n", [250]),
    "blanks behind the colon": (b"MAIL FROM: <a@b.test>\r\n", [250]),
    "EHLO without a name": (b"EHLO\r\n", [501]),
    "HELO with no domain": (b"HELO a_b\r\n", [501]),
    "address literal": (b"EHLO [127.0.0.1]\r\n", [250]),
    "AUTH in the clear": (b"AUTH PLAIN\r\n", [538]),
}


@pytest.mark.parametrize(("said", "codes"), LINES.values(), ids=LINES)
def test_what_a_greeted_client_says_gets_its_code(said, codes):
    talk = Obliging()
    talk.say(HELLO)
    assert talk.codes(said) == codes


def test_a_refused_command_changes_nothing():
    talk = Obliging()
    talk.say(HELLO, MAIL, RCPT)
    talk.say(b"WIBBLE\r\n", MAIL, b"RSET x\r\n", b"EHLO\r\n")
    assert talk.receiver.memory.state is State.RECIPIENTS


@pytest.mark.parametrize("verb", [b"RSET", b"EHLO client.test", b"HELO client.test"])
def test_rset_and_hello_forget_the_transaction(verb):
    talk = Obliging()
    talk.say(HELLO, MAIL, RCPT)
    assert talk.codes(verb + b"\r\n", RCPT, MAIL) == [250, 503, 250]


def test_mail_needs_a_hello():
    assert Obliging().codes(MAIL) == [503]


def test_an_endless_line_is_thrown_away_in_bounded_memory_and_answered_once():
    talk = Obliging()
    assert talk.codes(*[b"x" * 1_000] * 100) == []
    assert len(talk.receiver._lines._buffer) <= 1
    assert talk.codes(b"\r\n", b"NOOP\r\n") == [500, 250]


def test_a_line_end_cut_in_two_ends_an_overlong_line():
    talk = Obliging()
    assert talk.codes(b"x" * 5_000 + b"\r", b"\nNOOP\r\n") == [500, 250]


def test_too_many_recipients_are_452():
    talk = Obliging(limited(recipients=2))
    talk.say(HELLO, MAIL)
    assert talk.codes(RCPT * 3) == [250, 250, 452]


def test_too_many_errors_end_the_connection():
    talk = Obliging(limited(errors=3))
    assert talk.codes(b"A\r\nB\r\nC\r\nNOOP\r\n") == [500, 500, 500, 421]
    assert talk.receiver.closing


def test_the_last_error_may_close_by_itself():
    closing = replace(ANSWERS[Occasion.UNKNOWN_COMMAND], closes=True)
    rules = replace(limited(errors=1), answers={**ANSWERS, Occasion.UNKNOWN_COMMAND: closing})
    assert Obliging(rules).codes(b"A\r\n") == [500]


JUNK = [b"NOOP\r\n", b"RSET\r\n", HELLO, b"VRFY x\r\n", b"HELP\r\n"]


@pytest.mark.parametrize("line", JUNK)
def test_too_many_commands_that_move_nothing_end_the_connection(line):
    talk = Obliging(limited(junk=3))
    talk.say(HELLO)
    assert talk.codes(line, line)[-1] < 400
    assert talk.codes(line)[-1] == 421


def test_empty_chunks_move_nothing():
    talk = Obliging(limited(junk=3))
    talk.say(HELLO, MAIL, RCPT)
    assert talk.codes(*[b"BDAT 0\r\n"] * 2, b"BDAT 1\r\nx") == [250, 250, 250]
    assert talk.codes(b"BDAT 0\r\n") == [250, 421]


def test_a_message_makes_good_for_them():
    talk = Obliging(limited(junk=3))
    talk.say(HELLO)
    for _ in range(5):
        said = talk.codes(b"NOOP\r\nRSET\r\n" + MAIL + RCPT + b"DATA\r\nhi\r\n.\r\n")
        assert said == [250, 250, 250, 250, 354, 250]


def test_several_line_ends_are_a_matter_of_rules():
    talk = Obliging(replace(RULES, line_ends=(b"\r\n", b"\n")))
    assert talk.codes(b"NOOP\n", b"NOOP\r\n", b"NO", b"OP\n") == [250, 250, 250]


def test_of_several_line_ends_that_begin_alike_the_longest_counts():
    talk = Obliging(replace(RULES, line_ends=(b"\r\n", b"\r")))
    assert talk.codes(b"NOOP\r\nNOOP\rNOOP\r\n") == [250, 250, 250]


def test_a_single_octet_may_end_lines_too():
    talk = Obliging(replace(RULES, line_ends=(b"\n",)))
    assert talk.codes(b"NOOP\n", b"x" * 5_000, b"\nNOOP\n") == [250, 500, 250]


def test_a_command_that_is_refused_leaves_all_as_it_was():
    talk = Obliging()
    talk.say(HELLO, MAIL, RCPT)
    assert talk.codes(b"EHLO\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<\r\n") == [501, 503, 501]
    assert talk.codes(b"DATA\r\n") == [354]


def test_where_a_refused_command_leads_is_a_matter_of_rules():
    talk = Obliging(replace(RULES, after_refusal={Verb.EHLO: State.READY}))
    talk.say(HELLO, MAIL, RCPT)
    assert talk.codes(b"HELO\r\n", RCPT, b"EHLO\r\n", RCPT) == [501, 250, 501, 503]


def test_who_may_call_himself_what_is_a_matter_of_rules():
    talk = Obliging(replace(RULES, is_client_name=lambda name: name != "crepes.fr"))
    assert talk.codes(b"EHLO crepes.fr\r\n", b"EHLO\r\n") == [501, 250]
