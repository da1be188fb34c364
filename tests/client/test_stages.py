"""Stages: lines of one's own behind them, and stopping there."""

from __future__ import annotations

import pytest

from harness.client import LINE, Stage, Stopped, staged
from harness.errors import PeerClosed, Refused
from harness.protocol.replies import Capabilities
from harness.protocol.sender import (
    Envelope,
    Exchange,
    Flow,
    Secure,
    greet,
    hello,
    quit_,
    secure,
    send_message,
)
from harness.protocol.services import Service
from tests.protocol.driving import Script, run, script

TO_TWO = Envelope("a@b.example", ("c@d.example", "e@f.example"))


def session(*, tls: str = "none", messages: int = 1) -> Flow[str]:
    if tls == "implicit":
        yield Secure()
    yield from greet()
    yield from hello("me.example")
    if tls == "starttls":
        yield from secure("me.example")
    for _ in range(messages):
        yield from send_message(TO_TWO, b"hi\r\n", Capabilities("mx.example"))
    yield from quit_()
    return "done"


def said(peer: Script, flow: Flow[str]) -> str:
    """The first words of what was written, and how it ended."""
    try:
        ended = peer.drive(flow)
    except Stopped:
        ended = "stopped"
    words = [octets.split()[0].decode() if octets.strip() else "-" for octets in peer.writes]
    return " ".join([*words, ended])


def with_lines(**answers: object) -> Script:
    return script(line=250, **answers)


# where to stop, how TLS comes -> what is said until then
STOPS = {
    "connect": ("none", "stopped"),
    "greeting": ("none", "- stopped"),
    "hello": ("none", "- EHLO stopped"),
    "tls": ("none", "- EHLO stopped"),  # it never came, and what follows is not begun
    "auth": ("none", "- EHLO stopped"),
    "mail": ("none", "- EHLO MAIL stopped"),
    "rcpt": ("none", "- EHLO MAIL RCPT RCPT stopped"),
    "data": ("none", "- EHLO MAIL RCPT RCPT DATA stopped"),
    "message": ("none", "- EHLO MAIL RCPT RCPT DATA hi stopped"),
    "quit": ("none", "- EHLO MAIL RCPT RCPT DATA hi QUIT done"),
}


@pytest.mark.parametrize("stage", STOPS)
def test_a_session_stops_behind_its_stage(stage: str):
    tls, words = STOPS[stage]

    assert said(script(), staged(session(tls=tls), stop=Stage(stage), lines={})) == words


@pytest.mark.parametrize(
    ("tls", "stage", "words"),
    [
        ("starttls", Stage.HELLO, "- EHLO stopped"),
        ("starttls", Stage.TLS, "- EHLO STARTTLS <TLS> EHLO stopped"),
        ("implicit", Stage.CONNECT, "<TLS> stopped"),
        ("implicit", Stage.TLS, "<TLS> - EHLO stopped"),
    ],
)
def test_ehlo_within_tls_belongs_to_tls(tls: str, stage: Stage, words: str):
    assert said(script(), staged(session(tls=tls), stop=stage, lines={})) == words


def test_nobody_accepted_is_cleared_up_before_the_stop():
    # So that the refusal is told: stopping is no success then.
    flow = staged(session(), stop=Stage.RCPT, lines={})

    assert said(script(RCPT=550), flow).endswith("RCPT RCPT RSET stopped")


def test_lines_are_said_once_behind_their_stages():
    lines = {
        Stage.GREETING: [b"one\r\n"],
        Stage.HELLO: [b"two\r\n", b"three\r\n"],
        Stage.AUTH: [b"never\r\n"],
        Stage.RCPT: [b"four\r\n"],
        Stage.MESSAGE: [b"five\r\n"],
    }
    peer = with_lines()

    assert said(peer, staged(session(tls="starttls", messages=2), lines=lines)) == (
        "- one EHLO two three STARTTLS <TLS> EHLO MAIL RCPT RCPT four DATA hi five"
        " MAIL RCPT RCPT DATA hi QUIT done"
    )
    assert peer.groups.count((LINE,)) == 5


def test_lines_behind_the_stage_where_it_stops_are_said():
    flow = staged(session(), stop=Stage.MAIL, lines={Stage.MAIL: [b"x\r\n"]})

    assert said(with_lines(), flow) == "- EHLO MAIL x stopped"


def test_the_last_stage_may_have_lines_too():
    def alone() -> Flow[str]:
        yield from greet()
        return "done"

    flow = staged(alone(), lines={Stage.GREETING: [b"x\r\n"]})

    assert said(with_lines(), flow) == "- x done"


def test_a_line_may_be_refused_but_not_by_421():
    lines = {Stage.HELLO: [b"x\r\n"]}
    assert said(script(line=500), staged(session(), lines=lines)).endswith("done")

    with pytest.raises(Refused) as refused:
        script(line=421).drive(staged(session(), lines=lines))
    assert refused.value.doing == LINE


def test_the_loss_of_the_peer_reaches_the_flow():
    def lmtp() -> Flow[tuple[str, ...]]:
        offered = Capabilities("mx.example")
        done = yield from send_message(TO_TWO, b"hi\r\n", offered, service=Service.LMTP)
        return done.accepted

    peer = script()

    def act(action: Exchange | Secure):
        if peer.groups.count(("message",)) == 1:
            raise PeerClosed("reset")
        return peer.answer(action)

    assert run(staged(lmtp(), lines={}), act) == ("c@d.example",)
