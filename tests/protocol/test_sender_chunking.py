"""Sending by BDAT, against a peer with a script."""

from __future__ import annotations

import pytest

from harness.errors import Refused
from harness.protocol.replies import Capabilities, reply
from harness.protocol.sender import Envelope, Handover, hand_over_chunks, send_message
from harness.protocol.sender.chunking import WINDOW, make_chunks, windows
from tests.protocol.driving import Script, script

TO_TWO = Envelope("a@b.example", ("c@d.example", "e@f.example"))
MAIL = b"MAIL FROM:<a@b.example>\r\n"
RCPT_C = b"RCPT TO:<c@d.example>\r\n"
RCPT_E = b"RCPT TO:<e@f.example>\r\n"
OPENED = MAIL + RCPT_C + RCPT_E
FIRST, SECOND, LAST = b"BDAT 4\r\n.one", b"BDAT 4\r\n\r\n.t", b"BDAT 3 LAST\r\nwo\n"
CONTENT = b".one\r\n.two\n"
RSET = b"RSET\r\n"


@pytest.mark.parametrize(
    ("content", "size", "chunks"),
    [
        (b"", 4, [b"BDAT 0 LAST\r\n"]),
        (b"abcd", 4, [b"BDAT 4 LAST\r\nabcd"]),
        (b"abcde", 4, [b"BDAT 4\r\nabcd", b"BDAT 1 LAST\r\ne"]),
        (b"abcde", 1_000, [b"BDAT 5 LAST\r\nabcde"]),
        (b"\r\n.\r\n", 3, [b"BDAT 3\r\n\r\n.", b"BDAT 2 LAST\r\n\r\n"]),
    ],
)
def test_a_chunk_says_how_long_it_is_and_the_last_that_it_is(
    content: bytes, size: int, chunks: list[bytes]
):
    made = make_chunks(content, size)

    assert [chunk.octets for chunk in made] == chunks
    assert [chunk.names for chunk in made[:-1]] == [("BDAT",)] * (len(made) - 1)
    assert made[-1].names == ("message",)


def test_a_window_bounds_what_goes_out_before_a_refusal_is_heard():
    chunks = make_chunks(b"x" * (5 * WINDOW // 2), WINDOW // 4 - 20)

    parts = list(windows(chunks))

    assert len(parts) == 3
    assert max(len(part.octets) for part in parts) <= WINDOW
    assert b"".join(part.octets for part in parts) == b"".join(one.octets for one in chunks)
    assert sum((part.names for part in parts), ()) == sum((one.names for one in chunks), ())


def test_a_chunk_that_is_larger_than_the_window_goes_alone():
    parts = list(windows(make_chunks(b"x" * (WINDOW + 9), WINDOW + 3)))

    assert [part.names for part in parts] == [("BDAT",), ("message",)]


def transact(peer: Script, *, pipeline: bool) -> Handover:
    return peer.drive(hand_over_chunks(TO_TWO, CONTENT, pipeline=pipeline, size=4))


@pytest.mark.parametrize(
    ("pipeline", "writes"),
    [
        (False, [MAIL, RCPT_C, RCPT_E, FIRST, SECOND, LAST]),
        # RFC 3030 2: all replies to RCPT are collected before the first chunk goes out.
        (True, [OPENED, FIRST + SECOND + LAST]),
    ],
)
def test_octets_go_as_they_are_behind_their_number(pipeline: bool, writes: list[bytes]):
    peer = script()

    assert transact(peer, pipeline=pipeline) == Handover(
        TO_TWO.recipients, {}, reply(250, "so it is")
    )
    assert peer.writes == writes


# the peer's answers -> what was refused, what was written in lock-step and pipelined
FAILURES = {
    "MAIL": ({"MAIL": 550, "RCPT": 503}, ("MAIL", 550), [MAIL], [OPENED]),
    "the first chunk": (
        {"BDAT": [552, 503], "message": 503},
        ("BDAT", 552),
        [MAIL, RCPT_C, RCPT_E, FIRST, RSET],
        [OPENED, FIRST + SECOND + LAST, RSET],
    ),
    "a chunk in mid-stream": (
        {"BDAT": [250, 452], "message": 503},
        ("BDAT", 452),
        [MAIL, RCPT_C, RCPT_E, FIRST, SECOND, RSET],
        [OPENED, FIRST + SECOND + LAST, RSET],
    ),
    "a chunk, and the last taken all the same": (
        {"BDAT": [250, 452]},
        ("BDAT", 452),
        [MAIL, RCPT_C, RCPT_E, FIRST, SECOND, RSET],
        [OPENED, FIRST + SECOND + LAST, RSET],
    ),
    "the message": (
        {"message": 554},
        ("message", 554),
        [MAIL, RCPT_C, RCPT_E, FIRST, SECOND, LAST, RSET],
        [OPENED, FIRST + SECOND + LAST, RSET],
    ),
    "421 in mid-stream": (
        {"BDAT": [250, 421]},
        ("BDAT", 421),
        [MAIL, RCPT_C, RCPT_E, FIRST, SECOND],
        [OPENED, FIRST + SECOND + LAST],
    ),
    "421 at the end": (
        {"message": 421},
        ("message", 421),
        [MAIL, RCPT_C, RCPT_E, FIRST, SECOND, LAST],
        [OPENED, FIRST + SECOND + LAST],
    ),
    "354 where there should be 250": (
        {"BDAT": 354},
        ("BDAT", 354),
        [MAIL, RCPT_C, RCPT_E, FIRST, RSET],
        [OPENED, FIRST + SECOND + LAST, RSET],
    ),
}


@pytest.mark.parametrize(
    ("answers", "refusal", "in_turn", "grouped"), FAILURES.values(), ids=FAILURES
)
@pytest.mark.parametrize("pipeline", [False, True])
def test_a_chunk_that_is_refused_ends_the_message_and_is_cleared_away(
    answers: dict[str, int | list[int]],
    refusal: tuple[str, int],
    in_turn: list[bytes],
    grouped: list[bytes],
    pipeline: bool,
):
    peer = script(**answers)

    with pytest.raises(Refused) as refused:
        transact(peer, pipeline=pipeline)

    assert (refused.value.doing, refused.value.reply.code) == refusal
    assert peer.writes == (grouped if pipeline else in_turn)


def test_a_server_that_refuses_in_mid_stream_is_not_sent_the_rest():
    peer = script(BDAT=[250, 552, 503], message=503)
    content = b"x" * (10 * WINDOW)

    with pytest.raises(Refused):
        peer.drive(hand_over_chunks(TO_TWO, content, pipeline=True, size=WINDOW // 8))

    assert sum(map(len, peer.writes)) < 2 * WINDOW
    assert peer.writes[-1] == RSET


@pytest.mark.parametrize("pipeline", [False, True])
def test_one_recipient_is_enough_and_without_any_no_chunk_is_sent(pipeline: bool):
    one = transact(script(RCPT=[550, 250]), pipeline=pipeline)
    assert one.accepted == ("e@f.example",)
    assert one.answer("c@d.example") == reply(550, "so it is")
    assert one.answer("e@f.example") == reply(250, "so it is")

    peer = script(RCPT=550)
    assert transact(peer, pipeline=pipeline).reply is None
    assert peer.writes[-1] == RSET
    assert not any(b"BDAT" in octets for octets in peer.writes)


def test_recipients_that_do_not_fit_a_group_are_all_answered_before_the_first_chunk():
    many = Envelope("a@b.example", tuple(f"user{n}@many.example.test" for n in range(1000)))
    peer = script()

    handover = peer.drive(hand_over_chunks(many, b"hi\r\n", pipeline=True))

    assert handover.accepted == many.recipients
    assert len(peer.writes) > 5
    assert peer.writes[-1] == b"BDAT 4 LAST\r\nhi\r\n"


@pytest.mark.parametrize(
    ("offered", "chunk", "content", "writes"),
    [
        (("CHUNKING",), 3, b"hi", [b"BDAT 3\r\nhi\r", b"BDAT 1 LAST\r\n\n"]),
        (("CHUNKING",), None, b"hi", [b"DATA\r\n", b"hi\r\n.\r\n"]),
        # Binary goes by BDAT whether that was wished for or not, and no CRLF is added to it.
        (("CHUNKING", "BINARYMIME"), None, b"\n", [b"BDAT 1 LAST\r\n\n"]),
        (("CHUNKING", "BINARYMIME", "PIPELINING"), 1, b"\n.", [b"BDAT 1\r\n\nBDAT 1 LAST\r\n."]),
    ],
)
def test_a_message_goes_by_bdat_where_that_is_wished_for_or_needed(
    offered: tuple[str, ...], chunk: int | None, content: bytes, writes: list[bytes]
):
    peer = script()
    capabilities = Capabilities("mx.example", dict.fromkeys(offered, ()))

    peer.drive(send_message(TO_TWO, content, capabilities, chunk=chunk))

    assert peer.writes[-len(writes) :] == writes
