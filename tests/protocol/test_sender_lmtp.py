"""Sending by LMTP: one reply for each recipient that was accepted."""

from __future__ import annotations

import pytest

from harness.errors import PeerClosed, PeerError, Refused
from harness.protocol.replies import Capabilities, Reply
from harness.protocol.sender import Envelope, Exchange, Handover, Secure, send_message
from harness.protocol.services import Service
from tests.protocol.driving import Script, run, script

C, E, G = "c@d.example", "e@f.example", "g@h.example"
TO_THREE = Envelope("a@b.example", (C, E, G))
CONTENT = b"Subject: x\r\n\r\n.hidden\r\n"
PLAIN = Capabilities("mx.example", {"CHUNKING": ()})
MODERN = Capabilities("mx.example", {"PIPELINING": (), "CHUNKING": ()})


def transact(
    peer: Script, capabilities: Capabilities = MODERN, *, chunk: int | None = None,
    envelope: Envelope = TO_THREE,
) -> Handover:  # fmt: skip
    return peer.drive(
        send_message(envelope, CONTENT, capabilities, chunk=chunk, service=Service.LMTP)
    )


def codes(replies: dict[str, Reply]) -> dict[str, int]:
    return {to: reply.code for to, reply in replies.items()}


@pytest.mark.parametrize("chunk", [None, 10])
@pytest.mark.parametrize("capabilities", [PLAIN, MODERN])
def test_each_recipient_has_an_answer_of_its_own(capabilities: Capabilities, chunk: int | None):
    peer = script(RCPT=[250, 550, 250], message=[250, 452])

    handover = transact(peer, capabilities, chunk=chunk)

    assert handover.accepted == (C,)
    assert codes(handover.refused) == {E: 550, G: 452}
    assert codes(handover.each) == {C: 250}
    assert handover.reply == handover.each[C]
    assert [handover.answer(to).code for to in TO_THREE.recipients] == [250, 550, 452]


@pytest.mark.parametrize("chunk", [None, 10])
def test_what_ends_the_message_stands_in_no_group(chunk: int | None):
    peer = script()

    transact(peer, chunk=chunk)

    assert peer.groups[0] == ("MAIL", "RCPT", "RCPT", "RCPT")
    assert peer.groups[-3:] == [("message",)] * 3
    assert peer.writes[-2:] == [b"", b""]
    if chunk:
        assert peer.groups[1] == ("BDAT", "BDAT")
        assert peer.writes[2] == b"BDAT 3 LAST\r\nn\r\n"
    else:
        assert peer.writes[1:3] == [b"DATA\r\n", b"Subject: x\r\n\r\n..hidden\r\n.\r\n"]


def test_a_recipient_that_stands_twice_has_two_answers():
    # RFC 2033 4.2: even for the same forward-path there is one for each RCPT.
    twice = Envelope("a@b.example", (C, E, C))
    peer = script(message=[250, 550, 452])

    handover = transact(peer, envelope=twice)

    assert peer.groups.count(("message",)) == 3
    assert handover.accepted == ()
    assert codes(handover.refused) == {E: 550, C: 452}


def test_everybody_refused_at_the_end_is_a_value():
    handover = transact(script(message=[550, 552, 452]))

    assert handover == Handover((), handover.refused, None)
    assert codes(handover.refused) == {C: 550, E: 552, G: 452}


@pytest.mark.parametrize("chunk", [None, 10])
def test_without_a_recipient_nothing_more_is_said_than_rset(chunk: int | None):
    peer = script(RCPT=550)

    assert transact(peer, chunk=chunk).accepted == ()
    assert peer.writes[1:] == [b"RSET\r\n"]


# the peer's answers -> what was refused, and the last that was written
FAILURES = {
    "DATA": ({"DATA": 451}, None, ("DATA", 451), b"RSET\r\n"),
    "DATA answered as if done": ({"DATA": 250}, None, ("DATA", 250), b"RSET\r\n"),
    "421 to DATA": ({"DATA": 421}, None, ("DATA", 421), b"DATA\r\n"),
    "a chunk": ({"BDAT": 452}, 10, ("BDAT", 452), b"RSET\r\n"),
    "421 for the first": ({"message": 421}, None, ("message", 421), b""),
    "421 for the second, after a refusal": ({"message": [550, 421]}, 10, ("message", 421), b""),
}


@pytest.mark.parametrize(("answers", "chunk", "refusal", "last"), FAILURES.values(), ids=FAILURES)
def test_a_refusal_of_the_whole_is_raised(
    answers: dict[str, int], chunk: int | None, refusal: tuple[str, int], last: bytes
):
    peer = script(**answers)

    with pytest.raises(Refused) as refused:
        transact(peer, chunk=chunk)

    assert (refused.value.doing, refused.value.reply.code) == refusal
    assert peer.writes[-1].endswith(last)


@pytest.mark.parametrize(
    ("answers", "accepted", "left"),
    [
        ([250, 421], (C,), {E: 421, G: 421}),
        ([550, 250, 421], (E,), {C: 550, G: 421}),
        ([250, 250, 421], (C, E), {G: 421}),
    ],
)
def test_who_was_accepted_before_421_stays_accepted(
    answers: list[int], accepted: tuple[str, ...], left: dict[str, int]
):
    handover = transact(script(message=answers))

    assert handover.accepted == accepted
    assert codes(handover.refused) == left


def lose_after(peer: Script, messages: int) -> Handover:
    """Drives like a driver that meets the end of the connection and throws it into the flow."""
    flow = send_message(TO_THREE, CONTENT, MODERN, service=Service.LMTP)
    left = messages

    def act(action: Exchange | Secure) -> tuple[Reply, ...]:
        nonlocal left
        assert isinstance(action, Exchange)
        if action.names == ("message",):
            left -= 1
            if left < 0:
                return thrown(action)
        return peer.answer(action)

    def thrown(action: Exchange) -> tuple[Reply, ...]:
        raise PeerClosed("reset")

    return run(flow, act)


def test_who_was_accepted_before_the_connection_broke_stays_accepted():
    handover = lose_after(script(), 1)

    assert handover.accepted == (C,)
    assert codes(handover.refused) == {E: 421, G: 421}
    assert "reset" in str(handover.refused[E])


def test_a_connection_that_breaks_before_anybody_was_accepted_is_just_broken():
    with pytest.raises(PeerError, match="reset"):
        lose_after(script(message=550), 1)
