"""The oracle itself: a receiver that is wrong is found out, within few conversations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.protocol.receiver import Rules
from harness.protocol.transparency import unstuff
from reference_server.lies import LIES
from tests.fuzz.conversation import Conversation
from tests.fuzz.replies import OutOfStep, Said, read_replies
from tests.fuzz.volume import PATIENT, Failed, Tally, converse

# Lies about order, replies, texts and what is forgotten.  The others are about what a message
# looks like when it is delivered, or are policies, which the oracle leaves to the server.
FOUND = [
    *("helo-only-first", "verbs-case-sensitive", "reply-bare-lf", "two-replies", "no-rset"),
    *("null-sender-refused", "rcpt-before-mail", "nested-mail-mixes", "nested-mail-accepted"),
    *("data-without-recipient", "ehlo-keeps-transaction", "rset-keeps-transaction", "noop-resets"),
    *("quit-stays-open", "unknown-command-closes", "arguments-ignored", "no-unstuff"),
    *("segment-is-line", "lf-dot-lf", "lf-dot-crlf", "crlf-dot-lf", "cr-dot-cr", "crlf-dot-crcrlf"),
    *("crlf-nul-dot-crlf", "crlf-dot-blank-crlf", "headerless-refused", "message-forgets-hello"),
    *("data-keeps-envelope", "short-command-line", "short-text-line", "first-recipient-only"),
    *("replies-reordered", "tls-keeps-state", "tls-keeps-buffer", "challenge-without-space"),
]


# Wrong rules that only chunks and replies show.
CHANGED = {
    "a refused chunk is read as commands": {"pass_over": lambda size, is_offered: 0},
    "a chunk before EHLO is read as commands": {
        "pass_over": lambda size, is_offered: size if is_offered else 0
    },
    "dots are undone in chunks": {"unchunk": unstuff},
    "DATA is taken for binary text": {"needs_chunks": lambda parameters: False},
    "codes are for EHLO alone": {"attaches_codes": lambda extended: extended},
    "lines end in LF too": {"line_ends": (b"\r\n", b"\n")},
}


@pytest.mark.parametrize("name", FOUND)
def test_a_liar_is_found_out(name):
    lie = LIES[name].rules
    small = replace(lie.limits, message=1_000, chunk=5_000, recipients=3, errors=1_000)
    with pytest.raises(Failed, match="seed"):
        converse_often(replace(lie, limits=small))


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED)
def test_a_changed_rule_is_found_out(changed):
    with pytest.raises(Failed, match="seed"):
        converse_often(replace(PATIENT, **changed))


def converse_often(rules: Rules) -> None:
    for seed in range(300):
        converse(seed, Tally(), rules)


BAD_REPLIES = {
    "bare LF": b"250 ok\n",
    "no code": b"ok\r\n",
    "a code of another age": b"150 ok\r\n",
    "two codes": b"250-a\r\n251 b\r\n",
    "no end": b"250-a\r\n",
    "half a line": b"250 a\r\n25",
}


@pytest.mark.parametrize("octets", BAD_REPLIES.values(), ids=BAD_REPLIES)
def test_octets_that_are_no_replies_are_found_out(octets):
    with pytest.raises(OutOfStep):
        read_replies(octets)


@pytest.mark.parametrize("lines", [("5.1.0 x",), ("2.1.0 x", "x"), ("2.1.0 x", "4.1.0 x")])
def test_enhanced_codes_that_do_not_fit_are_found_out(lines):
    with pytest.raises(OutOfStep):
        assert Said(250, lines).is_enhanced


def test_what_a_receiver_holds_is_seen():
    talk = Conversation()
    talk.say(b"EHLO client.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\n")
    light = talk.weigh()
    talk.say(b"DATA\r\n" + b"x" * 900)
    assert talk.weigh() >= light + 900


def test_hoarding_would_be_seen():
    talk = Conversation(PATIENT)
    talk.receiver.feed(b"x" * 100_000)  # and nobody asks for events
    assert talk.weigh() > talk.most()
