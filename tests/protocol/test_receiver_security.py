"""STARTTLS and AUTH at the receiving end."""

import base64
from dataclasses import replace

import pytest

from harness.protocol.receiver import (
    ANSWERS,
    RULES,
    Receiver,
    Speech,
)
from harness.protocol.receiver.events import LogIn
from harness.protocol.replies import reply
from tests.protocol.accounts import Accounts
from tests.protocol.obliging import Obliging

MAIL = b"MAIL FROM:<a@b.test>\r\n"
RCPT = b"RCPT TO:<alice@example.test>\r\n"
HELLO = b"EHLO client.test\r\n"


def encoded(text: str) -> bytes:
    return base64.b64encode(text.encode())


def limited(**limits):
    return replace(RULES, limits=replace(RULES.limits, **limits))


def test_starttls_forgets_everything_and_what_was_behind_it():
    talk = Obliging()
    talk.say(HELLO, MAIL, RCPT)
    assert talk.codes(b"STARTTLS\r\nNOOP\r\n") == [220]
    assert talk.receiver.memory.client == ""
    assert talk.codes(RCPT, MAIL, HELLO) == [503, 503, 250]


def test_inside_tls_auth_is_offered_and_starttls_is_not():
    talk = Obliging(secure=True)
    lines = talk.say(HELLO).split(b"\r\n")
    assert b"250-AUTH SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN OAUTHBEARER" in lines
    assert not any(b"STARTTLS" in line for line in lines)
    assert talk.codes(b"STARTTLS\r\n") == [503]


def test_without_a_certificate_there_is_no_starttls():
    assert Obliging(tls=False).codes(HELLO, b"STARTTLS\r\n") == [250, 502]


GOOD = encoded("\0alice\0secret")

# what is said inside TLS after EHLO -> codes
AUTH = {
    "initial response": ([b"AUTH PLAIN " + GOOD], [235]),
    "challenge first": ([b"AUTH plain", GOOD], [334, 235]),
    "LOGIN": ([b"AUTH LOGIN", encoded("alice"), encoded("secret")], [334, 334, 235]),
    "LOGIN, the name at once": ([b"AUTH LOGIN " + encoded("alice"), encoded("secret")], [334, 235]),
    "initial response where the server begins": ([b"AUTH CRAM-MD5 " + encoded("alice")], [501]),
    "wrong password": ([b"AUTH PLAIN " + encoded("\0alice\0guess")], [535]),
    "bad base64": ([b"AUTH PLAIN =x="], [501]),
    "bad base64 in a response": ([b"AUTH PLAIN", b"???", b"NOOP"], [334, 501, 250]),
    "empty initial response": ([b"AUTH PLAIN ="], [535]),
    "cancelled": ([b"AUTH PLAIN", b"*", b"NOOP"], [334, 501, 250]),
    "unknown mechanism": ([b"AUTH WIBBLE"], [504]),
    "no mechanism": ([b"AUTH"], [501]),
    "twice": ([b"AUTH PLAIN " + GOOD, b"AUTH PLAIN " + GOOD], [235, 503]),
    "within a transaction": ([MAIL[:-2], b"AUTH PLAIN"], [250, 503]),
    "endless response": ([b"AUTH PLAIN", b"A" * 20_000, b"NOOP"], [334, 500, 250]),
}


@pytest.mark.parametrize(("lines", "codes"), AUTH.values(), ids=AUTH)
def test_auth_inside_tls(lines, codes):
    talk = Obliging(secure=True)
    talk.say(HELLO)
    assert talk.codes(*[line + b"\r\n" for line in lines]) == codes


def test_auth_in_the_clear_is_for_rules_that_say_so():
    talk = Obliging(replace(RULES, allows_auth_in_clear=True))
    assert b"250-AUTH SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN\r\n" in talk.say(HELLO)
    assert talk.codes(b"AUTH PLAIN " + GOOD + b"\r\n") == [235]


def test_plus_is_offered_where_tls_can_be_bound_to():
    talk = Obliging()
    talk.receiver.secured({"tls-server-end-point": b"x"})
    assert b"250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 " in talk.say(HELLO)


def test_what_is_not_offered_is_unknown():
    talk = Obliging(secure=True)
    talk.say(HELLO)
    assert talk.codes(b"AUTH SCRAM-SHA-256-PLUS\r\n") == [504]


def test_log_ins_that_fail_end_the_connection_before_other_errors_do():
    talk = Obliging(limited(log_ins=2), secure=True)
    talk.say(HELLO)
    wrong = b"AUTH PLAIN " + encoded("\0alice\0guess") + b"\r\n"
    assert talk.codes(wrong, b"NOPE\r\n", wrong, wrong) == [535, 500, 535, 421]


def test_both_limits_at_once_are_told_once():
    talk = Obliging(limited(log_ins=1, errors=1), secure=True)
    talk.say(HELLO)
    assert talk.codes(b"AUTH PLAIN " + encoded("\0alice\0guess") + b"\r\n") == [535, 421]


def test_a_log_in_is_judged_once_and_when_asked():
    accounts = Accounts(takes_time=True)
    receiver = Receiver(speech=Speech(ANSWERS, "x.test"), credentials=accounts, secure=True)
    receiver.feed(HELLO)
    receiver.answer(receiver.next_event().said)
    receiver.feed(b"AUTH PLAIN " + GOOD + b"\r\n")
    event = receiver.next_event()
    assert isinstance(event, LogIn)
    assert event.takes_time
    assert accounts.asked == []
    event.judge()
    assert receiver.answer(event.said).code == 235
    assert len(accounts.asked) == 1
    assert repr(event) == "LogIn('PLAIN')"


def test_policy_may_refuse_a_log_in_without_judging_it():
    accounts = Accounts()
    receiver = Receiver(speech=Speech(ANSWERS, "x.test"), credentials=accounts, secure=True)
    receiver.feed(HELLO)
    receiver.answer(receiver.next_event().said)
    receiver.feed(b"AUTH PLAIN " + GOOD + b"\r\n")
    assert receiver.next_event() is not None
    receiver.answer(reply(454, "Not now", enhanced="4.7.0"))
    assert receiver.memory.user is None
    assert accounts.asked == []


def test_the_empty_challenge_keeps_its_blank():
    talk = Obliging(secure=True)
    talk.say(HELLO)
    assert talk.say(b"AUTH PLAIN\r\n") == b"334 \r\n"


def test_who_logged_in_is_remembered_past_a_transaction():
    talk = Obliging(secure=True)
    talk.say(HELLO, b"AUTH PLAIN " + GOOD + b"\r\n", MAIL, RCPT, b"DATA\r\nhi\r\n.\r\n")
    assert talk.receiver.memory.user == "alice"
