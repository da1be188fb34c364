"""The life of a connection, as flows against a script: what is said, in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.errors import NotOffered, Refused
from harness.protocol.replies import Capabilities, Reply
from harness.protocol.sasl import Login
from harness.protocol.sender import Envelope, Outgoing, Pause, make_opening
from harness.target import Address, Scheme, Target
from loadtests.profile import Behaviour, Leave, Pipelining, Tls
from loadtests.sessions import address_of, session
from tests.protocol.driving import Script, script

TARGET = Target(
    address=Address("127.0.0.1", 2525),
    listeners={
        "submission": Address("127.0.0.1", 2587, Scheme.SUBMISSION),
        "smtps": Address("127.0.0.1", 2465, Scheme.SMTPS),
        "lmtp": Address("127.0.0.1", 2424, Scheme.LMTP),
    },
)
OPENING = make_opening(Envelope("a@b.example", ("c@d.example", "e@f.example")))
PLAIN = Behaviour(name="plain")
ALICE = Login("alice", "secret")
HELLO = "250-mx.example/PIPELINING/CHUNKING/STARTTLS/AUTH PLAIN SCRAM-SHA-256"
GROUP = "MAIL RCPT RCPT DATA"
ADDRESSED = "MAIL RCPT RCPT"


class Sent:
    """Two messages with a pause between them; what was told of them."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []
        self.asked_with: Capabilities | None = None
        self.greetings = 0

    def items(self, capabilities: Capabilities) -> Iterator[Outgoing | Pause]:
        self.asked_with = capabilities
        yield Pause(0.0)
        yield Outgoing(OPENING, b"1\r\n.\r\n")
        yield Outgoing(OPENING, b"2\r\n.\r\n")

    def greeted(self) -> None:
        self.greetings += 1

    def tell(self, message: Outgoing, reply: Reply, taken: int) -> None:
        self.told.append((reply.code, taken))


def talk(
    behaviour: Behaviour, peer: Script, *, login: Login | None = ALICE, target: Target = TARGET
) -> Sent:
    sent = Sent()
    session(
        peer.drive,
        behaviour,
        target,
        sent.items,
        tell=sent.tell,
        greeted=sent.greeted,
        login=login,
    )
    return sent


def said(peer: Script) -> list[str]:
    """The names of what was written, and the handshakes."""
    names = iter(peer.groups)
    return ["<TLS>" if write == b"<TLS>" else " ".join(next(names)) for write in peer.writes]


# a behaviour -> what is said from the greeting to QUIT
LIVES = {
    "as it comes": ({}, ["greeting", "EHLO", GROUP, f"message {GROUP}", "message", "QUIT"]),
    "in lock-step": (
        {"pipelining": Pipelining.OFF},
        ["greeting", "EHLO", *["MAIL", "RCPT", "RCPT", "DATA", "message"] * 2, "QUIT"],
    ),
    "by chunks": (
        {"chunking": True},
        ["greeting", "EHLO", *[ADDRESSED, "message"] * 2, "QUIT"],
    ),
    "STARTTLS": (
        {"tls": Tls.STARTTLS},
        ["greeting", "EHLO", "STARTTLS", "<TLS>", "EHLO", GROUP, f"message {GROUP}", "message",
         "QUIT"],
    ),
    "implicit TLS": (
        {"tls": Tls.IMPLICIT},
        ["<TLS>", "greeting", "EHLO", GROUP, f"message {GROUP}", "message", "QUIT"],
    ),
    "a listener inside TLS": (
        {"listener": "smtps", "login": True},
        ["<TLS>", "greeting", "EHLO", "AUTH", GROUP, f"message {GROUP}", "message", "QUIT"],
    ),
    "LMTP": (
        {"listener": "lmtp"},
        ["greeting", "LHLO", GROUP, f"message message {GROUP}", "message message", "QUIT"],
    ),
    "gone at once": ({"leave": Leave.CONNECT}, []),
    "gone after the greeting": ({"leave": Leave.GREETING}, ["greeting"]),
    "gone after the hello": ({"leave": Leave.HELLO}, ["greeting", "EHLO"]),
    "gone in mid-transaction": ({"leave": Leave.RECIPIENT}, ["greeting", "EHLO", ADDRESSED]),
    "gone, slowly": (
        {"leave": Leave.RECIPIENT, "pipelining": Pipelining.OFF},
        ["greeting", "EHLO", "MAIL", "RCPT", "RCPT"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "lines"), LIVES.values(), ids=LIVES)
def test_a_connection_says_what_its_behaviour_wants(changes: dict[str, object], lines: list[str]):
    peer = script(EHLO=HELLO, LHLO=HELLO, AUTH=235)

    sent = talk(replace(PLAIN, **changes), peer)

    assert said(peer) == lines
    assert sent.told == [(250, 0b11)] * 2 * ("QUIT" in lines)


def test_groups_and_chunks_are_for_servers_that_offer_them():
    peer = script(EHLO="250-mx.example/SIZE")

    talk(replace(PLAIN, chunking=True), peer)

    assert said(peer)[2:7] == ["MAIL", "RCPT", "RCPT", "DATA", "message"]


def test_who_insists_on_groups_sends_them_unasked():
    peer = script(EHLO="250 mx.example")

    talk(replace(PLAIN, pipelining=Pipelining.ON), peer)

    assert said(peer)[2] == GROUP


def test_who_wants_tls_leaves_a_server_that_offers_none():
    peer = script(EHLO="250-mx.example/SIZE")

    with pytest.raises(NotOffered, match="not offered"):
        talk(replace(PLAIN, tls=Tls.STARTTLS), peer)

    assert said(peer) == ["greeting", "EHLO", "QUIT"]


def test_items_hear_what_the_server_can_do_inside_tls():
    peer = script(EHLO=["250-mx.example/STARTTLS", "250-mx.example/8BITMIME"])

    sent = talk(replace(PLAIN, tls=Tls.STARTTLS), peer)

    assert sent.asked_with is not None
    assert set(sent.asked_with.keywords) == {"8BITMIME"}


@pytest.mark.parametrize(
    ("changes", "mechanism"),
    [({"tls": Tls.STARTTLS}, b"AUTH PLAIN "), ({}, b"AUTH SCRAM-SHA-256 ")],
)
def test_the_password_goes_in_the_clear_inside_tls_alone(
    changes: dict[str, object], mechanism: bytes
):
    peer = script(EHLO=HELLO, AUTH=535)

    with pytest.raises(Refused, match="AUTH: 535"):
        talk(replace(PLAIN, login=True, **changes), peer)

    assert peer.writes[-1].startswith(mechanism)


def test_without_a_login_nobody_logs_in():
    peer = script(EHLO=HELLO)

    talk(replace(PLAIN, login=True), peer, login=None)

    assert ("AUTH",) not in peer.groups


def test_who_leaves_in_mid_transaction_is_told_of_a_refusal():
    sent = talk(replace(PLAIN, leave=Leave.RECIPIENT), script(EHLO=HELLO, RCPT=550))

    assert sent.told == [(550, 0)]


@pytest.mark.parametrize("answers", [{"greeting": 554}, {"EHLO": 421}, {"STARTTLS": 454}])
def test_a_server_that_will_not_have_us_is_not_argued_with(answers: dict[str, int | str]):
    peer = script(**{"EHLO": HELLO, **answers})

    with pytest.raises(Refused):
        talk(replace(PLAIN, tls=Tls.STARTTLS), peer)


def test_a_behaviour_connects_to_its_listener():
    assert address_of(PLAIN, TARGET) == TARGET.address
    assert address_of(replace(PLAIN, listener="lmtp"), TARGET).port == 2424
