"""Sending one message, against a peer with a script."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import Refused, UsageError
from harness.protocol.replies import Capabilities, reply
from harness.protocol.sender import (
    GROUP,
    Envelope,
    Exchange,
    Handover,
    Outgoing,
    hand_over,
    make_opening,
    send_message,
)
from harness.protocol.transparency import stuff
from tests.protocol.driving import Script, script

PLAIN = Capabilities("mx.example")
MODERN = Capabilities("mx.example", {"PIPELINING": (), "SIZE": ("1000",), "8BITMIME": ()})
TO_TWO = Envelope("a@b.example", ("c@d.example", "e@f.example"))
TO_ONE = Envelope("a@b.example", ("c@d.example",))
CONTENT = b"Subject: x\r\n\r\n.hidden\r\n"

MAIL = b"MAIL FROM:<a@b.example>\r\n"
RCPT_C = b"RCPT TO:<c@d.example>\r\n"
RCPT_E = b"RCPT TO:<e@f.example>\r\n"
DATA = b"DATA\r\n"
TEXT = b"Subject: x\r\n\r\n..hidden\r\n.\r\n"


# --- what is sent --------------------------------------------------------------------------------


def test_an_opening_is_mail_rcpt_and_data():
    opening = make_opening(
        replace(
            TO_TWO,
            mail_parameters=(("SIZE", "7"), ("SMTPUTF8", None)),
            rcpt_parameters={"e@f.example": (("NOTIFY", "NEVER"),), "nobody": (("X", "1"),)},
        )
    )
    mail = b"MAIL FROM:<a@b.example> SIZE=7 SMTPUTF8\r\n"
    rcpt = b"RCPT TO:<e@f.example> NOTIFY=NEVER\r\n"

    assert [step.octets for step in opening.steps] == [mail, RCPT_C, rcpt, DATA]
    assert opening.groups == (
        Exchange(("MAIL", "RCPT", "RCPT", "DATA"), mail + RCPT_C + rcpt + DATA),
    )


def test_the_null_sender_is_an_empty_path():
    assert make_opening(Envelope("", ("c@d",))).steps[0].octets == b"MAIL FROM:<>\r\n"


def test_no_group_is_larger_than_a_window():
    many = tuple(f"user{n}@many.example.test" for n in range(1000))
    opening = make_opening(Envelope("a@b.example", many))

    assert len(opening.groups) > 1
    assert max(len(group.octets) for group in opening.groups) <= GROUP
    assert b"".join(g.octets for g in opening.groups) == b"".join(s.octets for s in opening.steps)
    assert sum(len(group.names) for group in opening.groups) == 1002
    # RFC 2920 3.1: DATA may only be the last of its group.
    assert [name for group in opening.groups for name in group.names].index("DATA") == 1001


@pytest.mark.parametrize(
    "envelope",
    [
        Envelope("a@b", ()),
        Envelope("a@b>\r\nRSET\r\n", ("c@d",)),
        Envelope("a@b", ("c@d\nDATA",)),
        Envelope("a@b", ("c@d",), (("ENVID", "a\r\nRSET"),)),
    ],
)
def test_an_envelope_cannot_smuggle_commands(envelope: Envelope):
    with pytest.raises(UsageError):
        make_opening(envelope)


# --- one transaction -----------------------------------------------------------------------------


def transact(peer: Script, envelope: Envelope, *, pipeline: bool) -> Handover:
    message = Outgoing(make_opening(envelope), stuff(CONTENT))
    return peer.drive(hand_over(message, pipeline=pipeline))


def test_in_lock_step_every_command_waits_for_its_reply():
    peer = script()

    assert transact(peer, TO_TWO, pipeline=False).accepted == TO_TWO.recipients
    assert peer.writes == [MAIL, RCPT_C, RCPT_E, DATA, TEXT]


def test_pipelined_the_text_alone_waits():
    peer = script()

    handover = transact(peer, TO_TWO, pipeline=True)

    assert handover == Handover(TO_TWO.recipients, {}, reply(250, "so it is"))
    assert peer.writes == [MAIL + RCPT_C + RCPT_E + DATA, TEXT]


# the peer's answers -> what came of it, and what was written in lock-step and pipelined
OPENED = MAIL + RCPT_C + RCPT_E + DATA
OUTCOMES = {
    "one refused": (
        {"RCPT": [550, 250]},
        ("e@f.example",),
        [MAIL, RCPT_C, RCPT_E, DATA, TEXT],
        [OPENED, TEXT],
    ),
    "one put off": (
        {"RCPT": [250, 452]},
        ("c@d.example",),
        [MAIL, RCPT_C, RCPT_E, DATA, TEXT],
        [OPENED, TEXT],
    ),
    "251 is acceptance": (
        {"RCPT": 251},
        TO_TWO.recipients,
        [MAIL, RCPT_C, RCPT_E, DATA, TEXT],
        [OPENED, TEXT],
    ),
    # In lock-step DATA is not said; pipelined it was, and a 354 needs its dot (RFC 2920 3.1).
    "all refused, and 503 to DATA": (
        {"RCPT": 550, "DATA": 503},
        (),
        [MAIL, RCPT_C, RCPT_E, b"RSET\r\n"],
        [OPENED, b"RSET\r\n"],
    ),
    "all refused, and 354 all the same": (
        {"RCPT": 550, "message": 554},
        (),
        [MAIL, RCPT_C, RCPT_E, b"RSET\r\n"],
        [OPENED, b".\r\n"],
    ),
    "all refused, and the dot accepted": (
        {"RCPT": 550, "message": 250},
        (),
        [MAIL, RCPT_C, RCPT_E, b"RSET\r\n"],
        [OPENED, b".\r\n"],
    ),
}


@pytest.mark.parametrize(
    ("answers", "accepted", "in_turn", "grouped"), OUTCOMES.values(), ids=OUTCOMES
)
@pytest.mark.parametrize("pipeline", [False, True])
def test_recipients_are_refused_one_by_one(
    answers: dict[str, int | list[int]],
    accepted: tuple[str, ...],
    in_turn: list[bytes],
    grouped: list[bytes],
    pipeline: bool,
):
    peer = script(**answers)

    handover = transact(peer, TO_TWO, pipeline=pipeline)

    assert handover.accepted == accepted
    assert set(handover.refused) == set(TO_TWO.recipients) - set(accepted)
    assert (handover.reply is None) == (not accepted)
    assert peer.writes == (grouped if pipeline else in_turn)


# the peer's answers -> what was refused, and what was written in lock-step and pipelined
FAILURES = {
    "MAIL put off": (
        {"MAIL": 451, "RCPT": 503, "DATA": 503},
        ("MAIL", 451),
        [MAIL],
        [OPENED],
    ),
    "MAIL refused, and the rest taken": (
        {"MAIL": 550, "message": 554},
        ("MAIL", 550),
        [MAIL],
        [OPENED, b".\r\n"],
    ),
    "DATA refused": (
        {"DATA": 451},
        ("DATA", 451),
        [MAIL, RCPT_C, RCPT_E, DATA, b"RSET\r\n"],
        [OPENED, b"RSET\r\n"],
    ),
    "DATA answered as if done": (
        {"DATA": 250},
        ("DATA", 250),
        [MAIL, RCPT_C, RCPT_E, DATA, b"RSET\r\n"],
        [OPENED, b"RSET\r\n"],
    ),
    "the message refused": (
        {"message": 554},
        ("message", 554),
        [MAIL, RCPT_C, RCPT_E, DATA, TEXT],
        [OPENED, TEXT],
    ),
    "421 at MAIL": ({"MAIL": 421}, ("MAIL", 421), [MAIL], [OPENED]),
    "421 at the second RCPT": (
        {"RCPT": [250, 421]},
        ("RCPT", 421),
        [MAIL, RCPT_C, RCPT_E],
        [OPENED],
    ),
    "421 at DATA": ({"DATA": 421}, ("DATA", 421), [MAIL, RCPT_C, RCPT_E, DATA], [OPENED]),
    "421 at the end": (
        {"message": 421},
        ("message", 421),
        [MAIL, RCPT_C, RCPT_E, DATA, TEXT],
        [OPENED, TEXT],
    ),
    "garbage for MAIL": ({"MAIL": 0, "RCPT": 503, "DATA": 503}, ("MAIL", 0), [MAIL], [OPENED]),
}


@pytest.mark.parametrize(
    ("answers", "refusal", "in_turn", "grouped"), FAILURES.values(), ids=FAILURES
)
@pytest.mark.parametrize("pipeline", [False, True])
def test_a_refusal_of_the_whole_is_raised_when_the_connection_is_free_again(
    answers: dict[str, int | list[int]],
    refusal: tuple[str, int],
    in_turn: list[bytes],
    grouped: list[bytes],
    pipeline: bool,
):
    peer = script(**answers)

    with pytest.raises(Refused) as refused:
        transact(peer, TO_TWO, pipeline=pipeline)

    assert (refused.value.doing, refused.value.reply.code) == refusal
    assert peer.writes == (grouped if pipeline else in_turn)


@pytest.mark.parametrize("pipeline", [False, True])
def test_421_to_what_clears_up_takes_no_refusal_back(pipeline: bool):
    handover = transact(script(RCPT=550, DATA=503, RSET=421), TO_TWO, pipeline=pipeline)

    assert [answer.code for answer in handover.refused.values()] == [550, 550]


def test_groups_stop_when_there_is_no_use_in_going_on():
    many = Envelope("a@b.example", tuple(f"user{n}@many.example.test" for n in range(1000)))
    peer = script(MAIL=451, RCPT=503, DATA=503)

    with pytest.raises(Refused):
        transact(peer, many, pipeline=True)

    assert len(peer.writes) == 1


@pytest.mark.parametrize(
    ("capabilities", "pipeline", "writes"),
    [(MODERN, True, 2), (MODERN, False, 4), (PLAIN, True, 4), (PLAIN, False, 4)],
)
def test_a_message_is_pipelined_only_where_that_is_offered(
    capabilities: Capabilities, pipeline: bool, writes: int
):
    peer = script()

    peer.drive(send_message(TO_ONE, CONTENT, capabilities, pipeline=pipeline))

    assert len(peer.writes) == writes
    assert peer.writes[-1] == TEXT
    assert (b" SIZE=23\r\n" in peer.writes[0]) == (capabilities is MODERN)
