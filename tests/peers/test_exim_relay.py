"""Exim as a sending relay: the one that sends by CHUNKING wherever it is offered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.peers.messages import EIGHT_BIT, HEADER, SEVEN_BIT
from tests.peers.recording import Recorder, recording
from tests.peers.relaying import (
    arrived,
    as_handed_over,
    hand_over,
    our_relay,
    relaying,
    run_script,
    submit,
    wait_until,
)
from tests.peers.serving import Mailbox, Served

pytestmark = pytest.mark.peer

DOMAIN = "many.example.test"
PLAIN, TLS = f"plain@{DOMAIN}", f"starttls@{DOMAIN}"
NUMBERED = [b"Subject: %02d\r\n" % n + SEVEN_BIT for n in range(10)]
LARGE = HEADER + b"\r\n" + (b"." + b"m" * 76 + b"\r\n") * 13_000
MESSAGES = {
    "7bit": SEVEN_BIT,
    "8bit": EIGHT_BIT,
    "no body": HEADER + b"\r\n",
    "nothing but dots": HEADER + b"\r\n" + b".\r\n" * 1_000,
    "long lines": HEADER + b"\r\n" + b"z" * 100_000 + b"\r\n.\r\n",
    "a megabyte": LARGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """An Exim, and a recorder on each of its ways to the server."""

    port: int
    plain: Recorder
    starttls: Recorder


@pytest.fixture(scope="module")
def relay(server: Served) -> Iterator[Relay]:
    with ExitStack() as stack:
        plain, starttls = (stack.enter_context(recording(server.port)) for _ in range(2))
        words = (server.ca, str(plain.port), str(starttls.port))
        port = stack.enter_context(relaying("exim-relay", *words))
        yield Relay(port=port, plain=plain, starttls=starttls)


@pytest.fixture
def mailbox(server: Served) -> Mailbox:
    return server.mailbox("many")


def relayed(relay: Relay, mailbox: Mailbox, to: str, *contents: bytes) -> list[bytes]:
    """Queue them, run the queue, and give back what arrived."""
    hand_over(relay.port, [to], *contents)
    run_script("exim-relay", "run")
    return [as_handed_over(it) for it in arrived(mailbox, len(contents))]


@pytest.mark.parametrize("content", MESSAGES.values(), ids=MESSAGES)
def test_every_message_arrives_octet_for_octet_in_a_chunk(relay, mailbox, content):
    assert relayed(relay, mailbox, PLAIN, content) == [content]
    said = relay.plain.talks[-1].client
    assert re.search(rb"\r\nBDAT [0-9]+(?: LAST)?\r\n", said)
    assert b"\r\nDATA\r\n" not in said


def test_a_large_message_comes_in_several_chunks(relay, mailbox):
    assert relayed(relay, mailbox, PLAIN, LARGE) == [LARGE]
    chunks = re.findall(rb"\r\nBDAT ([0-9]+)( LAST)?\r\n", relay.plain.talks[-1].client)
    assert len(chunks) > 1
    assert [mark for _, mark in chunks] == [*[b""] * (len(chunks) - 1), b" LAST"]


@pytest.mark.parametrize("to", [PLAIN, TLS])
def test_the_whole_queue_goes_over_one_connection(relay, mailbox, to):
    recorder = relay.plain if to == PLAIN else relay.starttls
    before = len(recorder.talks)
    assert sorted(relayed(relay, mailbox, to, *NUMBERED)) == NUMBERED
    assert len(recorder.talks) - before == 1


def test_envelope_and_chunk_go_in_one_write_because_pipelining_is_offered(relay, mailbox):
    relayed(relay, mailbox, PLAIN, SEVEN_BIT)
    writes = relay.plain.talks[-1].client_writes
    group = next(octets for octets in writes if octets.startswith(b"MAIL"))
    assert re.match(rb"MAIL [^\r]*\r\nRCPT [^\r]*\r\nBDAT [0-9]+ LAST\r\n", group)


@pytest.fixture(scope="module")
def ours(relay, tmp_path_factory) -> Iterator[tuple[Served, Recorder]]:
    """A relay of ours that gives its mail to Exim, and a recorder between them."""
    folder = tmp_path_factory.mktemp("ours")
    with recording(relay.port) as between, our_relay(folder, between.port) as served:
        yield served, between


@pytest.mark.parametrize("content", MESSAGES.values(), ids=MESSAGES)
def test_what_we_relay_by_exim_arrives_octet_for_octet(ours, mailbox, content):
    server, between = ours
    before = taken(between)
    submit(server, [PLAIN], content)
    wait_until(lambda: taken(between) > before, "Exim has taken it")
    run_script("exim-relay", "run")
    (message,) = arrived(mailbox, 1)
    assert as_handed_over(message, relays=2) == content


def taken(between: Recorder) -> int:
    """How many messages Exim has taken for good."""
    return sum(talk.server.count(b"250 OK id=") for talk in between.talks)
