"""SMTP, submission and LMTP: what each has that the others have not."""

from dataclasses import replace

import pytest

from harness.protocol.extensions import EXTENSIONS
from harness.protocol.order import ORDER, State, Verb, after
from harness.protocol.receiver import RULES, TLS_FIRST, Occasion, rules_for
from harness.protocol.receiver.events import Message, Text, Unfit
from harness.protocol.replies import reply
from harness.protocol.services import Service
from tests.protocol.obliging import Obliging

HELLO = b"EHLO client.test\r\n"
LHLO = b"LHLO client.test\r\n"
MAIL = b"MAIL FROM:<a@b.test>\r\n"
RCPT = b"RCPT TO:<alice@example.test>\r\n"
OTHER = b"RCPT TO:<bob@example.test>\r\n"
LOG_IN = b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"
TEXT = b"hi\r\n.\r\n"

LMTP = rules_for(Service.LMTP, RULES)
SUBMISSION = rules_for(Service.SUBMISSION, RULES)


def offered(rules, **more):
    said = Obliging(rules, **more).say(LHLO if rules.service is Service.LMTP else HELLO)
    return {line[4:].partition(" ")[0] for line in said.decode().splitlines()[1:]}


# --- which word is a command --------------------------------------------------------------------

WORDS = {
    Service.SMTP: {"EHLO": 250, "HELO": 250, "LHLO": 500},
    Service.SUBMISSION: {"EHLO": 250, "HELO": 250, "LHLO": 500},
    Service.LMTP: {"EHLO": 500, "HELO": 500, "LHLO": 250},  # RFC 2033 4.1
}


@pytest.mark.parametrize("service", Service)
def test_each_service_has_a_hello_of_its_own(service):
    talk = Obliging(rules_for(service, RULES))
    for word, code in WORDS[service].items():
        assert talk.codes(f"{word} client.test\r\n".encode()) == [code]


@pytest.mark.parametrize("service", Service)
def test_the_last_chunk_is_no_word_of_its_own(service):
    assert b"BDAT LAST" not in RULES.words[service]


@pytest.mark.parametrize("service", Service)
def test_what_is_offered_fits_the_service(service):
    keywords = offered(rules_for(service, RULES), now=lambda: 0.0)
    assert ("ETRN" in keywords) is (service is Service.SMTP)  # RFC 6409 7
    assert ("FUTURERELEASE" in keywords) is (service is Service.SUBMISSION)  # RFC 4865 4.2
    assert {"PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN"} <= keywords


def test_the_greeting_says_which_protocol_is_spoken():
    assert Obliging(LMTP).greeting == b"220 example.test LMTP smtp-harness\r\n"
    assert Obliging(SUBMISSION).greeting == b"220 example.test ESMTP smtp-harness\r\n"


# --- every state x every verb -------------------------------------------------------------------

LINES = {
    Verb.EHLO: b"EHLO client.test\r\n",
    Verb.HELO: b"HELO client.test\r\n",
    Verb.LHLO: b"LHLO client.test\r\n",
    Verb.MAIL: MAIL,
    Verb.RCPT: RCPT,
    Verb.DATA: b"DATA\r\n",
    Verb.RSET: b"RSET\r\n",
    Verb.NOOP: b"NOOP\r\n",
    Verb.QUIT: b"QUIT\r\n",
    Verb.VRFY: b"VRFY alice\r\n",
    Verb.EXPN: b"EXPN staff\r\n",
    Verb.HELP: b"HELP\r\n",
    Verb.STARTTLS: b"STARTTLS\r\n",
    Verb.AUTH: LOG_IN,
    Verb.ETRN: b"ETRN b.test\r\n",
    Verb.BDAT: b"BDAT 4\r\nhi\r\n",
    Verb.LAST: b"BDAT 4 LAST\r\nhi\r\n",
}


def into(state, rules, secure):
    talk = Obliging(rules, secure=secure)
    hello = LHLO if rules.service is Service.LMTP else HELLO
    known = [LOG_IN] if rules.service is Service.SUBMISSION and secure else []
    steps = [hello, *known, MAIL, RCPT, LINES[Verb.BDAT]]
    far = {State.FRESH: 0, State.READY: 1, State.SENDER: 2, State.RECIPIENTS: 3, State.CHUNKS: 4}
    taken = far[state] + (len(known) if state is not State.FRESH else 0)
    talk.say(*steps[:taken])
    assert talk.receiver.memory.state is state
    return talk


STATES = [state for state in State if state is not State.CLOSED]


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("service", Service)
def test_every_verb_in_every_state_has_one_reply_and_the_next_command_too(
    service, verb, state, secure
):
    if service is Service.SUBMISSION and not secure and state not in (State.FRESH, State.READY):
        return  # nobody gets there without a log-in
    talk = into(state, rules_for(service, RULES), secure)
    told = talk.codes(LINES[verb])
    if told in ([354], [221]) or verb is Verb.STARTTLS:
        return
    if service is Service.LMTP and verb is Verb.LAST and state is State.SENDER:
        assert told == []  # RFC 2033 4.3
    else:
        assert len(told) == 1
        is_in_order = after(state, verb, talk.receiver._rules.order) is not None
        assert is_in_order or told[0] >= 400
    assert talk.codes(b"NOOP\r\n") == [250]


@pytest.mark.parametrize("state", STATES)
def test_every_verb_of_the_table_has_a_line_here(state):
    assert set(ORDER[state]) <= set(LINES)


# --- submission, RFC 6409 -----------------------------------------------------------------------

# what is said before the log-in -> code
BEFORE = {
    b"NOOP\r\n": 250,
    b"RSET\r\n": 250,
    b"HELP\r\n": 214,
    b"EHLO client.test\r\n": 250,
    b"HELO client.test\r\n": 250,
    MAIL: 530,
    RCPT: 530,
    b"DATA\r\n": 530,
    b"VRFY alice\r\n": 530,
    b"EXPN staff\r\n": 530,
    b"BDAT 4\r\nRSET": 530,
    b"ETRN b.test\r\n": 502,
    b"WIBBLE\r\n": 500,
    b"QUIT\r\n": 221,
}


@pytest.mark.parametrize(("line", "code"), BEFORE.items())
def test_submission_begins_with_a_log_in(line, code):
    talk = Obliging(SUBMISSION, secure=True)
    talk.say(HELLO)
    assert talk.codes(line) == [code]


def test_after_the_log_in_mail_is_taken():
    talk = Obliging(SUBMISSION, secure=True)
    assert talk.say(HELLO, MAIL).endswith(b"530 5.7.0 Authentication required\r\n")
    assert talk.codes(LOG_IN, MAIL, RCPT, b"DATA\r\n", TEXT) == [235, 250, 250, 354, 250]
    assert talk.receiver.protocol == "ESMTPSA"


# paths on a submission port -> codes of MAIL and RCPT
QUALIFIED = {
    "a@b.test": (250, 250),
    "a@[127.0.0.1]": (250, 250),
    "a@[IPv6:::1]": (250, 250),
    "a@short": (554, 554),
    "Postmaster": (501, 250),
    "": (250, 501),
}


@pytest.mark.parametrize(("path", "codes"), QUALIFIED.items())
def test_domains_are_qualified(path, codes):
    talk = Obliging(SUBMISSION, secure=True)
    talk.say(HELLO, LOG_IN)
    (mail,) = talk.codes(f"MAIL FROM:<{path}>\r\n".encode())
    talk.say(b"RSET\r\n", MAIL)
    (rcpt,) = talk.codes(f"RCPT TO:<{path}>\r\n".encode())
    assert (mail, rcpt) == codes


def test_elsewhere_a_domain_of_one_label_is_a_domain():
    talk = Obliging()
    assert talk.codes(HELLO, b"MAIL FROM:<a@short>\r\n", b"RCPT TO:<a@short>\r\n") == [250] * 3


# --- what is demanded ---------------------------------------------------------------------------


def test_a_server_may_demand_tls_before_anything_else():
    # RFC 3207 4
    talk = Obliging(replace(RULES, need_tls={Service.SMTP: TLS_FIRST}))
    assert talk.say(b"HELO client.test\r\n") == b"530 Must issue a STARTTLS command first\r\n"
    assert talk.codes(HELLO, MAIL, b"RSET\r\n", b"NOOP\r\n") == [250, 530, 530, 250]
    assert talk.codes(b"STARTTLS\r\n", HELLO, MAIL) == [220, 250, 250]


def test_a_log_in_in_the_clear_is_told_what_it_lacks():
    talk = Obliging()
    talk.say(HELLO)
    assert talk.say(LOG_IN).startswith(b"538 5.7.11 ")
    talk = Obliging(replace(RULES, allows_auth_in_clear=True))
    assert talk.codes(HELLO, LOG_IN) == [250, 235]


def test_where_nobody_can_log_in_there_is_no_auth():
    kept = {name: row for name, row in EXTENSIONS.items() if name != "AUTH"}
    talk = Obliging(replace(RULES, extensions=kept))
    assert talk.codes(HELLO, LOG_IN) == [250, 502]


@pytest.mark.parametrize("line", [LOG_IN, b"STARTTLS\r\n", b"ETRN b.test\r\n"])
def test_before_a_hello_extensions_are_out_of_order(line):
    assert Obliging().codes(line) == [503]


def test_after_helo_there_are_no_extensions():
    talk = Obliging(secure=True)
    assert talk.codes(b"HELO client.test\r\n", LOG_IN, b"STARTTLS\r\n") == [250, 502, 503]


# --- LMTP, RFC 2033 -----------------------------------------------------------------------------


def delivering(*recipients, rules=LMTP):
    talk = Obliging(rules)
    talk.say(LHLO, MAIL, *recipients)
    return talk


def test_each_recipient_has_a_reply_also_if_it_is_named_twice():
    talk = delivering(RCPT, OTHER, RCPT)
    assert talk.codes(b"DATA\r\n", TEXT) == [354, 250, 250, 250]
    assert talk.codes(MAIL, RCPT, b"DATA\r\n", TEXT) == [250, 250, 354, 250]


def test_who_was_refused_has_none():
    talk = delivering(RCPT, b"RCPT TO:<\r\n", OTHER)
    assert talk.codes(b"DATA\r\n", TEXT) == [354, 250, 250]


def test_a_text_that_is_no_message_is_refused_for_each():
    assert delivering(RCPT, OTHER).codes(b"DATA\r\n", b"a\nb\r\n.\r\n") == [354, 550, 550]


def test_data_without_a_recipient_is_out_of_order():
    assert delivering().codes(b"DATA\r\n") == [503]


def test_only_the_last_chunk_is_answered_for_each():
    talk = delivering(RCPT, OTHER)
    assert talk.codes(b"BDAT 2\r\nhi", b"BDAT 2 LAST\r\n\r\n", b"NOOP\r\n") == [250, 250, 250, 250]


def test_a_last_chunk_without_recipients_has_no_reply():
    talk = delivering()
    assert talk.codes(b"BDAT 2 LAST\r\nhi", b"NOOP\r\n", MAIL) == [250, 250]
    assert talk.messages == []


def test_where_nobody_is_told_nobody_is_told_one_by_one():
    talk = delivering()
    talk.receiver.feed(b"BDAT 2 LAST\r\nhi")
    assert isinstance(talk.receiver.next_event(), Unfit)
    assert talk.receiver.answer_each([]) == []
    assert talk.receiver.output() == b""
    assert talk.receiver.memory.state is State.READY


def test_other_chunks_without_recipients_are_out_of_order():
    assert delivering().codes(b"BDAT 4\r\nQUIT", b"NOOP\r\n") == [503, 250]


def test_a_chunk_too_many_is_refused_once_in_the_midst_and_for_each_at_the_end():
    rules = replace(LMTP, limits=replace(LMTP.limits, message=3))
    assert delivering(RCPT, OTHER, rules=rules).codes(b"BDAT 4\r\nhi\r\n") == [552]
    assert delivering(RCPT, OTHER, rules=rules).codes(b"BDAT 4 LAST\r\nhi\r\n") == [552, 552]


def ended(rules=LMTP):
    """A receiver whose text for alice and bob has ended."""
    talk = delivering(RCPT, OTHER, rules=rules)
    talk.say(b"DATA\r\n")
    talk.receiver.feed(TEXT)
    assert isinstance(talk.receiver.next_event(), Message)
    return talk


def test_policy_may_tell_each_something_else():
    talk = ended()
    replies = talk.receiver.answer_each(
        [Occasion.ACCEPTED, reply(452, "<bob> is over quota", enhanced="4.2.2")], id="7"
    )
    assert [one.code for one in replies] == [250, 452]
    assert talk.receiver.output() == (
        b"250 2.0.0 Message accepted for delivery as 7\r\n452 4.2.2 <bob> is over quota\r\n"
    )
    assert talk.receiver.memory.state is State.READY


def test_after_421_there_is_nothing_to_say_to_the_others():
    talk = ended()
    talk.receiver.answer_each([Occasion.SHUTTING_DOWN, Occasion.ACCEPTED])
    assert talk.receiver.output().startswith(b"421 ")
    assert talk.receiver.closing


def test_how_many_replies_there_are_is_a_matter_of_rules():
    talk = ended(replace(LMTP, reply_to_each=lambda replies, recipients: replies[:1]))
    talk.receiver.answer(Occasion.ACCEPTED, id="7")
    assert talk.receiver.output() == b"250 2.0.0 Message accepted for delivery as 7\r\n"


def test_each_recipient_wants_a_reply():
    with pytest.raises(AssertionError, match="a reply of its own"):
        ended().receiver.answer_each([Occasion.ACCEPTED])


def test_only_the_end_of_a_text_has_many_replies():
    talk = delivering(RCPT)
    talk.receiver.feed(b"DATA\r\n")
    assert isinstance(talk.receiver.next_event(), Text)
    with pytest.raises(AssertionError, match="end of a text"):
        talk.receiver.answer_each([Occasion.GO_AHEAD])


def test_elsewhere_a_text_has_one_reply():
    talk = Obliging()
    talk.say(HELLO, MAIL, RCPT, OTHER)
    assert talk.codes(b"DATA\r\n", TEXT) == [354, 250]
    with pytest.raises(AssertionError, match="LMTP alone"):
        talk.receiver.answer_each([])


def test_the_end_of_a_text_may_also_be_unfit():
    talk = delivering(RCPT)
    talk.say(b"DATA\r\n", b"a\rb\r\n.\r\n")
    assert talk.events[-1] == Unfit(Occasion.BAD_CONTENT)
    assert talk.receiver.protocol == "LMTP"
