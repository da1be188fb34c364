"""Sending, before MAIL: the greeting, EHLO, STARTTLS, AUTH; and QUIT."""

from __future__ import annotations

import pytest

from harness.errors import PeerError, Refused
from harness.protocol.replies import Capabilities
from harness.protocol.sasl import Login
from harness.protocol.sender import (
    greet,
    hello,
    log_in,
    open_session,
    quit_,
    secure,
)
from harness.protocol.services import Service
from tests.protocol.driving import script

PLAIN = Capabilities("mx.example")
ALICE = Login("alice", "secret")


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


def test_lmtp_says_lhlo_and_nothing_instead():
    peer = script(LHLO="250-mx.example/PIPELINING")

    assert "PIPELINING" in peer.drive(hello("me.example", service=Service.LMTP))
    assert peer.writes == [b"LHLO me.example\r\n"]
    with pytest.raises(Refused) as refused:
        script(LHLO=502).drive(hello("me.example", service=Service.LMTP))
    assert refused.value.doing == "LHLO"


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

    with pytest.raises(PeerError, match=r"we know SCRAM-SHA-256-PLUS .* PLAIN LOGIN"):
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
    peer = script(AUTH=["334 ", 501])

    with pytest.raises(Refused):
        peer.drive(log_in(ALICE, offer("PLAIN")))

    assert peer.writes[1:] == [b"*\r\n"]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_server_that_never_stops_asking_is_refused(mechanism: str):
    peer = script(AUTH="334 ")

    with pytest.raises(Refused) as refused:
        peer.drive(log_in(ALICE, offer(mechanism)))

    assert refused.value.reply.code == 334
    assert peer.writes.count(b"*\r\n") == 1


def test_a_wrong_password_is_a_refusal():
    with pytest.raises(Refused) as refused:
        script(AUTH=535).drive(log_in(ALICE, offer("PLAIN")))

    assert refused.value.is_permanent


def test_a_server_that_lets_us_in_unproven_is_not_believed():
    # RFC 5802 5: by SCRAM the server proves that it knows the password too.
    peer = script(AUTH=235)

    with pytest.raises(PeerError, match="without having proven"):
        peer.drive(log_in(ALICE, offer("SCRAM-SHA-256")))


def test_a_session_is_opened_as_far_as_wished():
    peer = script(EHLO=["250-mx.example/STARTTLS", "250-mx.example/AUTH PLAIN/SIZE"], AUTH=235)

    capabilities = peer.drive(open_session("me.example", tls=True, login=ALICE))

    assert "SIZE" in capabilities
    assert peer.groups == [("greeting",), ("EHLO",), ("STARTTLS",), ("EHLO",), ("AUTH",)]


def test_a_session_by_lmtp_says_lhlo_throughout():
    peer = script(LHLO="250-mx.example/STARTTLS")

    peer.drive(open_session("me.example", tls=True, service=Service.LMTP))

    assert peer.groups == [("greeting",), ("LHLO",), ("STARTTLS",), ("LHLO",)]


def test_a_session_can_do_without_tls_and_login():
    peer = script()

    assert "PIPELINING" in peer.drive(open_session("me.example"))
    assert peer.writes == [b"", b"EHLO me.example\r\n"]


@pytest.mark.parametrize("code", [221, 421, 500])
def test_quit_is_over_whatever_is_answered(code: int):
    assert script(QUIT=code).drive(quit_()).code == code
