"""Sending many messages on one connection, and both ends against each other."""

from __future__ import annotations

import dataclasses

import pytest

from harness.errors import Refused
from harness.protocol.receiver import RULES, Occasion, Receiver, Speech
from harness.protocol.replies import reply
from harness.protocol.sasl import Login
from harness.protocol.sender import (
    Envelope,
    Exchange,
    Outgoing,
    Secure,
    greet,
    make_opening,
    open_session,
    quit_,
    secure,
    send_message,
    stream,
)
from harness.protocol.transparency import stuff
from tests.protocol.accounts import Accounts
from tests.protocol.driving import Ends, Script, not_asked, script

ALICE = Login("alice", "secret")
TO_TWO = Envelope("a@b.example", ("c@d.example", "e@f.example"))
TO_ONE = Envelope("a@b.example", ("c@d.example",))
CONTENT = b"Subject: x\r\n\r\n.hidden\r\n"


# --- many on one connection ----------------------------------------------------------------------


def outgoing(number: int, envelope: Envelope = TO_ONE) -> Outgoing:
    return Outgoing(make_opening(envelope), b"%d\r\n.\r\n" % number)


def run_stream(peer: Script, *messages: Outgoing, pipeline: bool) -> list[tuple[int, int]]:
    """The number of each message that was decided, with the code that decided it."""
    told: list[tuple[int, int]] = []
    peer.drive(
        stream(
            iter(messages),
            pipeline=pipeline,
            tell=lambda message, said, taken: told.append((int(message.octets[:1]), said.code)),
        )
    )
    return told


MAIL = b"MAIL FROM:<a@b.example>\r\n"
RCPT = b"RCPT TO:<c@d.example>\r\n"
DATA = b"DATA\r\n"
ONE = MAIL + RCPT + DATA


def test_the_text_and_the_next_opening_go_in_one_write():
    peer = script()

    told = run_stream(peer, *map(outgoing, (1, 2, 3)), pipeline=True)

    assert told == [(1, 250), (2, 250), (3, 250)]
    assert peer.writes == [ONE, b"1\r\n.\r\n" + ONE, b"2\r\n.\r\n" + ONE, b"3\r\n.\r\n"]
    assert peer.groups[1] == ("message", "MAIL", "RCPT", "DATA")


def test_in_lock_step_a_message_is_done_before_the_next_is_asked_for():
    peer = script()
    writes_at: list[int] = []

    def ask_for(numbers: list[int]):  # a caller that waits here keeps nobody's text back
        for number in numbers:
            writes_at.append(len(peer.writes))
            yield outgoing(number)

    peer.drive(stream(ask_for([1, 2]), pipeline=False, tell=not_asked))

    assert peer.writes == [MAIL, RCPT, DATA, b"1\r\n.\r\n", MAIL, RCPT, DATA, b"2\r\n.\r\n"]
    assert writes_at == [0, 4]


@pytest.mark.parametrize("pipeline", [False, True])
def test_no_messages_are_no_exchange(pipeline: bool):
    peer = script()

    assert run_stream(peer, pipeline=pipeline) == []
    assert peer.writes == []


# the peer's answers -> the codes that decided three messages, the writes when pipelined
STREAMS = {
    "MAIL refused": (
        {"MAIL": [250, 550, 250], "RCPT": [250, 503, 250], "DATA": [354, 503, 354]},
        [250, 550, 250],
        [ONE, b"1\r\n.\r\n" + ONE, ONE, b"3\r\n.\r\n"],
    ),
    "recipient refused": (
        {"RCPT": [250, 550, 250], "DATA": [354, 503, 354]},
        [250, 550, 250],
        [ONE, b"1\r\n.\r\n" + ONE, b"RSET\r\n" + ONE, b"3\r\n.\r\n"],
    ),
    "the last recipient refused": (
        {"RCPT": [250, 250, 550], "DATA": [354, 354, 503]},
        [250, 250, 550],
        [ONE, b"1\r\n.\r\n" + ONE, b"2\r\n.\r\n" + ONE, b"RSET\r\n"],
    ),
    "message refused": (
        {"message": [250, 451, 250]},
        [250, 451, 250],
        [ONE, b"1\r\n.\r\n" + ONE, b"2\r\n.\r\n" + ONE, b"3\r\n.\r\n"],
    ),
}


@pytest.mark.parametrize(("answers", "codes", "writes"), STREAMS.values(), ids=STREAMS)
def test_a_refusal_ends_nothing_but_its_message(
    answers: dict[str, list[int]], codes: list[int], writes: list[bytes]
):
    peer = script(**answers)

    told = run_stream(peer, *map(outgoing, (1, 2, 3)), pipeline=True)

    assert sorted(told) == list(zip((1, 2, 3), codes, strict=True))
    assert peer.writes == writes


def test_a_refusal_ends_nothing_but_its_message_in_lock_step():
    peer = script(RCPT=[250, 550, 250])

    told = run_stream(peer, *map(outgoing, (1, 2, 3)), pipeline=False)

    assert told == [(1, 250), (2, 550), (3, 250)]
    assert peer.writes[4:7] == [MAIL, RCPT, b"RSET\r\n"]


def test_354_with_nobody_to_write_to_gets_a_lone_dot_within_the_stream():
    peer = script(RCPT=[250, 550, 250], message=[250, 554, 250])

    told = run_stream(peer, *map(outgoing, (1, 2, 3)), pipeline=True)

    assert told == [(1, 250), (2, 550), (3, 250)]
    assert peer.writes[2] == b".\r\n" + ONE


def test_a_message_may_have_more_recipients_than_fit_a_group():
    many = Envelope("a@b.example", tuple(f"user{n}@many.example.test" for n in range(300)))
    peer = script()

    told = run_stream(peer, outgoing(1, many), outgoing(2, many), pipeline=True)

    assert told == [(1, 250), (2, 250)]
    assert b"".join(peer.writes).count(b"RCPT") == 600
    assert peer.writes[len(peer.writes) // 2].startswith(b"1\r\n.\r\nMAIL")


@pytest.mark.parametrize("pipeline", [False, True])
@pytest.mark.parametrize(
    ("answers", "doing", "told"),
    [
        ({"MAIL": [250, 421]}, "MAIL", [(1, 250)]),
        ({"RCPT": [250, 421]}, "RCPT", [(1, 250)]),
        ({"message": [250, 421]}, "message", [(1, 250), (2, 421)]),
        ({"message": [421]}, "message", [(1, 421)]),
        ({"DATA": [421]}, "DATA", []),
    ],
)
def test_421_ends_the_stream_and_what_was_accepted_before_is_told(
    answers: dict[str, list[int]], doing: str, told: list[tuple[int, int]], pipeline: bool
):
    peer = script(**answers)
    heard: list[tuple[int, int]] = []

    def tell(message: Outgoing, said: object, copies: int) -> None:
        heard.append((int(message.octets[:1]), getattr(said, "code", 0)))

    with pytest.raises(Refused) as refused:
        peer.drive(stream(map(outgoing, (1, 2, 3)), pipeline=pipeline, tell=tell))

    assert refused.value.doing == doing
    assert heard == told


# --- against the receiving end -------------------------------------------------------------------


def ends(**limits: int) -> Ends:
    rules = dataclasses.replace(RULES, limits=dataclasses.replace(RULES.limits, **limits))
    receiver = Receiver(
        rules,
        speech=Speech(rules.answers, "mx.example"),
        credentials=Accounts(),
        has_tls=True,
    )
    receiver.say(Occasion.GREETING)
    return Ends(receiver)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("pipeline", [False, True])
def test_the_two_ends_understand_each_other(mechanism: str, pipeline: bool):
    both = ends()

    capabilities = both.drive(
        open_session("me.example", tls=True, login=ALICE, mechanism=mechanism)
    )
    for content in (CONTENT, b"", b"no end", b"\xff\r\n"):
        both.drive(send_message(TO_TWO, content, capabilities, pipeline=pipeline))
    both.drive(quit_())

    assert [m.content for m in both.messages] == [CONTENT, b"", b"no end\r\n", b"\xff\r\n"]
    assert max(both.codes) == 354
    assert both.receiver.closing


@pytest.mark.parametrize("pipeline", [False, True])
def test_a_stream_keeps_the_order_of_commands(pipeline: bool):
    both = ends()
    both.drive(open_session("me.example"))

    both.drive(stream([outgoing(n) for n in range(10)], pipeline=pipeline, tell=not_asked))

    assert [m.content for m in both.messages] == [b"%d\r\n" % n for n in range(10)]
    assert max(both.codes) == 354


@pytest.mark.parametrize("pipeline", [False, True])
def test_after_refusals_the_next_message_is_in_order(pipeline: bool):
    both = ends(message=10, recipients=1)
    both.drive(open_session("me.example"))
    nowhere = Envelope("a@b.example", ("not_a_domain@exam_ple",))
    large = Outgoing(make_opening(TO_ONE), stuff(CONTENT))
    told: list[int] = []

    both.drive(
        stream(
            [outgoing(1), outgoing(2, nowhere), large, outgoing(3, TO_TWO)],
            pipeline=pipeline,
            tell=lambda message, said, taken: told.append(said.code),
        )
    )

    assert told == [250, 501, 552, 250]
    assert [m.content for m in both.messages] == [b"1\r\n", b"3\r\n"]


def test_a_flow_says_what_to_do_and_nothing_else():
    assert isinstance(next(greet()), Exchange)
    flow = secure("me.example")
    next(flow)
    assert flow.send((reply(220, "go"),)) == Secure()


@pytest.mark.parametrize("chunk", [1, 7, 100])
@pytest.mark.parametrize("pipeline", [False, True])
def test_the_two_ends_understand_each_other_by_chunks(chunk: int, pipeline: bool):
    both = ends()
    capabilities = both.drive(open_session("me.example"))
    contents = (CONTENT, b"", b"no end", b"\xff\r\n", b"a\nb\rc\0.\r\n.\r\n", b"x" * 2000)

    for content in contents:
        flow = send_message(TO_TWO, content, capabilities, pipeline=pipeline, chunk=chunk)
        both.drive(flow)
    both.drive(quit_())

    # What is binary is not given a line end that it does not have.
    sent = [CONTENT, b"", b"no end\r\n", *contents[3:]]
    assert [m.content for m in both.messages] == sent
    assert max(both.codes) == 250
