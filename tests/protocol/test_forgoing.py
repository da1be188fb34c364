"""Forgoing: a text that there is no room for is thrown away as it comes, and refused at its end."""

from functools import partial

import pytest

from harness.protocol.receiver import Occasion
from harness.protocol.receiver.chunks import ChunkReader
from harness.protocol.transparency import DataReader
from tests.protocol.obliging import Obliging

OPENING = (b"EHLO c.test\r\n", b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<alice@example.test>\r\n")

# how a text comes: what leads to it, its octets, what follows, and what is answered from then on
WAYS = {
    "DATA": ([b"DATA\r\n"], b"x" * 50 + b"\r\n..\r\n.\r\n", b"", [452]),
    "the only chunk": ([], b"BDAT 60 LAST\r\n" + b"x" * 60, b"", [452]),
    "the first of two": ([], b"BDAT 60\r\n" + b"x" * 60, b"BDAT 1 LAST\r\nx", [452, 503]),
    "the second of two": ([b"BDAT 5\r\n12345"], b"BDAT 60 LAST\r\n" + b"x" * 60, b"", [452]),
}


@pytest.mark.parametrize(("before", "text", "after", "codes"), WAYS.values(), ids=WAYS)
def test_wherever_a_text_is_forgone_it_is_refused_at_its_end(before, text, after, codes):
    for cut in range(text.index(b"x") + 1, len(text)):
        talk = Obliging()
        talk.say(*OPENING, *before)
        assert talk.say(text[:cut]) == b""
        talk.receiver.forgo(Occasion.NO_SPACE)
        assert talk.receiver.held <= 4  # the beginning of an end
        assert talk.codes(text[cut:] + after, b"NOOP\r\n") == [*codes, 250]
        assert talk.codes(*OPENING[1:], b"DATA\r\n", b"as ever\r\n.\r\n") == [250, 250, 354, 250]
        assert [message.content for message in talk.messages] == [b"as ever\r\n"]


def test_where_no_text_is_under_way_there_is_nothing_to_forgo():
    talk = Obliging()
    talk.say(*OPENING)
    talk.receiver.forgo(Occasion.NO_SPACE)
    assert talk.codes(b"BDAT 5\r\n12345") == [250]
    talk.receiver.forgo(Occasion.NO_SPACE)  # said to be taken, it stays
    assert talk.codes(b"BDAT 0 LAST\r\n") == [250]
    assert talk.messages[0].content == b"12345"


def test_what_is_held_is_a_text_until_it_is_answered():
    talk = Obliging()
    talk.say(*OPENING)
    assert talk.receiver.held == 0
    talk.say(b"BDAT 5\r\n12345")
    assert talk.receiver.held == 5
    talk.say(b"BDAT 7 LAST\r\n123")
    assert talk.receiver.held == 8
    talk.receiver.feed(b"4567")
    event = talk.receiver.next_event()
    assert talk.receiver.held == 12
    talk.receiver.answer(event.said)
    assert talk.receiver.held == 0
    talk.say(*OPENING[1:], b"DATA\r\n", b"12345")
    assert talk.receiver.held == 7  # the line end of DATA opens it
    talk.say(b"\r\n.\r\nNOOP\r\n")
    assert talk.receiver.held == 0
    talk.say(*OPENING[1:], b"BDAT 5\r\n12345", b"RSET\r\n")
    assert talk.receiver.held == 0


@pytest.mark.parametrize("make", [DataReader, partial(ChunkReader, 10**6, keep=True)])
def test_what_is_thrown_away_takes_no_memory(make):
    reader = make()
    reader.feed(b"x" * 10_000)
    assert reader.take() is None
    assert reader.held >= 10_000
    reader.discard()
    for _ in range(10):
        reader.feed(b"x" * 10_000)
        assert reader.take() is None
        assert reader.held <= 4
