"""hypothesis looks for a talk that is not answered as the RFCs let a client expect."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from harness.protocol.receiver import rules_for
from harness.protocol.services import Service
from tests.fuzz import vocabulary
from tests.fuzz.conversation import GOOD_NIGHT, REFUSALS, SMALL_RULES, Conversation
from tests.fuzz.expectation import Mode
from tests.fuzz.profile import profile, tried
from tests.fuzz.volume import PATIENT

LINES = st.sampled_from(vocabulary.COMMANDS)
WORDS = st.binary(max_size=12) | st.sampled_from(vocabulary.PIECES)


def in_state(*names: str):
    """A rule for these states alone, so that talks get far."""
    return precondition(lambda machine: machine.talk.expectation.state in names)


class Talk(RuleBasedStateMachine):
    """A client that may say anything anywhere; what a rule says is cut as the rule likes."""

    @initialize(
        secure=st.booleans(),
        has_tls=st.booleans(),
        rules=st.sampled_from([PATIENT, SMALL_RULES]),
        service=st.sampled_from(Service),
    )
    def connect(self, secure, has_tls, rules, service):
        self.refusal = None
        self.talk = Conversation(
            rules_for(service, rules),
            policy=lambda event: self.refusal,
            has_tls=has_tls,
            secure=secure,
        )

    @rule(refusal=st.sampled_from([None, None, None, *REFUSALS, GOOD_NIGHT]))
    def change_policy(self, refusal):
        self.refusal = refusal

    @in_state("FRESH")
    @rule(line=st.sampled_from(vocabulary.HELLOS))
    def greet(self, line):
        self.talk.say(line + b"\r\n")

    @in_state("READY")
    @rule(line=st.sampled_from([*vocabulary.MAILS, *vocabulary.LOG_INS, b"STARTTLS"]))
    def begin(self, line):
        self.talk.say(line + b"\r\n")

    @in_state("READY")
    @rule()
    def log_in(self):
        self.talk.say(vocabulary.LOG_INS[0] + b"\r\n")

    @in_state("SENDER", "RECIPIENTS")
    @rule(line=st.sampled_from(vocabulary.RECIPIENTS))
    def name_recipient(self, line):
        self.talk.say(line + b"\r\n")

    @in_state("RECIPIENTS")
    @rule(text=st.sampled_from(vocabulary.TEXTS))
    def send(self, text):
        self.talk.say(b"DATA\r\n", text)

    @in_state("RECIPIENTS", "CHUNKS")
    @rule(chunk=st.sampled_from(vocabulary.CHUNKS), at=st.integers(0, 20))
    def send_chunk(self, chunk, at):
        self.talk.say(chunk[:at], chunk[at:])

    @in_state("RECIPIENTS", "CHUNKS")
    @rule(octets=st.binary(max_size=60), last=st.booleans())
    def send_any_chunk(self, octets, last):
        self.talk.say(b"BDAT %d%s\r\n" % (len(octets), b" LAST" * last), octets)

    @in_state("TEXT")
    @rule(text=st.sampled_from(vocabulary.TEXTS) | st.binary(max_size=60), at=st.integers(0, 60))
    def write_text(self, text, at):
        self.talk.say(text[:at], text[at:])

    @in_state("RESPONSE")
    @rule(line=st.sampled_from(vocabulary.RESPONSES) | st.binary(max_size=20))
    def respond(self, line):
        self.talk.say(line + b"\r\n")

    @rule(line=LINES, at=st.integers(0, 40), word=WORDS, gone=st.integers(0, 3))
    def say_something_spoilt(self, line, at, word, gone):
        self.talk.say(line[:at] + word + line[at + gone :] + b"\r\n")

    @rule(lines=st.lists(LINES, min_size=1, max_size=6), at=st.integers(0, 200))
    def say_many_at_once(self, lines, at):
        octets = b"".join(line + b"\r\n" for line in lines)
        self.talk.say(octets[:at], octets[at:])

    @rule(noise=st.lists(WORDS | LINES, max_size=8))
    def make_noise(self, noise):
        self.talk.say(b"".join(noise))

    @invariant()
    def its_memory_is_bounded(self):
        # `say` has held each reply against the expectation already.
        if self.talk.expectation.mode is not Mode.OVER:
            assert self.talk.weigh() <= self.talk.most()

    def teardown(self):
        tried(self.talk)


@pytest.mark.slow
def test_no_talk_gets_the_receiver_out_of_step():
    run_state_machine_as_test(Talk, settings=profile())
