from dataclasses import replace

import pytest

from harness.protocol.addresses import read_reverse_path
from harness.protocol.commands import Objection
from harness.protocol.order import ORDER, State, Verb
from harness.protocol.receiver import ANSWERS, RULES, Answer, Occasion, Speech
from reference_server.lies import LIES
from reference_server.server import Desk
from reference_server.smtp_sink.behaviour import make_rules
from reference_server.smtp_sink.letters import Letters
from reference_server.talks.rote import learn, plain_text
from reference_server.talks.voices import in_voice

TEXTS = {
    b"x\r\n.\r\n": 3,
    b"\r\n.\r\n": 2,
    b"Subject: x\r\n\r\nhello\r\n.\r\nMAIL FROM:<a@b.test>\r\n": 21,
    b"x\r\n.\r\n..\r\n.\r\n": 3,
    # The reader of texts knows better.
    b"": 0,
    b"x\r\n": 0,
    b"ab\r\n": 0,
    b"x\r\n.": 0,
    b"x\r\n.\r": 0,
    b".\r\n": 0,
    b"..x\r\n.\r\n": 0,
    b"x\r\n..\r\n.\r\n": 0,
    b"x\r\n.y\r\n.\r\n": 0,
    b"x\ny\r\n.\r\n": 0,
    b"x\ry\r\n.\r\n": 0,
    b"x\n.\r\n\r\n.\r\n": 0,
    b"\r\r\n.\r\n": 0,
}


@pytest.mark.parametrize(("octets", "size"), TEXTS.items(), ids=repr)
def test_a_plain_text_ends_where_nobody_can_doubt_it(octets, size):
    assert plain_text(octets) == size


def learned(rules=RULES):
    return learn(Desk(rules, Speech(rules.answers, "example.test")))


def test_what_an_obliging_server_says_is_learned():
    rote = learned()
    assert (rote.sender, rote.recipient, rote.go_ahead) == (
        b"250 2.1.0 Sender ok\r\n",
        b"250 2.1.5 Recipient ok\r\n",
        b'354 Enter mail, end with "." on a line by itself\r\n',
    )
    assert rote.accepted == (b"250 2.0.0 Message accepted for delivery as ", b"\r\n")


def test_the_words_are_those_of_the_rules():
    without = {k: row for k, row in RULES.extensions.items() if k != "ENHANCEDSTATUSCODES"}
    changed = answering(ACCEPTED=Answer(250, "2.0.0", "Yes"), GO_AHEAD=Answer(354, None, "Go"))
    rote = learned(replace(changed, extensions=without))
    assert (rote.sender, rote.go_ahead) == (b"250 Sender ok\r\n", b"354 Go\r\n")
    assert rote.accepted == (b"250 Yes\r\n",)


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


ODD = (
    "a@-my.example", "a@my-.example", "a@my..example", "a@.example", "a@example.", "a@my.-x",
    "a.@my.example", ".a@my.example", "a..b@my.example", "a@b@c", "a", "@x", "a@", "a b@x", "a@x y",
    "a@x_y", "a@[127.0.0.1]", '"a"@x', "<a@x", "a@x>", "a@x\r", "grüße@x", "a@x-", "a@-",
)  # fmt: skip


@pytest.mark.parametrize("address", ODD)
@pytest.mark.parametrize("line", ["MAIL FROM:<{}>", "MAIL FROM:<a@b.c>\r\nRCPT TO:<{}>"])
def test_what_is_odd_is_not_spelled_plainly(address, line):
    """Whatever Python it is: before 3.11.3, possessive patterns match what they should not."""
    assert learned().ready(extended=True).read(f"{line.format(address)}\r\n".encode()) is None


@pytest.mark.parametrize("address", ["a@b", "a.b@c.d", "a-b@c-d.e", "a+b_c@x1.y2", "1@2.3"])
def test_what_is_spelled_plainly_is_an_address(address):
    assert learned().ready(extended=True).read(f"MAIL FROM:<{address}>\r\n".encode())
    assert not isinstance(read_reverse_path(f"<{address}>".encode()), Objection)
