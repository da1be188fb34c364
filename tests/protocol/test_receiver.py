import base64
from dataclasses import replace

import pytest

from harness.protocol.extensions import Extension
from harness.protocol.order import State, Verb
from harness.protocol.receiver import (
    ANSWERS,
    RULES,
    Answer,
    Occasion,
    Receiver,
    Speech,
    reworded,
)
from harness.protocol.receiver.events import LogIn, Mail, Plain, Text, Verify
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


@pytest.mark.parametrize(
    ("local_part", "is_postmaster"),
    [("postmaster", True), ("PostMaster", True), ("post.master", False), ("hostmaster", False)],
)
def test_the_postmaster_has_no_case(local_part, is_postmaster):
    assert RULES.is_postmaster(local_part) is is_postmaster


# --- one talk, cut everywhere ------------------------------------------------------------------

TALK = HELLO + MAIL + RCPT + b"DATA\r\n" + b"Subject: x\r\n\r\n..dot\r\n.\r\n" + b"noop\r\nQUIT\r\n"


def test_a_pipelined_talk_is_the_same_wherever_the_network_cuts_it():
    whole = Obliging().say(TALK)
    assert whole.count(b"\r\n250 ") == 5
    for cut in range(len(TALK) + 1):
        talk = Obliging()
        assert talk.say(TALK[:cut], TALK[cut:]) == whole
        assert talk.messages[0].content == b"Subject: x\r\n\r\n.dot\r\n"


def test_what_is_complete_is_answered_though_another_line_has_begun():
    started = Obliging()
    assert started.say(HELLO + b"NOO") != b""
    assert started.say(b"P\r\n") == b"250 2.0.0 Nothing done\r\n"

    waiting = Obliging(replace(RULES, holds_back=bool))
    assert waiting.say(b"NOO") == b""
    assert waiting.say(b"P\r\nNOO") == b""
    assert waiting.say(b"P\r\n").count(b"250 2.0.0 Nothing done\r\n") == 2


def test_a_pipelined_talk_is_the_same_octet_by_octet():
    octets = [TALK[at : at + 1] for at in range(len(TALK))]
    assert Obliging().say(*octets) == Obliging().say(TALK)


# --- command lines -----------------------------------------------------------------------------

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


# --- the text ----------------------------------------------------------------------------------


def sent(rules, text):
    talk = Obliging(rules)
    talk.say(HELLO, MAIL, RCPT, b"DATA\r\n")
    return talk, talk.codes(text)


@pytest.mark.parametrize(
    "text",
    [
        *(b"a\nb\r\n.\r\n", b"a\rb\r\n.\r\n", b"a\n.\n\r\n.\r\n"),
        *(b"a\r.\nb\r\n.\r\n", b"a\rb\nc\r\n.\r\n", b"a\n\rb\r\n.\r\n"),  # of each the same number
    ],
)
def test_a_bare_cr_or_lf_in_the_text_is_refused(text):
    talk, codes = sent(RULES, text)
    assert codes == [550]
    assert talk.messages == []


def test_too_large_a_text_is_refused_at_its_end_and_the_transaction_is_over():
    talk, codes = sent(limited(message=10), b"x" * 100 + b"\r\n.\r\n")
    assert codes == [552]
    assert talk.codes(RCPT) == [503]


def test_a_text_line_over_the_limit_is_refused_if_there_is_one():
    long = b"x" * 998 + b"\r\n.\r\n"
    assert sent(limited(text_line=1_000), long)[1] == [250]
    assert sent(limited(text_line=999), long)[1] == [500]


def test_what_was_pipelined_behind_data_is_text():
    talk = Obliging()
    talk.say(HELLO)
    assert talk.codes(MAIL + RCPT + b"DATA\r\nhi\r\n.\r\nNOOP\r\n") == [250, 250, 354, 250, 250]


def test_a_message_that_policy_refuses_is_forgotten_too():
    talk = Obliging()
    talk.say(HELLO, MAIL, RCPT, b"DATA\r\n")
    talk.receiver.feed(b"hi\r\n.\r\n")
    event = talk.receiver.next_event()
    assert event is not None
    talk.receiver.answer(Occasion.NO_SPACE)
    assert talk.receiver.output() == b"452 4.3.1 Insufficient system storage\r\n"
    assert talk.codes(RCPT) == [503]


def test_an_envelope_holds_the_paths_and_the_parameters():
    talk, _ = sent(RULES, b"hi\r\n.\r\n")
    envelope = talk.messages[0].envelope
    assert str(envelope.reverse_path) == "a@b.test"
    assert list(map(str, envelope.recipients)) == ["alice@example.test"]


# --- policy ------------------------------------------------------------------------------------


def test_policy_may_answer_otherwise_and_a_refusal_changes_nothing():
    talk = Obliging()
    talk.say(HELLO)
    talk.receiver.feed(MAIL)
    assert isinstance(talk.receiver.next_event(), Mail)
    talk.receiver.answer(reply(451, "Not now", enhanced="4.7.1"))
    assert talk.receiver.output() == b"451 4.7.1 Not now\r\n"
    assert talk.receiver.memory.state is State.READY


def test_a_421_from_policy_ends_the_connection():
    talk = Obliging()
    talk.receiver.feed(HELLO + MAIL)
    assert talk.receiver.next_event() is not None
    talk.receiver.answer(reply(421, "Good night"))
    assert talk.receiver.next_event() is None


def test_policy_composes_replies_with_a_code_where_codes_are_said():
    bare = {name: row for name, row in RULES.extensions.items() if name != "ENHANCEDSTATUSCODES"}
    for rules, octets in (
        (RULES, b"451 4.7.1 Later\r\n"),
        (replace(RULES, extensions=bare), b"451 Later\r\n"),
    ):
        assert Obliging(rules).receiver.compose(451, "4.7.1", "Later").octets == octets


def test_events_come_one_at_a_time():
    talk = Obliging()
    talk.receiver.feed(b"NOOP\r\n")
    assert talk.receiver.next_event() == Plain(Verb.NOOP, Occasion.NOTHING)
    with pytest.raises(AssertionError, match="not been answered"):
        talk.receiver.next_event()


def test_data_asks_policy_with_the_envelope():
    talk = Obliging()
    talk.say(HELLO, MAIL, RCPT, b"DATA\r\n")
    assert any(isinstance(event, Text) and event.envelope.recipients for event in talk.events)


def test_who_somebody_is_asks_policy():
    talk = Obliging()
    talk.say(b"VRFY  alice\r\nexpn staff\r\n")
    assert talk.events == [
        Verify(Verb.VRFY, "alice", False, Occasion.VERIFIED),
        Verify(Verb.EXPN, "staff", False, Occasion.NOT_TOLD),
    ]


def test_a_recipient_keeps_its_own_parameters():
    row = Extension(keyword="X", rfc=0, rcpt_parameters={"NOTIFY": lambda value: None})
    talk = Obliging(replace(RULES, extensions={"X": row}))
    talk.say(HELLO, MAIL, RCPT[:-2] + b" NOTIFY=NEVER\r\n", RCPT, b"DATA\r\nhi\r\n.\r\n")
    one, other = talk.messages[0].envelope.recipients
    assert (one.parameters, other.parameters) == ((("NOTIFY", "NEVER"),), ())


# --- STARTTLS and AUTH -------------------------------------------------------------------------


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


# --- words -------------------------------------------------------------------------------------


def test_what_a_client_says_cannot_break_a_reply():
    speech = Speech({Occasion.HELO: Answer(250, None, "hello {client}")}, "example.test")
    told = speech.say(Occasion.HELO, enhanced=False, facts={"client": "a\r\nb\x7f"})
    assert told.octets == b"250 hello a??b?\r\n"


def test_a_reply_may_name_the_address():
    answers = reworded(ANSWERS, SENDER_OK="{address} ok", RECIPIENT_OK="{address} ok")
    talk = Obliging(replace(RULES, answers=answers))
    talk.say(HELLO)
    assert talk.say(MAIL, RCPT) == b"250 2.1.0 a@b.test ok\r\n250 2.1.5 alice@example.test ok\r\n"


def test_a_voice_changes_words_and_nothing_else():
    answers = reworded(ANSWERS, NOTHING="Nix")
    assert answers[Occasion.NOTHING] == Answer(250, "2.0.0", "Nix")
    assert answers[Occasion.HELP] == ANSWERS[Occasion.HELP]


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=lambda answer: answer.text)
def test_enhanced_codes_are_of_the_class_of_their_reply(answer):
    # RFC 2034 4: 2yz carries 2.x.x, 4yz 4.x.x, 5yz 5.x.x; 3yz carries none.
    if answer.code >= 400:
        assert answer.enhanced is not None
    if answer.enhanced is not None:
        assert answer.enhanced[0] == str(answer.code)[0]


# --- rules about recipients ----------------------------------------------------------------------


def test_a_recipient_is_judged_by_rules_that_know_the_sender_and_who_came_before():
    met = []

    def one_is_enough(reverse_path, before, path):
        met.append((str(reverse_path), len(before), str(path)))
        return Occasion.TOO_MANY_RECIPIENTS if before else None

    talk = Obliging(replace(RULES, object_to_recipient=one_is_enough))
    assert talk.codes(HELLO + MAIL + RCPT + RCPT) == [250, 250, 250, 452]
    assert met == [("a@b.test", 0, "alice@example.test"), ("a@b.test", 1, "alice@example.test")]


def test_a_recipient_stands_in_the_trace_if_nobody_is_told_of_another():
    talk = Obliging()
    talk.say(TALK)
    recipients = talk.messages[0].envelope.recipients
    assert RULES.named_in_trace(recipients) == "alice@example.test"
    assert RULES.named_in_trace(recipients * 2) is None
    assert RULES.addressees(talk.messages[0].envelope, b"To: <bob@example.test>\r\n") == recipients
