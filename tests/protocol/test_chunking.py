"""BDAT: octets counted off, wherever the network cuts them (RFC 3030)."""

from dataclasses import replace

import pytest

from harness.protocol.order import State
from harness.protocol.receiver import RULES, Occasion
from harness.protocol.receiver.chunks import ChunkReader
from harness.protocol.receiver.events import Chunk
from tests.protocol.obliging import Obliging

HELLO = b"EHLO client.test\r\n"
MAIL = b"MAIL FROM:<a@b.test>\r\n"
BINARY = b"MAIL FROM:<a@b.test> BODY=BINARYMIME\r\n"
RCPT = b"RCPT TO:<alice@example.test>\r\n"


def limited(**limits):
    return replace(RULES, limits=replace(RULES.limits, **limits))


def bdat(octets, mark=b""):
    return b"BDAT %d%s\r\n" % (len(octets), mark) + octets


def last(octets):
    return bdat(octets, b" LAST")


def without(*keywords):
    rows = {name: row for name, row in RULES.extensions.items() if name not in keywords}
    return replace(RULES, extensions=rows)


def ready(rules=RULES, mail=MAIL):
    talk = Obliging(rules)
    talk.say(HELLO, mail, RCPT)
    return talk


# --- one talk, cut everywhere ------------------------------------------------------------------

TEXT = b"Subject: x\r\n\r\n.\r\n..\r\nQUIT\r\n"
TALK = MAIL + RCPT + bdat(TEXT[:9]) + bdat(b"") + bdat(TEXT[9:13]) + last(TEXT[13:]) + b"NOOP\r\n"


def test_a_message_in_chunks_is_the_same_wherever_the_network_cuts_it():
    for cut in range(len(TALK) + 1):
        talk = Obliging()
        talk.say(HELLO)
        assert talk.codes(TALK[:cut], TALK[cut:]) == [250] * 7
        assert [message.content for message in talk.messages] == [TEXT]


def test_a_message_in_chunks_is_the_same_octet_by_octet():
    talk = Obliging()
    talk.say(HELLO)
    assert talk.codes(*[TALK[at : at + 1] for at in range(len(TALK))]) == [250] * 7
    assert talk.messages[0].content == TEXT


def test_a_chunk_is_acknowledged_with_its_octets():
    talk = ready()
    assert talk.say(bdat(b"12345")) == b"250 2.0.0 5 octets received\r\n"
    assert talk.say(last(b"\r\n")) == b"250 2.0.0 Message accepted for delivery as 1\r\n"


def test_policy_sees_each_chunk_and_the_message():
    talk = ready()
    talk.say(bdat(b"hi\r\n"), b"bdat 0 last\r\n")
    chunk = talk.events[-2]
    assert isinstance(chunk, Chunk)
    assert (chunk.size, str(chunk.envelope.recipients[0])) == (4, "alice@example.test")
    assert talk.messages[0].content == b"hi\r\n"


# --- order -------------------------------------------------------------------------------------

# what is said behind MAIL and RCPT -> codes
ORDER = {
    "BDAT after LAST": (last(b"hi\r\n") + bdat(b"QUIT\r\n") + b"NOOP\r\n", [250, 503, 250]),
    "LAST after LAST": (last(b"hi\r\n") + last(b"") + b"NOOP\r\n", [250, 503, 250]),
    "DATA after BDAT": (bdat(b"hi\r\n") + b"DATA\r\n" + last(b""), [250, 503, 250]),
    "MAIL and RCPT after BDAT": (bdat(b"a") + MAIL + RCPT, [250, 503, 503]),
    "RSET between chunks": (bdat(b"a") + b"RSET\r\n" + last(b"b") + MAIL, [250, 250, 503, 250]),
    "EHLO between chunks": (bdat(b"a") + HELLO + last(b"b"), [250, 250, 503]),
    "NOOP between chunks": (bdat(b"a\r\n") + b"NOOP\r\n" + last(b""), [250, 250, 250]),
    "VRFY between chunks": (bdat(b"a\r\n") + b"VRFY x\r\n" + last(b""), [250, 252, 250]),
    "AUTH between chunks": (bdat(b"a") + b"ETRN b.test\r\n", [250, 503]),
    "DATA in the next transaction": (last(b"") + MAIL + RCPT + b"DATA\r\n", [250, 250, 250, 354]),
}


@pytest.mark.parametrize(("said", "codes"), ORDER.values(), ids=ORDER)
def test_chunks_come_in_their_order(said, codes):
    assert ready().codes(said) == codes


def test_rset_between_chunks_forgets_them():
    talk = ready()
    talk.say(bdat(b"old\r\n"), b"RSET\r\n", MAIL, RCPT, last(b"new\r\n"))
    assert [message.content for message in talk.messages] == [b"new\r\n"]


def test_starttls_between_chunks_forgets_them():
    talk = ready()
    talk.say(bdat(b"old\r\n"), b"STARTTLS\r\n", HELLO, MAIL, RCPT, last(b"new\r\n"))
    assert [message.content for message in talk.messages] == [b"new\r\n"]


@pytest.mark.parametrize("before", [[], [HELLO], [HELLO, MAIL]])
def test_a_chunk_out_of_order_is_passed_over_to_its_last_octet(before):
    said = bdat(b"QUIT\r\nRSET") + b"NOOP\r\n"
    for cut in range(len(said) + 1):
        talk = Obliging()
        talk.say(HELLO, *before)
        assert talk.codes(said[:cut], said[cut:]) == [503, 250]


# where CHUNKING is not offered -> what was said before, and what BDAT is answered
UNOFFERED = {
    "before EHLO": (RULES, [], 503),
    "after HELO": (RULES, [b"HELO client.test\r\n"], 502),
    "in a transaction after HELO": (RULES, [b"HELO client.test\r\n", MAIL, RCPT], 502),
    "after TLS": (RULES, [HELLO, b"STARTTLS\r\n"], 503),
    "switched off": (without("CHUNKING"), [HELLO, MAIL, RCPT], 502),
    "switched off, before EHLO": (without("CHUNKING"), [], 502),
}


@pytest.mark.parametrize(("rules", "before", "code"), UNOFFERED.values(), ids=UNOFFERED)
@pytest.mark.parametrize("mark", [b"", b" LAST", b" FIRST"])
def test_where_no_chunk_may_come_none_is_run(rules, before, code, mark):
    said = bdat(b"QUIT\r\nRSET\r\n", mark) + b"NOOP\r\n"
    for cut in range(len(said) + 1):
        talk = Obliging(rules)
        talk.say(*before)
        codes = talk.codes(said[:cut], said[cut:])
        assert codes == [code, 250]
        assert talk.receiver.memory.text == b""


def test_where_no_chunk_may_come_none_is_waited_for_for_ever():
    talk = Obliging()
    assert talk.codes(b"BDAT 9999999999\r\nNOOP\r\n") == [552]
    assert talk.receiver.closing


@pytest.mark.parametrize(("hello", "code"), [(b"", 503), (b"HELO client.test\r\n", 502)])
def test_what_is_no_chunk_is_out_of_place_first(hello, code):
    talk = Obliging()
    talk.say(hello)
    assert talk.codes(b"BDAT x\r\n", b"NOOP\r\n") == [code, 250]


# --- the command -------------------------------------------------------------------------------

COMMANDS = {
    b"BDAT": 501,
    b"BDAT x": 501,
    b"BDAT -1": 501,
    b"BDAT +1": 501,
    b"BDAT 1.5": 501,
    b"BDAT 0x10": 501,
    b"BDAT LAST": 501,
    b"BDAT 0": 250,
    b"BDAT 00": 250,
    b"bdat 0": 250,
    b"BDAT 0 LAST": 250,
    b"BDAT 0  last": 250,
    b"BDAT 0 FIRST": 501,
    b"BDAT 0 LAST LAST": 501,
    b"BDAT 0LAST": 501,
}


@pytest.mark.parametrize(("line", "code"), COMMANDS.items())
def test_bdat_wants_a_number_and_perhaps_last(line, code):
    assert ready().codes(line + b"\r\n", b"NOOP\r\n") == [code, 250]


def test_the_octets_of_a_chunk_with_another_mark_are_passed_over():
    talk = ready()
    assert talk.codes(b"BDAT 6 FIRST\r\nQUIT\r\nNOOP\r\n") == [501, 250]
    assert talk.receiver.memory.state is State.RECIPIENTS


@pytest.mark.parametrize("size", [b"1073741825", b"9" * 20, b"9" * 400])
def test_a_chunk_that_nobody_waits_for_ends_the_connection(size):
    talk = ready()
    assert talk.codes(b"BDAT " + size + b"\r\nNOOP\r\n") == [552]
    assert talk.receiver.closing


# --- size --------------------------------------------------------------------------------------


def test_the_limit_counts_all_chunks_together():
    assert ready(limited(message=10)).codes(bdat(b"12345"), last(b"678\r\n")) == [250, 250]
    assert ready(limited(message=10)).codes(bdat(b"12345"), last(b"6789\r\n")) == [250, 552]


def test_a_chunk_over_the_limit_ends_the_transaction_and_the_next_are_passed_over():
    talk = ready(limited(message=10))
    said = bdat(b"12345") + bdat(b"x" * 1_000) + last(b"QUIT\r\n") + b"NOOP\r\n" + MAIL
    assert talk.codes(said) == [250, 552, 503, 250, 250]
    assert talk.messages == []


def test_what_is_too_long_is_not_kept():
    talk = ready(limited(message=10))
    talk.receiver.feed(b"BDAT 1000000 LAST\r\n")
    for _ in range(10):
        talk.receiver.feed(b"x" * 90_000)
        assert talk.receiver.next_event() is None
        assert talk.receiver._reader._held == b""
    assert talk.codes(b"x" * 100_000 + b"NOOP\r\n") == [552, 250]


def test_a_chunk_in_small_pieces_is_one_buffer():
    reader = ChunkReader(3, keep=True)
    for octet in (b"1", b"2", b"3"):
        reader.feed(octet)
    assert type(reader._held) is bytearray
    assert reader.take() == b"123"


# --- what a chunk may hold ---------------------------------------------------------------------

EVERYTHING = bytes(range(256)) + b"\r\n.\r\nQUIT\r\n\n.\n\r"


def test_binary_content_holds_any_octets_cut_anywhere():
    said = BINARY + RCPT + bdat(EVERYTHING[:200]) + last(EVERYTHING[200:])
    for cut in range(len(said) + 1):
        talk = Obliging()
        talk.say(HELLO)
        assert talk.codes(said[:cut], said[cut:]) == [250] * 4
        assert talk.messages[0].content == EVERYTHING


@pytest.mark.parametrize("text", [b"a\nb\r\n", b"a\rb\r\n", b"a\r"])
def test_text_in_chunks_has_whole_line_ends(text):
    talk = ready()
    assert talk.codes(last(text)) == [550]
    assert talk.messages == []


def test_a_line_end_may_fall_between_two_chunks():
    talk = ready()
    assert talk.codes(bdat(b"a\r"), last(b"\nb\r\n")) == [250, 250]
    assert talk.messages[0].content == b"a\r\nb\r\n"


def test_the_limit_of_text_lines_is_one_of_text():
    long = b"x" * 100 + b"\r\n"
    assert ready(limited(text_line=50)).codes(last(long)) == [500]
    assert ready(limited(text_line=50), BINARY).codes(last(long)) == [250]


def test_binary_content_does_not_come_by_data():
    talk = ready(mail=BINARY)
    assert talk.codes(b"DATA\r\n", last(b"\0\n")) == [503, 250]


def test_without_binarymime_the_body_is_text():
    kept = {name: row for name, row in RULES.extensions.items() if name != "BINARYMIME"}
    talk = Obliging(replace(RULES, extensions=kept))
    talk.say(HELLO)
    assert talk.codes(BINARY, MAIL) == [501, 250]


# --- policy ------------------------------------------------------------------------------------


def test_a_chunk_that_policy_refuses_ends_the_transaction():
    talk = ready()
    talk.receiver.feed(bdat(b"hi\r\n"))
    assert isinstance(talk.receiver.next_event(), Chunk)
    talk.receiver.answer(Occasion.NO_SPACE)
    assert talk.receiver.output() == b"452 4.3.1 Insufficient system storage\r\n"
    assert talk.codes(last(b""), RCPT, MAIL) == [503, 503, 250]


# --- rules -------------------------------------------------------------------------------------


def test_how_chunks_are_read_is_a_matter_of_rules():
    wrong = replace(RULES, pass_over=lambda size, is_offered: 0)
    talk = Obliging(wrong)
    talk.say(HELLO)
    assert talk.codes(bdat(b"NOOP\r\n")) == [503, 250]
    stuffed = ready(replace(RULES, unchunk=RULES.unstuff))
    stuffed.say(last(b"..\r\n"))
    assert stuffed.messages[0].content == b".\r\n"
    endless = ready(replace(limited(message=1), fits=lambda size, most: True))
    assert endless.codes(last(b"hi\r\n")) == [250]
    lax = ready(replace(RULES, needs_chunks=lambda parameters: False), BINARY)
    assert lax.codes(b"DATA\r\nhi\r\n.\r\n") == [354, 250]
