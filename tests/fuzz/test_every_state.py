"""Every state meets every input that we can think of, and the talk goes on after each."""

from __future__ import annotations

import pytest

from harness.protocol.receiver import rules_for
from harness.protocol.services import Service
from tests.fuzz import vocabulary
from tests.fuzz.conversation import Conversation
from tests.fuzz.expectation import Mode
from tests.fuzz.volume import PATIENT

EHLO, MAIL, RCPT = b"EHLO client.test\r\n", b"MAIL FROM:<a@b.test>\r\n", vocabulary.RECIPIENTS[0]
BINARY = b"MAIL FROM:<a@b.test> BODY=BINARYMIME\r\n"
TO = RCPT + b"\r\n"
LOG_IN = b"AUTH PLAIN " + vocabulary.GRANTED + b"\r\n"

# state -> what is said to get there; `secure` is inside TLS
STATES = {
    "connected": (b"", "FRESH"),
    "greeted by HELO": (b"HELO client.test\r\n", "READY"),
    "greeted by EHLO": (EHLO, "READY"),
    "sender": (EHLO + MAIL, "SENDER"),
    "sender after HELO": (b"HELO client.test\r\n" + MAIL, "SENDER"),
    "recipients": (EHLO + MAIL + TO, "RECIPIENTS"),
    "as many recipients as there may be": (EHLO + MAIL + TO * 3, "RECIPIENTS"),
    "text": (EHLO + MAIL + TO + b"DATA\r\n", "TEXT"),
    "within a text": (EHLO + MAIL + TO + b"DATA\r\nhello", "TEXT"),
    "a message later": (EHLO + MAIL + TO + b"DATA\r\nhello\r\n.\r\n", "READY"),
    "chunks": (EHLO + MAIL + TO + b"BDAT 5\r\nhello", "CHUNKS"),
    "within a chunk": (EHLO + MAIL + TO + b"BDAT 9\r\nhello", "RECIPIENTS"),
    "binary": (EHLO + BINARY + TO, "RECIPIENTS"),
    "within a chunk of binary": (EHLO + BINARY + TO + b"BDAT 9 LAST\r\nhello", "RECIPIENTS"),
    "reset": (EHLO + MAIL + TO + b"RSET\r\n", "READY"),
    "within a line": (EHLO + b"NOOP ", "READY"),
}
SECURE_STATES = {
    "response to PLAIN": (EHLO + b"AUTH PLAIN\r\n", "RESPONSE"),
    "response to LOGIN": (EHLO + b"AUTH LOGIN\r\n", "RESPONSE"),
    "password of LOGIN": (EHLO + b"AUTH LOGIN\r\nYWxpY2U=\r\n", "RESPONSE"),
    "response to CRAM-MD5": (EHLO + b"AUTH CRAM-MD5\r\n", "RESPONSE"),
    "response to SCRAM": (EHLO + b"AUTH SCRAM-SHA-256\r\n", "RESPONSE"),
    "log-in failed": (EHLO + b"AUTH PLAIN " + vocabulary.DENIED + b"\r\n", "READY"),
    "logged in": (EHLO + LOG_IN, "READY"),
    "logged in, sender": (EHLO + LOG_IN + MAIL, "SENDER"),
}
PLACES = {
    **{name: (*row, False) for name, row in STATES.items()},
    **{f"TLS, {name}": (*row, True) for name, row in (STATES | SECURE_STATES).items()},
}
INPUTS = [
    *(line + b"\r\n" for line in vocabulary.COMMANDS),
    *(line + b"\r\n" for line in vocabulary.RESPONSES),
    *vocabulary.TEXTS,
    *vocabulary.CHUNKS,
    *vocabulary.PIECES,
]


@pytest.mark.slow
@pytest.mark.parametrize(("said", "state", "secure"), PLACES.values(), ids=PLACES)
def test_every_input_is_answered_in_step(said, state, secure):
    hold(said, state, secure, Service.SMTP)


@pytest.mark.slow
@pytest.mark.parametrize(("said", "state", "secure"), PLACES.values(), ids=PLACES)
def test_every_input_is_answered_in_step_by_lmtp(said, state, secure):
    if not said.startswith(b"HELO"):
        hold(said.replace(b"EHLO", b"LHLO"), state, secure, Service.LMTP)


@pytest.mark.slow
@pytest.mark.parametrize(("said", "state", "secure"), PLACES.values(), ids=PLACES)
def test_every_input_is_answered_in_step_by_submission(said, state, secure):
    if b"AUTH" in said or state == "FRESH":
        hold(said, state, secure, Service.SUBMISSION)
    elif said.startswith(EHLO):  # nothing comes of it but by a log-in
        hold(said.replace(EHLO, EHLO + LOG_IN), state, True, Service.SUBMISSION)


def hold(said: bytes, state: str, secure: bool, service: Service) -> None:
    """Bring a talk to that state for each input, and go on from there."""
    for octets in INPUTS:
        talk = Conversation(rules_for(service, PATIENT), secure=secure)
        talk.say(said)
        assert talk.expectation.state == state
        talk.say(octets)
        go_on(talk)


def go_on(talk: Conversation) -> None:
    """Whatever was said: the talk can be ended in good order, and nothing was hoarded."""
    if talk.is_over:
        return
    assert talk.weigh() <= talk.most()
    if talk.expectation.mode is Mode.CHUNK:
        talk.say(b"\0" * 10_000)  # ends whatever chunk it was
    talk.say(b"\r\n")  # and whatever line
    if talk.expectation.mode is Mode.TEXT:
        talk.say(b"\r\n.\r\n")
    while talk.expectation.mode is Mode.RESPONSE:
        talk.say(b"*\r\n")
    talk.say(b"NOOP\r\n", b"QUIT\r\n")
    assert talk.is_over
