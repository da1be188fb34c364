"""Streams with pauses, by LMTP and by chunks: what is written when, and what is told of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from harness.errors import Refused
from harness.protocol.replies import Reply, reply
from harness.protocol.sender import (
    Envelope,
    Exchange,
    Outgoing,
    Pause,
    Secure,
    make_opening,
    stream,
    stream_chunks,
)
from harness.protocol.services import Service
from tests.protocol.driving import Script, not_asked, run, script
from tests.protocol.test_sender_order import check, keep

TO_THREE = make_opening(Envelope("a@b.example", ("c@d.example", "e@f.example", "g@h.example")))
TO_ONE = make_opening(Envelope("a@b.example", ("c@d.example",)))
ADDRESSED = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"
ONE = ADDRESSED + b"DATA\r\n"
LMTP = Service.LMTP


class Told:
    """What a stream tells: the first octet of each message, code and recipients, a bit each."""

    def __init__(self) -> None:
        self.rows: list[tuple[bytes, int, int]] = []

    def __call__(self, message: Outgoing, said: Reply, taken: int) -> None:
        self.rows.append((message.octets[:1], said.code, taken))


def outgoing(octets: bytes = b"1\r\n.\r\n") -> Outgoing:
    return Outgoing(TO_THREE, octets)


def short(octets: bytes = b"1\r\n.\r\n") -> Outgoing:
    return Outgoing(TO_ONE, octets)


@pytest.fixture
def told() -> Told:
    return Told()


# --- openings ------------------------------------------------------------------------------------


def test_who_calls_an_opening_behind_a_text_out_of_order_gets_it_once_more_and_then_apart(
    told: Told,
):
    peer = script(MAIL=[250, 503, 250], RCPT=[250, 503, 250], DATA=[354, 503, 354])
    texts = [b"%d\r\n.\r\n" % number for number in range(1, 5)]

    peer.drive(stream(map(short, texts), pipeline=True, tell=told))

    assert told.rows == [(text[:1], 250, 1) for text in texts]
    one, two, three, four = texts
    assert peer.writes == [ONE, one + ONE, ONE, two, ONE, three, ONE, four]


def test_what_is_out_of_order_by_itself_is_a_refusal(told: Told):
    peer = script(MAIL=[503], RCPT=[503], DATA=[503])

    peer.drive(stream([short(), short(b"2\r\n.\r\n")], pipeline=True, tell=told))

    assert [row[:2] for row in told.rows] == [(b"1", 503), (b"2", 503)]


def test_a_354_behind_an_opening_out_of_order_is_ended(told: Told):
    peer = script(MAIL=[250, 503, 250], RCPT=[250, 503, 250])

    peer.drive(stream([short(), short(b"2\r\n.\r\n")], pipeline=True, tell=told))

    assert [row[:2] for row in told.rows] == [(b"1", 250), (b"2", 503)]


@pytest.mark.parametrize("codes", [[250] * 5, [250, 250, 452, 250, 250]])
def test_numbers_in_the_replies_to_texts_change_nothing(told: Told, codes: list[int]):
    texts = [b"%d\r\n.\r\n" % number for number in range(1, 6)]
    flow = stream(map(short, texts), pipeline=True, tell=told)
    opened = (reply(250, "ok"), reply(250, "ok"), reply(354, "go"))
    next(flow)
    replies: tuple[Reply, ...] = opened
    for number, code in enumerate(codes):
        exchange = flow.send(replies)
        assert isinstance(exchange, Exchange)
        ended = reply(code, f"text {number}")
        replies = (ended, *opened) if "MAIL" in exchange.names else (ended,)
    with pytest.raises(StopIteration):
        flow.send(replies)

    assert told.rows == [(text[:1], code, 1) for text, code in zip(texts, codes, strict=True)]


# --- copies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("pipeline", [False, True])
def test_a_message_has_a_copy_for_just_those_recipients_that_were_accepted(
    told: Told, pipeline: bool
):
    peer = script(RCPT=[250, 550, 250])

    peer.drive(stream([outgoing(), outgoing(b"2\r\n.\r\n")], pipeline=pipeline, tell=told))

    assert told.rows == [(b"1", 250, 0b101), (b"2", 250, 0b111)]


def test_who_had_been_taken_is_told_of_a_message_that_is_refused_in_the_end(told: Told):
    script(RCPT=[550, 250], message=554).drive(stream([outgoing()], pipeline=True, tell=told))

    assert told.rows == [(b"1", 554, 0b110)]


@pytest.mark.parametrize("pipeline", [False, True])
def test_a_250_that_answers_data_accepts_nothing(told: Told, pipeline: bool):
    peer = script(DATA=[354, 250])

    peer.drive(stream([short(), short(b"2\r\n.\r\n")], pipeline=pipeline, tell=told))

    assert told.rows[-1] == (b"2", 250, 0)
    assert peer.groups[-1] == ("RSET",)


# --- pauses --------------------------------------------------------------------------------------


def test_nothing_is_kept_back_by_a_pause(told: Told):
    peer = script()
    decided: list[int] = []

    def items() -> Iterator[Outgoing | Pause]:
        yield short()
        decided.append(len(told.rows))  # not yet: its text goes with the next opening
        yield Pause(1.0)
        decided.append(len(told.rows))
        yield short(b"2\r\n.\r\n")

    peer.drive(stream(items(), pipeline=True, tell=told))

    assert decided == [0, 1]
    assert peer.writes == [ONE, b"1\r\n.\r\n", ONE, b"2\r\n.\r\n"]


@pytest.mark.parametrize("by", [stream, stream_chunks])
def test_what_is_heard_in_a_pause_ends_the_stream(by, told: Told):
    flow = by([Pause(1.0), short()], pipeline=True, tell=told)
    assert next(flow) == Pause(1.0)

    with pytest.raises(Refused, match="idle: 421 bye") as refused:
        flow.send((reply(421, "bye"),))

    assert refused.value.doing == "idle"
    assert told.rows == []


@pytest.mark.parametrize("by", [stream, stream_chunks])
def test_pauses_may_follow_each_other(by, told: Told):
    peer = script()

    peer.drive(by([Pause(1.0), Pause(2.0), short()], pipeline=False, tell=told))

    assert told.rows == [(b"1", 250, 1)]


# --- LMTP ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("pipeline", [False, True])
@pytest.mark.parametrize(
    ("answers", "rows"),
    [
        ({}, [(b"1", 250, 0b111), (b"2", 250, 0b111)]),
        ({"RCPT": [550, 250]}, [(b"1", 250, 0b110), (b"2", 250, 0b111)]),
        ({"message": [250, 452, 250]}, [(b"1", 250, 0b101), (b"2", 250, 0b111)]),
        ({"message": [452, 452, 452, 250]}, [(b"1", 452, 0b111), (b"2", 250, 0b111)]),
        (
            {"RCPT": [550, 250], "message": [452, 250]},
            [(b"1", 250, 0b100), (b"2", 250, 0b111)],
        ),
        ({"DATA": [451, 354]}, [(b"1", 451, 0), (b"2", 250, 0b111)]),
    ],
)
def test_by_lmtp_each_recipient_answers_and_the_message_is_told_once(
    answers: dict[str, list[int | str]], rows: list[tuple[bytes, int, int]], pipeline: bool,
    told: Told,
):  # fmt: skip
    messages = [outgoing(), outgoing(b"2\r\n.\r\n")]

    script(**answers).drive(stream(messages, pipeline=pipeline, tell=told, service=LMTP))

    assert told.rows == rows


def test_by_lmtp_the_next_opening_goes_with_the_text_all_the_same(told: Told):
    peer = script()

    peer.drive(stream([outgoing(), short()], pipeline=True, tell=told, service=LMTP))

    assert peer.groups[1] == ("message",) * 3 + ("MAIL", "RCPT", "DATA")


def test_by_lmtp_what_was_accepted_before_the_end_is_told(told: Told):
    peer = script(message=[250, 421])

    with pytest.raises(Refused, match="message: 421"):
        peer.drive(stream([outgoing()], pipeline=True, tell=told, service=LMTP))

    assert told.rows == [(b"1", 250, 1)]


# --- chunks --------------------------------------------------------------------------------------

WHOLE = b"1" * 10


def test_pipelined_a_message_by_chunks_is_two_writes(told: Told):
    peer = script()

    peer.drive(stream_chunks([short(WHOLE)] * 2, pipeline=True, tell=told))

    assert peer.writes == [ADDRESSED, b"BDAT 10 LAST\r\n" + WHOLE] * 2
    assert told.rows == [(b"1", 250, 1)] * 2


def test_in_lock_step_each_chunk_waits_for_its_reply(told: Told):
    peer = script()

    peer.drive(stream_chunks([short(WHOLE)], pipeline=False, tell=told, size=4))

    assert peer.groups == [("MAIL",), ("RCPT",), ("BDAT",), ("BDAT",), ("message",)]


# the peer's answers -> what is told of one message to three, and the last two writes
CHUNKS = {
    "all is well": ({}, (250, 0b111), ["BDAT BDAT", "message"]),
    "one recipient": ({"RCPT": [550, 550, 250]}, (250, 0b100), ["BDAT BDAT", "message"]),
    "no recipient": ({"RCPT": 550}, (550, 0), ["MAIL RCPT RCPT RCPT", "RSET"]),
    "MAIL refused": ({"MAIL": 451, "RCPT": 503}, (451, 0), ["MAIL RCPT RCPT RCPT"]),
    "a chunk refused": ({"BDAT": [250, 552]}, (552, 0), ["BDAT BDAT", "RSET"]),
    "the last chunk refused": ({"message": 554}, (554, 0b111), ["message", "RSET"]),
}


@pytest.mark.parametrize(("answers", "what", "groups"), CHUNKS.values(), ids=CHUNKS)
def test_a_failed_chunk_is_followed_by_rset(
    answers: dict[str, int | str | list[int | str]], what: tuple[int, int], groups: list[str],
    told: Told,
):  # fmt: skip
    peer = script(**answers)

    peer.drive(stream_chunks([outgoing(WHOLE)], pipeline=True, tell=told, size=4))

    assert told.rows == [(b"1", *what)]
    assert [" ".join(names) for names in peer.groups][-len(groups) :] == groups


def test_by_lmtp_the_last_chunk_is_answered_for_each_recipient(told: Told):
    peer = script(RCPT=[250, 550, 250], message=[452, 250])

    peer.drive(stream_chunks([outgoing(WHOLE)], pipeline=True, tell=told, service=LMTP))

    assert told.rows == [(b"1", 250, 0b100)]
    assert peer.groups[-1] == ("message", "message")


@pytest.mark.parametrize("answers", [{"MAIL": 421}, {"BDAT": 421}, {"message": 421}])
def test_421_ends_a_stream_of_chunks(answers: dict[str, int | str | list[int | str]], told: Told):
    peer: Script = script(**answers)

    with pytest.raises(Refused, match="421"):
        peer.drive(stream_chunks([outgoing(WHOLE)] * 2, pipeline=True, tell=told, size=4))

    assert len(told.rows) == ("message" in answers)


@pytest.mark.parametrize("pipeline", [False, True])
@pytest.mark.parametrize("service", Service)
def test_a_stream_of_chunks_keeps_the_order(service: Service, pipeline: bool):
    for codes in itertools.product((250, 550, 421), repeat=5):
        flow = stream_chunks(
            [short(b"hello")] * 3, pipeline=pipeline, tell=not_asked, service=service, size=3
        )
        check(keep(flow, codes))


def test_pauses_are_no_exchanges():
    seen: list[Exchange | Secure] = []

    def act(action: Exchange | Secure) -> tuple[Reply, ...]:
        seen.append(action)
        return ()

    run(stream([Pause(1.0)], pipeline=True, tell=not_asked), act)

    assert seen == []
