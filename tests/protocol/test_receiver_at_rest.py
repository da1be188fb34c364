"""A receiver at rest may be passed by: whoever knows what it would say need not ask it."""

from dataclasses import replace

import pytest

from harness.protocol.addresses import NULL_PATH, ForwardPath, Mailbox
from harness.protocol.receiver import RULES, Addressee, Envelope, Occasion
from harness.protocol.receiver.events import Message
from tests.protocol.obliging import Obliging

HELLO, MAIL = b"EHLO client.test\r\n", b"MAIL FROM:<a@b.test>\r\n"
RCPT, TEXT = b"RCPT TO:<alice@example.test>\r\n", b"x\r\n.\r\n"
MESSAGE = Message(Envelope(NULL_PATH, (Addressee(ForwardPath(Mailbox("c", "d.test"))),)), b"x\r\n")

AT_REST = {
    "greeted": [HELLO],
    "reset": [HELLO, MAIL, b"RSET\r\n"],
    "after a message": [HELLO, MAIL, RCPT, b"DATA\r\n", TEXT],
    "after a refusal": [HELLO, b"WIBBLE\r\n"],
}
NOT_AT_REST = {
    "not greeted": [],
    "in a line": [HELLO, b"NO"],
    "in a line that is too long": [HELLO, b"NOOP " + b"x" * 5_000],
    "in a transaction": [HELLO, MAIL],
    "in a text": [HELLO, MAIL, RCPT, b"DATA\r\n"],
    "in a chunk": [HELLO, MAIL, RCPT, b"BDAT 5\r\nx"],
    "in a log-in": [HELLO, b"STARTTLS\r\n", HELLO, b"AUTH PLAIN\r\n"],
    "leaving": [HELLO, b"QUIT\r\n"],
    "dismissed": [HELLO, *[b"WIBBLE\r\n"] * 20],
}


@pytest.mark.parametrize("talk", AT_REST.values(), ids=AT_REST)
def test_between_messages_a_receiver_is_at_rest(talk):
    obliging = Obliging()
    obliging.say(*talk)
    assert obliging.receiver.is_at_rest


@pytest.mark.parametrize("talk", NOT_AT_REST.values(), ids=NOT_AT_REST)
def test_while_anything_is_under_way_it_is_not(talk):
    obliging = Obliging()
    obliging.say(*talk)
    assert not obliging.receiver.is_at_rest


def passed(*, errors=20, junk=3):
    limits = replace(RULES.limits, errors=errors, junk=junk)
    obliging = Obliging(replace(RULES, limits=limits))
    obliging.say(HELLO, b"NOOP\r\n")
    return obliging


def test_a_message_that_came_past_it_ends_idle_talk():
    obliging = passed()
    obliging.receiver.let_pass()
    assert obliging.codes(b"NOOP\r\n" * 3) == [250, 250, 250]
    assert obliging.codes(b"NOOP\r\n") == [250, 421]


def test_a_message_that_came_past_it_is_answered_as_its_own():
    obliging = passed()
    obliging.receiver.meet(MESSAGE)
    obliging.receiver.answer(MESSAGE.said, id="17")
    assert obliging.receiver.output().endswith(b"250 2.0.0 Message accepted for delivery as 17\r\n")
    assert obliging.receiver.is_at_rest
    assert obliging.codes(b"NOOP\r\n" * 3) == [250, 250, 250]


def test_a_message_that_came_past_it_may_be_one_refusal_too_many():
    obliging = passed(errors=1)
    obliging.receiver.meet(MESSAGE)
    obliging.receiver.answer(Occasion.NO_SPACE)
    assert [line[:3] for line in obliging.receiver.output().splitlines()] == [b"452", b"421"]
    assert obliging.receiver.closing
