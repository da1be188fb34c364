"""Flows: against a peer with a script, and against the receiving end."""

from __future__ import annotations

import dataclasses

import pytest

from harness.errors import PeerError, Refused, UsageError
from harness.protocol.receiver import RULES, Occasion, Receiver, Speech
from harness.protocol.replies import Capabilities, reply
from harness.protocol.sasl import Login
from harness.protocol.sender import (
    GROUP,
    Envelope,
    Exchange,
    Handover,
    Outgoing,
    Secure,
    greet,
    hand_over,
    hello,
    log_in,
    mail_parameters,
    make_opening,
    open_session,
    quit_,
    secure,
    send_message,
    stream,
)
from harness.protocol.transparency import stuff
from tests.protocol.driving import Ends, Script, script

PLAIN = Capabilities("mx.example")
MODERN = Capabilities("mx.example", {"PIPELINING": (), "SIZE": ("1000",), "8BITMIME": ()})
ALICE = Login("alice", "secret")
TO_TWO = Envelope("a@b.example", ("c@d.example", "e@f.example"))
TO_ONE = Envelope("a@b.example", ("c@d.example",))
CONTENT = b"Subject: x\r\n\r\n.hidden\r\n"

MAIL = b"MAIL FROM:<a@b.example>\r\n"
RCPT_C = b"RCPT TO:<c@d.example>\r\n"
RCPT_E = b"RCPT TO:<e@f.example>\r\n"
DATA = b"DATA\r\n"
TEXT = b"Subject: x\r\n\r\n..hidden\r\n.\r\n"


# --- a session -----------------------------------------------------------------------------------


def test_the_greeting_is_waited_for_without_a_word():
    peer = script(greeting="220 mx.example ESMTP")

    assert peer.drive(greet()).lines == ("mx.example ESMTP",)
    assert peer.writes == [b""]


@pytest.mark.parametrize("code", [421, 554, 250 + 100, 0])
def test_a_greeting_that_is_none_is_a_refusal(code: int):
    with pytest.raises(Refused) as refused:
        script(greeting=code).drive(greet())

    assert refused.value.doing == "greeting"
    assert refused.value.reply.code == code


def test_ehlo_tells_what_the_server_can():
    peer = script(EHLO="250-mx.example hello/size 7/X")

    assert peer.drive(hello("me.example")) == Capabilities("mx.example", {"SIZE": ("7",), "X": ()})
    assert peer.writes == [b"EHLO me.example\r\n"]


@pytest.mark.parametrize("code", [500, 502, 504, 550])
def test_where_ehlo_is_refused_for_good_helo_is_said(code: int):
    peer = script(EHLO=code, HELO="250-mx.example/SIZE")

    assert peer.drive(hello("me.example")) == Capabilities("mx.example")
    assert peer.writes == [b"EHLO me.example\r\n", b"HELO me.example\r\n"]


def test_helo_alone_can_be_wished_for():
    peer = script()

    assert peer.drive(hello("me.example", extended=False)) == Capabilities("mx.example")
    assert peer.writes == [b"HELO me.example\r\n"]


@pytest.mark.parametrize(
    ("answers", "doing"),
    [({"EHLO": 421}, "EHLO"), ({"EHLO": 451}, "EHLO"), ({"EHLO": 502, "HELO": 550}, "HELO")],
)
def test_who_is_not_greeted_back_is_refused(answers: dict[str, int], doing: str):
    with pytest.raises(Refused) as refused:
        script(**answers).drive(hello("me.example"))

    assert refused.value.doing == doing


def test_after_the_handshake_ehlo_is_said_anew():
    peer = script(EHLO="250-mx.example/AUTH PLAIN")

    assert peer.drive(secure("me.example")).mechanisms == ("PLAIN",)
    assert peer.writes == [b"STARTTLS\r\n", b"<TLS>", b"EHLO me.example\r\n"]


@pytest.mark.parametrize("code", [454, 501, 354])
def test_without_a_220_there_is_no_handshake(code: int):
    peer = script(STARTTLS=code)

    with pytest.raises(Refused):
        peer.drive(secure("me.example"))

    assert peer.writes == [b"STARTTLS\r\n"]


def offer(*mechanisms: str) -> Capabilities:
    return Capabilities("mx.example", {"AUTH": mechanisms})


def test_plain_goes_in_the_auth_line():
    peer = script(AUTH=235)

    assert peer.drive(log_in(ALICE, offer("LOGIN", "PLAIN"))).code == 235
    assert peer.writes == [b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"]


def test_login_answers_its_challenges():
    peer = script(AUTH=["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", 235])

    peer.drive(log_in(ALICE, offer("LOGIN")))

    assert peer.writes == [b"AUTH LOGIN\r\n", b"YWxpY2U=\r\n", b"c2VjcmV0\r\n"]
    assert set(peer.groups) == {("AUTH",)}  # by which whoever logs knows what to mask


def test_the_mechanism_can_be_named_whatever_is_offered():
    peer = script(AUTH=504)

    with pytest.raises(Refused):
        peer.drive(log_in(ALICE, offer("PLAIN"), "login"))

    assert peer.writes == [b"AUTH LOGIN\r\n"]


@pytest.mark.parametrize(
    ("capabilities", "mechanism"), [(offer("X-MAGIC"), None), (PLAIN, None), (offer("PLAIN"), "X")]
)
def test_no_mechanism_in_common_is_told_before_anything_is_said(
    capabilities: Capabilities, mechanism: str | None
):
    peer = script()

    with pytest.raises(PeerError, match="we know PLAIN LOGIN"):
        peer.drive(log_in(ALICE, capabilities, mechanism))

    assert peer.writes == []


def test_an_auth_line_is_no_longer_than_a_command_may_be():
    # RFC 4954 4: what does not fit waits for the empty challenge.
    for length in range(340, 390):
        peer = script(AUTH=["334 ", 235])
        peer.drive(log_in(Login("alice", "x" * length), offer("PLAIN")))

        assert len(peer.writes[0]) <= 512
        fits = peer.writes[0] != b"AUTH PLAIN\r\n"
        assert fits == (len("\0alice\0") + length <= 372)  # 496 in base64, 13 around


@pytest.mark.parametrize("challenge", ["334 not base64!", "334 AA", "334 mañana"])
def test_a_challenge_that_is_no_base64_is_given_up_on(challenge: str):
    peer = script(AUTH=[challenge, 501])

    with pytest.raises(Refused):
        peer.drive(log_in(ALICE, offer("LOGIN")))

    assert peer.writes[-1] == b"*\r\n"


def test_a_challenge_too_many_is_given_up_on():
    peer = script(AUTH=["334 ", "334 ", 501])

    with pytest.raises(Refused):
        peer.drive(log_in(ALICE, offer("PLAIN")))

    assert peer.writes[1:] == [b"*\r\n", b"*\r\n"]


def test_a_wrong_password_is_a_refusal():
    with pytest.raises(Refused) as refused:
        script(AUTH=535).drive(log_in(ALICE, offer("PLAIN")))

    assert refused.value.is_permanent


def test_a_session_is_opened_as_far_as_wished():
    peer = script(EHLO=["250-mx.example/STARTTLS", "250-mx.example/AUTH PLAIN/SIZE"], AUTH=235)

    capabilities = peer.drive(open_session("me.example", tls=True, login=ALICE))

    assert "SIZE" in capabilities
    assert peer.groups == [("greeting",), ("EHLO",), ("STARTTLS",), ("EHLO",), ("AUTH",)]


def test_a_session_can_do_without_tls_and_login():
    peer = script()

    assert "PIPELINING" in peer.drive(open_session("me.example"))
    assert peer.writes == [b"", b"EHLO me.example\r\n"]


@pytest.mark.parametrize("code", [221, 421, 500])
def test_quit_is_over_whatever_is_answered(code: int):
    assert script(QUIT=code).drive(quit_()).code == code


# --- what is sent --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "capabilities", "parameters"),
    [
        (b"hi\r\n", MODERN, ("SIZE=4",)),
        (b"hi", MODERN, ("SIZE=4",)),
        (b"", MODERN, ("SIZE=0",)),
        (b".\r\n", MODERN, ("SIZE=3",)),
        (b"h\xc3\xad\r\n", MODERN, ("SIZE=5", "BODY=8BITMIME")),
        (b"hi\r\n", PLAIN, ()),
        (b"\xff\r\n", Capabilities("mx", {"8BITMIME": ()}), ("BODY=8BITMIME",)),
    ],
)
def test_parameters_are_those_that_the_server_understands(
    content: bytes, capabilities: Capabilities, parameters: tuple[str, ...]
):
    assert mail_parameters(content, capabilities) == parameters


def test_8_bit_content_is_not_sent_where_it_is_not_understood():
    peer = script()

    with pytest.raises(PeerError, match="8BITMIME"):
        peer.drive(send_message(TO_ONE, b"\xff\r\n", PLAIN))

    assert peer.writes == []


def test_an_opening_is_mail_rcpt_and_data():
    opening = make_opening(TO_TWO, ("SIZE=7", "BODY=8BITMIME"))
    mail = b"MAIL FROM:<a@b.example> SIZE=7 BODY=8BITMIME\r\n"

    assert [step.octets for step in opening.steps] == [mail, RCPT_C, RCPT_E, DATA]
    assert opening.groups == (
        Exchange(("MAIL", "RCPT", "RCPT", "DATA"), mail + RCPT_C + RCPT_E + DATA),
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
            tell=lambda message, said: told.append((int(message.octets[:1]), said.code)),
        )
    )
    return told


ONE = MAIL + RCPT_C + DATA


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

    peer.drive(stream(ask_for([1, 2]), pipeline=False))

    assert peer.writes == [MAIL, RCPT_C, DATA, b"1\r\n.\r\n", MAIL, RCPT_C, DATA, b"2\r\n.\r\n"]
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
    assert peer.writes[4:7] == [MAIL, RCPT_C, b"RSET\r\n"]


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

    def tell(message: Outgoing, said: object) -> None:
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
        check_password=lambda user, password: (user, password) == ("alice", "secret"),
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

    both.drive(stream([outgoing(n) for n in range(10)], pipeline=pipeline))

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
            tell=lambda message, said: told.append(said.code),
        )
    )

    assert told == [250, 501, 552, 250]
    assert [m.content for m in both.messages] == [b"1\r\n", b"3\r\n"]


def test_a_flow_says_what_to_do_and_nothing_else():
    assert isinstance(next(greet()), Exchange)
    flow = secure("me.example")
    next(flow)
    assert flow.send((reply(220, "go"),)) == Secure()
