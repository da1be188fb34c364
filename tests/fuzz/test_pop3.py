"""POP3 sessions of lines that nobody would think of, cut anywhere: one answer to each, no more."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.protocol.pop3.order import State, Verb
from harness.protocol.pop3.responses import ResponseReader, Status
from harness.protocol.pop3.session import Limits
from tests.fuzz.profile import profile
from tests.protocol.pop3.dialogue import Talk, inside

ENDLESS = Limits(errors=10_000, log_ins=10_000)

arguments = st.lists(
    st.one_of(
        st.integers(-2, 5).map(str),
        st.sampled_from(["alice", "secret", "PLAIN", "SCRAM-SHA-256", "=", "*", "AGEAYg==", ""]),
        st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=5),
    ),
    max_size=3,
)
verbs = st.sampled_from([*map(str, Verb), "retr", "XYZZY", "", "*"])
lines = st.one_of(
    st.builds(lambda verb, rest: " ".join([verb, *rest]).encode(), verbs, arguments),
    st.binary(max_size=30).filter(lambda octets: b"\r\n" not in octets),
    st.binary(min_size=250, max_size=300).filter(lambda octets: b"\r\n" not in octets),
).filter(lambda line: not line.endswith(b"\r"))  # which would be part of another line's end
# which responses have something below them
_LISTS = re.compile(rb"(?i)(CAPA|LIST|UIDL|RETR [0-9]+|TOP [0-9]+ [0-9]+)")


@pytest.mark.slow
@profile()
@given(st.lists(lines, max_size=12), st.booleans(), st.randoms(use_true_random=False))
def test_every_line_gets_one_answer_wherever_the_network_cuts(said, logged_in, random):
    talk = inside(limits=ENDLESS) if logged_in else Talk(limits=ENDLESS)
    whole = (inside(limits=ENDLESS) if logged_in else Talk(limits=ENDLESS)).hear(
        *[line + b"\r\n" for line in said]
    )
    octets = b"".join(line + b"\r\n" for line in said)
    cuts = sorted(random.randrange(len(octets) + 1) for _ in range(3))
    parts = [octets[a:b] for a, b in zip([0, *cuts], [*cuts, len(octets)], strict=True)]

    assert talk.hear(*parts) == whole


@pytest.mark.slow
@profile()
@given(st.lists(lines, max_size=12), st.booleans())
def test_there_is_an_answer_to_each_line_and_none_too_many(said, logged_in):
    talk = inside(limits=ENDLESS) if logged_in else Talk(limits=ENDLESS)
    for line in said:
        if talk.session.is_over:
            assert talk.hear(line + b"\r\n") == b""
            continue
        within_auth = talk.session._authorization.attempt is not None
        reader = ResponseReader()
        reader.feed(talk.hear(line + b"\r\n"))
        below = not within_auth and _LISTS.fullmatch(line) is not None
        lists_one = re.fullmatch(rb"(?i)(LIST|UIDL) .*", line) is not None
        answer = reader.take(has_content=below and not lists_one)
        assert answer is not None
        assert answer.status is not Status.ODD
        assert reader.left == b""


@profile()
@given(st.lists(lines, max_size=20))
def test_nobody_is_in_the_mailbox_who_has_not_logged_in(said):
    talk = Talk(limits=ENDLESS, secure=False)  # where nobody can
    talk.hear(*[line + b"\r\n" for line in said if not line.upper().startswith(b"STLS")])

    assert talk.session.state in (State.AUTHORIZATION, State.NAMED, State.CLOSED)
    assert talk.session.user is None
    assert talk.deleted == []


@profile()
@given(st.lists(st.binary(max_size=3_000), max_size=10))
def test_octets_without_end_fill_no_memory(parts):
    talk = Talk(limits=ENDLESS)
    for part in parts:
        talk.hear(part.replace(b"\n", b"x"))

    assert len(talk.session._lines._buffer) <= ENDLESS.command_line
