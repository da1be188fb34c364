"""Octets at random, cut anywhere: each line still gets its one reply, and cuts change nothing."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import vocabulary
from tests.fuzz.conversation import Conversation
from tests.fuzz.profile import profile, tried

PIECES = st.sampled_from([*vocabulary.PIECES, *vocabulary.COMMANDS, *vocabulary.TEXTS])
OCTETS = st.lists(PIECES | st.binary(max_size=40), max_size=12).map(b"".join)
CUTS = st.sets(st.integers(0, 400), max_size=8)
# Where a talk may stand when the noise begins.
BEGINNINGS = st.sampled_from(
    [
        b"",
        b"EHLO client.test\r\n",
        b"HELO client.test\r\nMAIL FROM:<a@b.test>\r\n",
        b"EHLO client.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\n",
        b"EHLO client.test\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n",
        b"EHLO client.test\r\nAUTH PLAIN\r\n",
    ]
)


def cut(octets: bytes, places: set[int]) -> list[bytes]:
    edges = [0, *sorted(place for place in places if place < len(octets)), len(octets)]
    return [octets[a:b] for a, b in itertools.pairwise(edges)]


@pytest.mark.slow
@profile()
@given(beginning=BEGINNINGS, octets=OCTETS, places=CUTS, secure=st.booleans())
def test_noise_gets_its_replies_in_bounded_memory(beginning, octets, places, secure):
    talk = Conversation(secure=secure)
    talk.say(beginning)
    for segment in cut(octets, places):
        talk.say(segment)
        assert talk.is_over or talk.weigh() <= talk.most()
    tried(talk)


@pytest.mark.slow
@profile()
@given(beginning=BEGINNINGS, octets=OCTETS, places=CUTS)
def test_the_same_octets_get_the_same_replies_however_they_are_cut(beginning, octets, places):
    # Without STARTTLS: what stands behind it in its segment is void, and that is right.
    whole, pieces = Conversation(has_tls=False), Conversation(has_tls=False)
    whole.say(beginning + octets)
    pieces.say(*cut(beginning + octets, places))
    assert pieces.told == whole.told
    tried(pieces)
