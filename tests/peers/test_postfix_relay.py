"""Postfix as a sending relay: what was queued there arrives octet for octet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.peers.messages import EIGHT_BIT, HEADER, SEVEN_BIT
from tests.peers.recording import Recorder, Talk, recording
from tests.peers.relaying import (
    arrived,
    as_handed_over,
    hand_over,
    our_relay,
    relaying,
    submit,
)
from tests.peers.serving import PASSWORD, USER, Mailbox, Served

pytestmark = pytest.mark.peer

DOMAIN = "many.example.test"
# transport of master.cf -> the door that it knocks at
DOORS = {
    "plain": "smtp",
    "cached": "smtp",
    "starttls": "smtp",
    "smtps": "smtps",
    "login": "submission",
    "lmtp": "lmtp",
}
NUMBERED = [b"Subject: %02d\r\n" % n + SEVEN_BIT for n in range(20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A Postfix, and a recorder on each of its ways to the server."""

    port: int
    recorders: dict[str, Recorder]


@pytest.fixture(scope="module")
def relay(server: Served) -> Iterator[Relay]:
    with ExitStack() as stack:
        recorders = {
            name: stack.enter_context(recording(server.ports[kind])) for name, kind in DOORS.items()
        }
        routes = [
            *(f"{name}@{DOMAIN}={name}:[127.0.0.1]:{it.port}" for name, it in recorders.items()),
            f"{DOMAIN}=plain:[127.0.0.1]:{recorders['plain'].port}",
        ]
        login = f"{USER}:{PASSWORD}"
        port = stack.enter_context(relaying("postfix-relay", server.ca, login, *routes))
        yield Relay(port=port, recorders=recorders)


@pytest.fixture
def mailbox(server: Served) -> Mailbox:
    return server.mailbox("many")


def last_talk(relay: Relay, name: str) -> Talk:
    return relay.recorders[name].talks[-1]


LONG = HEADER + b"\r\n" + b"z" * 100_000 + b"\r\n.\r\n" + b"y" * 2_047 + b"\r\n..\r\n"
MESSAGES = {
    "7bit": SEVEN_BIT,
    "8bit": EIGHT_BIT,
    "long lines": LONG,
    "no body": HEADER + b"\r\n",
    "nothing but dots": HEADER + b"\r\n" + b".\r\n" * 1_000,
    "a megabyte": HEADER + b"\r\n" + (b"." + b"m" * 76 + b"\r\n") * 13_000,
}


@pytest.mark.parametrize("content", MESSAGES.values(), ids=MESSAGES)
def test_every_message_arrives_octet_for_octet(relay, mailbox, content):
    hand_over(relay.port, [f"plain@{DOMAIN}"], content)
    (message,) = arrived(mailbox, 1)
    assert as_handed_over(message) == content
    assert "from relay.example.test" in message.received


def test_the_envelope_goes_in_one_write_because_pipelining_is_offered(relay, mailbox):
    hand_over(relay.port, [f"{name}@{DOMAIN}" for name in ("a", "b", "c")], SEVEN_BIT)
    arrived(mailbox, 1)
    envelope = next(it for it in last_talk(relay, "plain").client_writes if it.startswith(b"MAIL"))
    assert [line.split(b" ")[0] for line in envelope.split(b"\r\n")[:5]] == [
        *(b"MAIL", b"RCPT", b"RCPT", b"RCPT", b"DATA")
    ]


def test_all_go_over_one_cached_connection(relay, mailbox):
    before = len(relay.recorders["cached"].talks)
    hand_over(relay.port, [f"cached@{DOMAIN}"], *NUMBERED)
    assert sorted(map(as_handed_over, arrived(mailbox, 20))) == NUMBERED
    assert len(relay.recorders["cached"].talks) - before == 1
    commands = last_talk(relay, "cached").commands
    assert commands.count("DATA") == 20
    assert commands.count("RSET") >= 19  # Postfix asks whether we are still there


def test_all_go_over_one_connection_inside_starttls(relay, mailbox):
    before = len(relay.recorders["starttls"].talks)
    hand_over(relay.port, [f"starttls@{DOMAIN}"], *NUMBERED)
    messages = arrived(mailbox, 20)
    assert sorted(map(as_handed_over, messages)) == NUMBERED
    assert all("with ESMTPS id" in it.received for it in messages)
    assert len(relay.recorders["starttls"].talks) - before == 1
    assert last_talk(relay, "starttls").commands[:2] == ["EHLO relay.example.test", "STARTTLS"]


@pytest.mark.parametrize(
    ("name", "protocol"), [("smtps", "ESMTPS"), ("login", "ESMTPSA"), ("lmtp", "LMTP")]
)
def test_tls_from_the_first_octet_log_in_and_lmtp(relay, mailbox, name, protocol):
    hand_over(relay.port, [f"{name}@{DOMAIN}"], EIGHT_BIT)
    (message,) = arrived(mailbox, 1)
    assert as_handed_over(message) == EIGHT_BIT
    assert f"with {protocol} id" in message.received


def test_what_dsn_asks_for_is_passed_on(relay, mailbox):
    hand_over(
        relay.port,
        [f"plain@{DOMAIN}"],
        SEVEN_BIT,
        mail=["RET=HDRS", "ENVID=the+20first"],
        rcpt=["NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;Bob@{DOMAIN}"],
    )
    arrived(mailbox, 1)
    mail, rcpt = last_talk(relay, "plain").commands[1:3]
    assert "RET=HDRS" in mail
    assert "ENVID=the+20first" in mail
    assert "NOTIFY=FAILURE,DELAY" in rcpt
    assert f"ORCPT=rfc822;Bob@{DOMAIN}" in rcpt


def test_addresses_beyond_ascii_are_passed_on(relay, mailbox):
    hand_over(relay.port, [f"grüße@{DOMAIN}"], EIGHT_BIT, mail=["SMTPUTF8", "BODY=8BITMIME"])
    (message,) = arrived(mailbox, 1)
    assert as_handed_over(message) == EIGHT_BIT
    assert "with UTF8SMTP id" in message.received
    assert last_talk(relay, "plain").commands[1].endswith("SMTPUTF8")


def test_a_bounce_has_the_null_reverse_path(relay, mailbox):
    hand_over(relay.port, [f"plain@{DOMAIN}"], SEVEN_BIT, sender="")
    (message,) = arrived(mailbox, 1)
    assert message.return_path == ""
    assert last_talk(relay, "plain").commands[1].startswith("MAIL FROM:<> ")


# --- our relay, to Postfix, to our server --------------------------------------------------------


@pytest.fixture(scope="module")
def ours(relay, tmp_path_factory) -> Iterator[tuple[Served, Recorder]]:
    """A relay of ours that gives its mail to Postfix, and a recorder between them."""
    folder = tmp_path_factory.mktemp("ours")
    with recording(relay.port) as between, our_relay(folder, between.port) as served:
        yield served, between


@pytest.mark.parametrize("content", MESSAGES.values(), ids=MESSAGES)
def test_what_we_relay_by_postfix_arrives_octet_for_octet(ours, mailbox, content):
    submit(ours[0], [f"plain@{DOMAIN}"], content)
    (message,) = arrived(mailbox, 1)
    assert as_handed_over(message, relays=2) == content


def test_we_relay_all_to_postfix_in_chunks_over_few_connections(ours, mailbox):
    server, between = ours
    before, connections = between.said.count("BDAT "), len(between.talks)
    submit(server, [f"a@{DOMAIN}", f"b@{DOMAIN}"], *NUMBERED)
    messages = arrived(mailbox, 20)
    assert sorted(as_handed_over(it, relays=2) for it in messages) == NUMBERED
    assert len(between.talks) - connections <= 2  # as many as go to one destination at once
    assert between.said.count("BDAT ") - before == 20  # Postfix offers CHUNKING
    assert "\r\nDATA\r\n" not in between.said
