from dataclasses import replace

import pytest

from harness.protocol.extensions import Extension
from harness.protocol.order import State, Verb
from harness.protocol.receiver import (
    ANSWERS,
    RULES,
    Answer,
    Occasion,
    Speech,
    reworded,
)
from harness.protocol.receiver.events import Mail, Plain, Text, Verify
from harness.protocol.replies import reply
from tests.protocol.obliging import Obliging

MAIL = b"MAIL FROM:<a@b.test>\r\n"
RCPT = b"RCPT TO:<alice@example.test>\r\n"
HELLO = b"EHLO client.test\r\n"


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
