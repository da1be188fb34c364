"""A server that answers anything at any time: our own sender ends, and blames the server alone."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import PeerClosed, PeerError
from harness.protocol.replies import (
    Reply,
    ReplyReader,
    capability_faults,
    grammar_faults,
    read_capabilities,
)
from harness.protocol.sasl import Login
from harness.protocol.sender import Envelope, Exchange, Flow, Secure, open_session, send_message
from harness.protocol.services import Service
from tests.fuzz.profile import profile
from tests.protocol.driving import run

ENOUGH = 400  # actions of one flow: whoever takes more goes on for ever

CODES = st.sampled_from(
    [
        *(220, 221, 235, 250, 251, 252, 334, 354, 421, 450, 451, 452, 454),
        *(500, 501, 502, 503, 530, 535, 550, 552, 554, 555),
    ]
)
KEYWORDS = st.sampled_from(
    [
        *("", "PIPELINING", "SIZE", "SIZE 10", "SIZE x", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN"),
        *("BINARYMIME", "AUTH PLAIN LOGIN", "AUTH", "AUTH SCRAM-SHA-256", "STARTTLS", "LIMITS"),
    ]
)
TEXTS = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=30)
ANSWERS = st.builds(
    lambda code, lines: b"".join(
        b"%d%s%s\r\n" % (code, b"-" if n < len(lines) - 1 else b" ", text.encode())
        for n, text in enumerate(lines)
    ),
    CODES,
    st.lists(KEYWORDS | TEXTS, min_size=1, max_size=6),
)
NOISE = st.binary(max_size=40) | st.sampled_from(
    [b"\r\n", b"250\r\n", b"250-", b"250 ok\n", b"\r250 x\r\n", b"999 x\r\n", b"334 ====\r\n"]
)
TALK = st.lists(ANSWERS | ANSWERS | ANSWERS | NOISE, max_size=30)
# What gets a session far, before it goes astray.
GOOD = [
    b"220 mx.test\r\n",
    b"250-mx.test\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-8BITMIME\r\n"
    b"250-STARTTLS\r\n250-DSN\r\n250 AUTH PLAIN LOGIN SCRAM-SHA-256\r\n",
]


@dataclass
class Hostile:
    """Says the next of its answers for each reply that is due, and hangs up after the last."""

    answers: list[bytes]
    actions: int = 0
    _reader: ReplyReader = field(default_factory=ReplyReader)

    def act(self, action: Exchange | Secure) -> tuple[Reply, ...]:
        self.actions += 1
        assert self.actions < ENOUGH, "this flow does not end"
        if isinstance(action, Secure):
            self._reader.clear()
            return ()
        return tuple(itertools.islice(self._replies(), len(action.names)))

    def _replies(self):
        while True:
            while (reply := self._reader.take()) is not None:
                yield reply
                if reply.code == 421:
                    return
            if not self.answers:
                raise PeerClosed("it hung up")
            self._reader.feed(self.answers.pop(0))


def session(content: bytes, service: Service, tls: bool, login: bool, chunk: int | None) -> Flow:
    """All that a sender does."""
    capabilities = yield from open_session(
        "us.test",
        service=service,
        tls=tls,
        login=Login("alice", "secret") if login else None,
    )
    envelope = Envelope("a@b.test", ("c@d.test", "e@f.test", "g@h.test"))
    handover = yield from send_message(
        envelope, content, capabilities, chunk=chunk, service=service
    )
    assert set(handover.accepted) | set(handover.refused) == set(envelope.recipients)
    return handover


@pytest.mark.slow
@profile()
@given(
    good=st.integers(0, 2),
    answers=TALK,
    content=st.binary(max_size=200),
    service=st.sampled_from(Service),
    tls=st.booleans(),
    login=st.booleans(),
    chunk=st.none() | st.integers(1, 50),
)
def test_a_session_ends_whatever_the_server_says(
    good, answers, content, service, tls, login, chunk
):
    hostile = Hostile([*GOOD[:good], *answers])
    with contextlib.suppress(PeerError):
        run(session(content, service, tls, login, chunk), hostile.act)


OCTETS = st.lists(ANSWERS | NOISE, max_size=12).map(b"".join)


@pytest.mark.slow
@profile()
@given(octets=OCTETS, places=st.sets(st.integers(0, 300), max_size=8))
def test_replies_are_read_the_same_however_they_are_cut(octets, places):
    whole, pieces = ReplyReader(), ReplyReader()
    whole.feed(octets)
    read = list(iter(whole.take, None))
    found: list[Reply] = []
    edges = [0, *sorted(place for place in places if place < len(octets)), len(octets)]
    for a, b in itertools.pairwise(edges):
        pieces.feed(octets[a:b])
        found += iter(pieces.take, None)
    assert found == read
    # Nothing that was said is lost, or said twice.
    assert b"".join(it.octets for it in read) + whole.left == octets
    assert pieces.left == whole.left


@pytest.mark.slow
@profile()
@given(octets=OCTETS)
def test_whatever_a_reply_is_it_can_be_looked_at(octets):
    reader = ReplyReader()
    reader.feed(octets)
    for reply in iter(reader.take, None):
        assert "\n" not in str(reply)
        assert 0 <= reply.code <= 599
        assert read_capabilities(reply).mechanisms is not None
        assert isinstance(grammar_faults(reply) + capability_faults(reply), tuple)
