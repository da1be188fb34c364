"""What the parameters of MAIL and RCPT are answered with."""

from dataclasses import replace

import pytest

from harness.protocol.options import mail_options, recipient_options
from harness.protocol.receiver import RULES, rules_for
from harness.protocol.receiver.events import Etrn, Mail, Recipient, Verify
from harness.protocol.services import Service
from tests.protocol.obliging import Obliging

HELLO = b"EHLO client.test\r\n"
NOW = 1_000_000_000.0  # 2001-09-09T01:46:40Z


def greeted(rules=RULES, **more):
    talk = Obliging(rules, **more)
    talk.say(HELLO)
    return talk


def limited(**limits):
    return replace(RULES, limits=replace(RULES.limits, **limits))


# parameters of MAIL -> code and enhanced code, inside TLS
MAIL = {
    "SMTPUTF8": b"250 2.1.0",
    "SMTPUTF8=1": b"501 5.5.4",
    "REQUIRETLS": b"250 2.1.0",
    "REQUIRETLS=x": b"501 5.5.4",
    "RET=full ENVID=a+2Bb": b"250 2.1.0",
    "RET=ALL": b"501 5.5.4",
    "RET": b"501 5.5.4",
    "ENVID": b"501 5.5.4",
    "ENVID=a+2": b"501 5.5.4",
    "RET=FULL RET=FULL": b"501 5.5.4",
    "NOTIFY=NEVER": b"555 5.5.4",
    "MT-PRIORITY=-9": b"250 2.1.0",
    "MT-PRIORITY=0": b"250 2.1.0",
    "MT-PRIORITY=10": b"501 5.5.2",
    "MT-PRIORITY": b"501 5.5.2",
    "BY=60;R": b"250 2.1.0",
    "BY=-60;NT": b"250 2.1.0",
    "BY=0;R": b"501 5.5.4",
    "BODY=7BIT": b"250 2.1.0",
    "BODY=9BIT": b"501 5.5.4",
    "HOLDFOR=60": b"555 5.5.4",  # not for relaying: RFC 4865 4.2
    "AUTH=<> SIZE=1000 BODY=8BITMIME": b"250 2.1.0",
    "AUTH=nobody": b"501 5.5.4",
    "ENVID=\xe4": b"501 5.5.4",
    "ENVID=\udcff": b"501 5.5.4",
}


@pytest.mark.parametrize(("parameters", "codes"), MAIL.items())
def test_mail_is_answered_by_its_parameters(parameters, codes):
    line = f"MAIL FROM:<a@b.test> {parameters}\r\n".encode("utf-8", "surrogateescape")
    assert greeted(secure=True).say(line).startswith(codes)


RCPT = {
    "NOTIFY=SUCCESS,Failure,DELAY ORCPT=rfc822;bob+2Bx@b.test": b"250 2.1.5",
    "NOTIFY=never": b"250 2.1.5",
    "NOTIFY=NEVER,DELAY": b"501 5.5.4",
    "NOTIFY": b"501 5.5.4",
    "ORCPT=bob@b.test": b"501 5.5.4",
    "ORCPT=rfc822;a ORCPT=rfc822;a": b"501 5.5.4",
    "ORCPT=utf-8;\xe4@b.test": b"250 2.1.5",  # RFC 6533 3
    "ORCPT=utf-8;\\x{E4}@b.test": b"250 2.1.5",
    "RET=FULL": b"555 5.5.4",
}


@pytest.mark.parametrize(("parameters", "codes"), RCPT.items())
def test_rcpt_is_answered_by_its_parameters(parameters, codes):
    talk = greeted()
    talk.say(b"MAIL FROM:<a@b.test>\r\n")
    assert talk.say(f"RCPT TO:<bob@b.test> {parameters}\r\n".encode()).startswith(codes)


def test_what_was_asked_for_reaches_policy():
    talk = greeted()
    talk.say(b"MAIL FROM:<a@b.test> RET=HDRS\r\nRCPT TO:<c@d.test> NOTIFY=DELAY\r\n")
    mail, recipient = talk.events[-2:]
    assert isinstance(mail, Mail)
    assert isinstance(recipient, Recipient)
    assert mail_options(mail.parameters).ret == "HDRS"
    assert recipient_options(recipient.addressee.parameters).notify == {"DELAY"}


# --- SMTPUTF8 -----------------------------------------------------------------------------------

MAIL_UTF8 = "MAIL FROM:<ärger@bücher.test> SMTPUTF8\r\n".encode()


def test_addresses_beyond_ascii_are_taken_with_the_parameter():
    talk = greeted()
    assert talk.codes(MAIL_UTF8, "RCPT TO:<例@例.test>\r\n".encode()) == [250, 250]
    assert talk.receiver.memory.utf8
    assert str(talk.receiver.memory.recipients[0]) == "例@例.test"


@pytest.mark.parametrize("address", ["例@b.test", "b@例.test", '"例 x"@b.test'])
def test_without_the_parameter_they_are_550_and_553(address):
    # RFC 6531 3.5
    talk = greeted()
    assert talk.say(f"MAIL FROM:<{address}>\r\n".encode()).startswith(b"550 5.6.7")
    talk.say(b"MAIL FROM:<a@b.test>\r\n")
    assert talk.say(f"RCPT TO:<{address}>\r\n".encode()).startswith(b"553 5.6.7")


def test_the_trace_line_says_so():
    talk = greeted(secure=True)
    assert talk.receiver.protocol == "ESMTPS"
    talk.say(MAIL_UTF8)
    assert talk.receiver.protocol == "UTF8SMTPS"


def test_the_parameter_is_forgotten_with_its_transaction():
    talk = greeted()
    talk.say(MAIL_UTF8, b"RSET\r\n", b"MAIL FROM:<a@b.test>\r\n")
    assert talk.codes("RCPT TO:<例@b.test>\r\n".encode()) == [553]


@pytest.mark.parametrize("octets", [b"\xc3\x28", b"\xc0\xaf", b"\xed\xa0\x80", b"\xff"])
def test_what_is_not_utf8_is_a_syntax_error_with_and_without_the_parameter(octets):
    talk = greeted()
    line = b"MAIL FROM:<" + octets + b"@b.test>"
    assert talk.codes(line + b" SMTPUTF8\r\n", line + b"\r\n", MAIL_UTF8) == [501, 501, 250]
    assert talk.codes(b"RCPT TO:<" + octets + b"@b.test>\r\n") == [501]


def test_where_it_is_not_offered_they_are_syntax_errors():
    talk = Obliging(replace(RULES, extensions={}))
    talk.say(HELLO)
    assert talk.codes("MAIL FROM:<例@b.test>\r\n".encode()) == [501]


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("VRFY 例", ("例", False)),
        ("VRFY 例 SMTPUTF8", ("例", True)),
        ("VRFY alice  smtputf8", ("alice", True)),
        ("VRFY SMTPUTF8", ("SMTPUTF8", False)),
    ],
)
def test_vrfy_has_the_parameter_too(line, event):
    talk = greeted()
    assert talk.codes(f"{line}\r\n".encode()) == [252]
    verify = talk.events[-1]
    assert isinstance(verify, Verify)
    assert (verify.argument, verify.utf8) == event


def test_vrfy_of_what_is_no_text_is_a_syntax_error():
    assert greeted().codes(b"VRFY \xff\r\n") == [501]
    assert greeted().codes(b"VRFY alice\x07\r\n") == [501]
    assert greeted().codes(b"EXPN \x7f\r\n") == [501]
    assert Obliging().codes("VRFY 例\r\n".encode()) == [501]


def test_no_reply_goes_beyond_ascii():
    # RFC 6531 3.7.4.2
    answers = {
        occasion: replace(answer, text="{address} ok")
        if occasion.name in ("SENDER_OK", "RECIPIENT_OK")
        else answer
        for occasion, answer in RULES.answers.items()
    }
    assert greeted(replace(RULES, answers=answers)).say(MAIL_UTF8).isascii()


# --- MT-PRIORITY --------------------------------------------------------------------------------


def test_nobody_unknown_goes_before_others():
    talk = greeted()
    line = b"MAIL FROM:<a@b.test> MT-PRIORITY=5 SIZE=1\r\n"
    assert talk.say(line) == b"250 2.3.6 0 is the priority that you get\r\n"
    assert mail_options(talk.receiver.memory.parameters).priority == 0


def test_who_is_known_has_the_priority_that_was_asked_for():
    talk = greeted(secure=True)
    talk.say(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")
    assert talk.codes(b"MAIL FROM:<a@b.test> MT-PRIORITY=5\r\n") == [250]
    assert mail_options(talk.receiver.memory.parameters).priority == 5


# --- DELIVERBY and FUTURERELEASE -----------------------------------------------------------------


def test_a_deadline_below_the_least_is_refused_where_it_means_returning():
    talk = greeted(limited(deliver_by=60))
    assert talk.codes(b"MAIL FROM:<a@b.test> BY=59;R\r\n") == [555]
    assert talk.codes(b"MAIL FROM:<a@b.test> BY=59;N\r\n") == [250]


# parameters of MAIL on a submission port that holds messages for an hour at most -> code
HOLD = {
    "HOLDFOR=3600": 250,
    "HOLDFOR=3601": 501,
    "HOLDFOR=0": 501,
    "HOLDUNTIL=2001-09-09T02:46:40Z": 250,
    "HOLDUNTIL=2001-09-09T02:46:41Z": 501,
    "HOLDUNTIL=2001-09-09T02:46:40+01:00": 501,
    "HOLDFOR=60 HOLDUNTIL=2001-09-09T02:00:00Z": 501,
    "HOLDFOR=60 BY=60;R": 250,
    "HOLDFOR=61 BY=60;R": 501,  # RFC 4865 5.2
    "SIZE=1": 250,
}


@pytest.mark.parametrize(("parameters", "code"), HOLD.items())
def test_a_message_may_be_held_for_a_while(parameters, code):
    rules = rules_for(Service.SUBMISSION, limited(hold=3_600))
    talk = greeted(rules, now=lambda: NOW, secure=True)
    talk.say(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")
    assert talk.codes(f"MAIL FROM:<a@b.test> {parameters}\r\n".encode()) == [code]


def test_how_long_a_message_may_be_held_is_announced():
    rules = rules_for(Service.SUBMISSION, limited(hold=3_600))
    talk = Obliging(rules, now=lambda: NOW)
    assert b"250-FUTURERELEASE 3600 2001-09-09T02:46:40Z\r\n" in talk.say(HELLO)


def test_who_has_no_clock_holds_nothing():
    rules = rules_for(Service.SUBMISSION, RULES)
    assert b"FUTURERELEASE" not in Obliging(rules).say(HELLO)


def test_it_is_for_submission_alone():
    assert b"FUTURERELEASE" not in Obliging(now=lambda: NOW).say(HELLO)


# --- LIMITS -------------------------------------------------------------------------------------


def test_the_mails_of_a_session_are_counted_taken_or_not():
    talk = greeted(limited(mails=2))
    mail = b"MAIL FROM:<a@b.test>\r\n"
    assert talk.codes(mail, b"RSET\r\n", b"MAIL FROM:<\r\n", mail) == [250, 250, 501, 421]
    assert talk.receiver.closing


def test_the_domains_of_a_session_are_counted():
    talk = greeted(limited(domains=1))
    talk.say(b"MAIL FROM:<a@b.test>\r\n")
    assert talk.codes(
        *(b"RCPT TO:<a@b.test>\r\n", b"RCPT TO:<c@B.test>\r\n", b"RCPT TO:<a@c.test>\r\n"),
        *(b"RSET\r\n", b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<a@c.test>\r\n"),
    ) == [250, 250, 452, 250, 250, 452]


# --- ETRN ---------------------------------------------------------------------------------------

ETRN = {
    b"ETRN example.test": (459, "example.test"),
    b"etrn @example.test": (459, "@example.test"),
    b"ETRN #uucp": (459, "#uucp"),
    b"ETRN #": (501, None),
    b"ETRN @": (501, None),
    b"ETRN": (501, None),
    b"ETRN a_b": (501, None),
    b"ETRN \xff.test": (501, None),
}


@pytest.mark.parametrize("line", ETRN)
def test_nobody_turns_a_queue_without_leave(line):
    code, node = ETRN[line]
    talk = greeted()
    assert talk.codes(line + b"\r\n") == [code]
    assert node is None or talk.events[-1] == Etrn(node)


def test_etrn_is_out_of_order_within_a_transaction():
    talk = greeted()
    talk.say(b"MAIL FROM:<a@b.test>\r\n")
    assert talk.codes(b"ETRN example.test\r\n", b"RCPT TO:<a@b.test>\r\n") == [503, 250]


def test_the_reply_names_the_node():
    assert greeted().say(b"ETRN b.test\r\n") == b"459 4.7.1 Node b.test not allowed\r\n"
