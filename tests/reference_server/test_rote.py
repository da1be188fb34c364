import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.protocol.order import ORDER, State, Verb
from harness.protocol.receiver import ANSWERS, RULES, Answer, Occasion, Receiver, Speech
from reference_server.lies import LIES
from reference_server.limits import Allowance, Pace
from reference_server.rote import Recital, Takings, learn
from reference_server.server import Desk
from reference_server.smtp_sink.behaviour import make_rules
from reference_server.smtp_sink.letters import Letters
from reference_server.voices import in_voice
from tests.fuzz.profile import profile

MAIL, RCPT, DATA = b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<c@d.test>\r\n", b"DATA\r\n"
TEXT = b"Subject: x\r\n\r\nhello\r\n.\r\n"
SENDER_OK, RECIPIENT_OK = b"250 2.1.0 Sender ok\r\n", b"250 2.1.5 Recipient ok\r\n"
GO_AHEAD = b'354 Enter mail, end with "." on a line by itself\r\n'
ACCEPTED = b"250 2.0.0 Message accepted for delivery as %d\r\n"


def learned(rules=RULES):
    ids = map(str, itertools.count(1))
    desk = Desk(rules, Speech(rules.answers, "example.test"))
    return learn(desk, takings=Takings(), new_id=ids.__next__)


def recital(rules=RULES):
    rote = learned(rules)
    assert rote is not None
    return Recital(rote, Pace(Allowance(), 0.0)), rote.takings


# --- what is known by rote ------------------------------------------------------------------------

TALKS = {
    "line by line": [
        (MAIL, SENDER_OK),
        (RCPT, RECIPIENT_OK),
        (RCPT, RECIPIENT_OK),
        (DATA, GO_AHEAD),
        (TEXT, ACCEPTED % 1),
        (MAIL, SENDER_OK),
    ],
    "in groups": [
        (MAIL + RCPT * 3 + DATA, SENDER_OK + RECIPIENT_OK * 3 + GO_AHEAD),
        (TEXT + MAIL + RCPT + DATA, ACCEPTED % 1 + SENDER_OK + RECIPIENT_OK + GO_AHEAD),
        (TEXT + MAIL, ACCEPTED % 2 + SENDER_OK),
        (RCPT + DATA, RECIPIENT_OK + GO_AHEAD),
        (TEXT, ACCEPTED % 3),
        (MAIL + RCPT, SENDER_OK + RECIPIENT_OK),
        (RCPT * 2, RECIPIENT_OK * 2),
        (RCPT + DATA, RECIPIENT_OK + GO_AHEAD),
    ],
}


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
def test_messages_that_are_spelled_plainly_are_taken(talk):
    ours, _ = recital()
    assert [ours.take(said) for said, _ in talk] == [(answer, b"") for _, answer in talk]


def test_what_was_taken_is_counted():
    ours, takings = recital()
    for _ in range(3):
        ours.take(MAIL + RCPT + DATA)
        ours.take(TEXT)
    assert str(takings) == f"3 messages, {3 * (len(TEXT) - 3)} octets"
    assert ours.has_taken


def test_the_receiver_has_missed_what_is_under_way():
    ours, _ = recital()
    for said, is_idle, is_in_text in [
        (MAIL, False, False),
        (RCPT, False, False),
        (DATA, False, True),
    ]:
        ours.take(said)
        assert (ours.is_idle, ours.is_in_text) == (is_idle, is_in_text)
    assert ours.missed == MAIL + RCPT + DATA
    ours.take(TEXT)
    assert ours.missed == b""
    assert ours.is_idle


# --- what is not ----------------------------------------------------------------------------------

BEGINNINGS = {"": b"", "MAIL": MAIL, "RCPT": MAIL + RCPT, "DATA": MAIL + RCPT + DATA}
STRANGE = {
    "": [
        *(RCPT, DATA, TEXT, b"NOOP\r\n", b"QUIT\r\n", MAIL[:-1], MAIL[:-2] + b"\n", b"\r\n", b"x"),
        *(MAIL + MAIL, MAIL + DATA, MAIL + b"NOOP\r\n", MAIL + RCPT + DATA + TEXT),
        *(b"mail from:<a@b.test>\r\n", b"MAIL FROM: <a@b.test>\r\n"),
        *(b"MAIL FROM:<a@b.test> \r\n", b"MAIL FROM:<a@b.test> SIZE=1\r\n"),
        *(
            b"MAIL FROM:<a@b_c.test>\r\n",
            b"MAIL FROM:<a@-b.test>\r\n",
            b"MAIL FROM:<a@b-.test>\r\n",
        ),
        *(
            b"MAIL FROM:<.a@b.test>\r\n",
            b"MAIL FROM:<a..b@b.test>\r\n",
            b"MAIL FROM:<a.@b.test>\r\n",
        ),
        *(b'MAIL FROM:<"a"@b.test>\r\n', b"MAIL FROM:<@x.test:a@b.test>\r\n"),
        *(b"MAIL FROM:<a@[127.0.0.1]>\r\n", b"MAIL FROM:<a>\r\n", b"MAIL FROM:<\xe9@b.test>\r\n"),
        *(b"MAIL FROM:<a@%b.test>\r\n" % (b"b" * 64), b"MAIL FROM:<%b@b.test>\r\n" % (b"a" * 65)),
    ],
    "MAIL": [MAIL, DATA, b"RCPT TO:<>\r\n", b"RCPT TO:<postmaster>\r\n", b"RSET\r\n"],
    "RCPT": [MAIL, b"DATA \r\n", b"data\r\n", DATA + TEXT, b"BDAT 1 LAST\r\nx"],
    "DATA": [
        *(b".\r\n", b"\r\n.\r", b"x\r\n", b"ab\r\n", b"x\r\n..\r\n.\r\n", b"..x\r\n.\r\n"),
        *(b"a\nb\r\n.\r\n", b"a\rb\r\n.\r\n", b"x\n.\r\n\r\n.\r\n", b"\r\r\n.\r\n"),
    ],
}


@pytest.mark.parametrize(
    ("stage", "octets"), [(stage, octets) for stage, row in STRANGE.items() for octets in row]
)
def test_all_else_is_for_the_receiver(stage, octets):
    ours, takings = recital()
    ours.take(BEGINNINGS[stage])
    assert ours.take(octets) == (b"", octets)
    assert ours.missed == BEGINNINGS[stage]
    assert not takings.messages


def test_what_follows_a_text_may_be_for_the_receiver():
    ours, takings = recital()
    ours.take(MAIL + RCPT + DATA)
    assert ours.take(TEXT + b"RSET\r\n" + MAIL) == (ACCEPTED % 1, b"RSET\r\n" + MAIL)
    assert ours.missed == b""
    assert takings.messages == 1


def test_limits_are_for_the_receiver_to_enforce():
    ours, _ = recital(replace(RULES, limits=replace(RULES.limits, message=10, recipients=3)))
    assert ours.take(MAIL + RCPT * 3) == (b"", MAIL + RCPT * 3)
    ours.take(MAIL + RCPT + DATA)
    assert ours.take(b"123456789\r\n.\r\n") == (b"", b"123456789\r\n.\r\n")
    assert ours.take(b"12345678\r\n.\r\n") == (ACCEPTED % 1, b"")


# --- what the receiver says -----------------------------------------------------------------------

ATEXT = "abcXYZ019-!#$%&'*+/=?^_`{|}~"
ATOMS = st.text(ATEXT, min_size=1, max_size=20)
LETTERS = st.text("abcXYZ019", min_size=1, max_size=20)
ADDRESSES = st.builds(
    "{}@{}".format,
    st.lists(ATOMS, min_size=1, max_size=5).map(".".join),
    st.lists(LETTERS, min_size=1, max_size=5).flatmap(
        lambda words: st.sampled_from(".-").map(lambda dot: dot.join(words))
    ),
)


@profile()
@given(address=ADDRESSES)
def test_what_is_known_by_rote_the_receiver_says_too(address):
    ours, _ = recital()
    receiver = Receiver(RULES, speech=Speech(RULES.answers, "example.test"))
    receiver.feed(b"EHLO c.test\r\n")
    for octets in (
        b"",
        f"MAIL FROM:<{address}>\r\n".encode(),
        f"RCPT TO:<{address}>\r\n".encode(),
        DATA,
    ):
        receiver.feed(octets)
        while (event := receiver.next_event()) is not None:
            receiver.answer(event.said)
        said, (answer, rest) = receiver.output(), ours.take(octets) if octets else (b"", b"")
        if octets and not rest:
            assert said == answer


@pytest.mark.parametrize(("command", "keyword"), [(MAIL, b"FROM"), (RCPT, b"TO")])
def test_the_usual_addresses_are_known(command, keyword):
    for address in (b"sender@client.example.test", b"user17@many.example.test", b"a.b+c@x-y.test"):
        ours, _ = recital()
        if command is RCPT:
            ours.take(MAIL)
        assert ours.take(command[:5] + keyword + b":<" + address + b">\r\n")[1] == b""


# --- where there is nothing to be learned ---------------------------------------------------------


def limited(**limits):
    return replace(RULES, limits=replace(RULES.limits, **limits))


def answering(**answers):
    changed = {Occasion[name]: answer for name, answer in answers.items()}
    return replace(RULES, answers={**ANSWERS, **changed})


UNLEARNABLE = {
    "mails are counted": limited(mails=5),
    "domains are counted": limited(domains=5),
    "text lines are limited": limited(text_line=1_000),
    "command lines are short": limited(command_line=100),
    "the sender is named": replace(RULES, answers=in_voice(ANSWERS, "textbook")),
    "senders are refused": answering(SENDER_OK=Answer(550, "5.7.1", "No")),
    "recipients are refused": answering(RECIPIENT_OK=Answer(550, "5.7.1", "No")),
    "messages are refused": answering(ACCEPTED=Answer(550, "5.7.1", "No")),
    "one message is enough": answering(ACCEPTED=Answer(250, "2.0.0", "Bye", closes=True)),
    "one sender is enough": answering(SENDER_OK=Answer(250, "2.0.0", "Bye", closes=True)),
    "content is judged": LIES["headerless-refused"].rules,
    "another order": replace(
        RULES, order={**ORDER, State.SENDER: {**ORDER[State.SENDER], Verb.MAIL: State.SENDER}}
    ),
    "LF . LF ends a text": LIES["lf-dot-lf"].rules,
}


@pytest.mark.parametrize("rules", UNLEARNABLE.values(), ids=UNLEARNABLE)
def test_where_a_reply_is_a_matter_of_thought_nothing_is_learned(rules):
    assert learned(rules) is None


LEARNABLE = {
    "honest rules": RULES,
    "RSET takes an argument": LIES["arguments-ignored"].rules,
    "smtp-sink's": make_rules(Letters(where=":25", backlog=1)),
    "smtp-sink's without what it may do without": make_rules(
        Letters(where=":25", backlog=1, without=frozenset({"PIPELINING", "DSN"}))
    ),
}


@pytest.mark.parametrize("rules", LEARNABLE.values(), ids=LEARNABLE)
def test_what_only_concerns_other_words_is_no_hindrance(rules):
    assert learned(rules) is not None


def test_the_words_are_those_of_the_rules():
    without = {k: row for k, row in RULES.extensions.items() if k != "ENHANCEDSTATUSCODES"}
    ours, _ = recital(
        replace(
            answering(
                ACCEPTED=Answer(250, "2.0.0", "100% of it"), GO_AHEAD=Answer(354, None, "Go")
            ),
            extensions=without,
        )
    )
    assert ours.take(MAIL + RCPT + DATA) == (
        b"250 Sender ok\r\n250 Recipient ok\r\n354 Go\r\n",
        b"",
    )
    assert ours.take(TEXT) == (b"250 100% of it\r\n", b"")
