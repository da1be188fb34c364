"""Who delivers by LMTP (RFC 2033): the clients that speak it get one reply for each recipient."""

from __future__ import annotations

import json
import smtplib

import pytest

from tests.peers.messages import EIGHT_BIT, SEVEN_BIT, as_file
from tests.peers.programs import run
from tests.peers.serving import ALICE, BOB, PATIENCE, SENDER, Served

pytestmark = pytest.mark.peer

NOBODY = "nobody@example.test"


@pytest.fixture
def port(server: Served) -> int:
    return server.ports["lmtp"]


@pytest.fixture
def both(server: Served):
    """What has come to Alice and to Bob."""
    alice, bob = server.mailbox("alice"), server.mailbox("bob")
    return lambda: [*alice.fresh(), *bob.fresh()]


def test_smtplib(port, both):
    with smtplib.LMTP("127.0.0.1", port, "client.example.test", timeout=PATIENCE) as client:
        client.ehlo()  # it says LHLO
        assert client.helo_resp is None
        assert client.mail(SENDER, ["BODY=8BITMIME"])[0] == 250
        assert [client.rcpt(to)[0] for to in (ALICE, NOBODY, BOB)] == [250, 550, 250]
        assert client.data(EIGHT_BIT)[0] == 250
        assert client.getreply()[0] == 250  # Bob's
        assert client.noop()[0] == 250
    messages = both()
    assert [it.content for it in messages] == [EIGHT_BIT] * 2
    assert all("with LMTP id" in it.received for it in messages)


@pytest.mark.parametrize("letters", [[], ["-d"], ["-s", "5"]], ids=["each", "kept", "at-once"])
def test_smtp_source(port, server, letters):
    many = server.mailbox("many")
    people = ["-f", SENDER, "-t", "user@many.example.test"]
    run("smtp-source", "-L", "-N", "-r", "3", "-m", "10", *letters, *people, f"127.0.0.1:{port}")
    assert len(many.fresh()) == 10  # one for each message: they share a mailbox


def test_swaks(port, both):
    words = ["--protocol", "LMTP", "--server", "localhost", "--port", str(port), "--from", SENDER]
    shown = run("swaks", *words, "--to", f"{ALICE},{NOBODY},{BOB}").stdout
    assert " -> LHLO " in shown
    assert shown.count("<-  250 2.0.0 Message accepted for delivery") == 2
    assert len(both()) == 2


def test_msmtp(port, both):
    words = ["--protocol=lmtp", "--debug", "--host=localhost", f"--port={port}", f"--from={SENDER}"]
    shown = run("msmtp", *words, ALICE, BOB, stdin=as_file(SEVEN_BIT)).stdout
    assert shown.count("<-- 250 2.0.0 Message accepted for delivery") == 2
    assert [it.content for it in both()] == [SEVEN_BIT] * 2


def test_nodemailer(port, both):
    transport = {"host": "127.0.0.1", "port": port, "lmtp": True, "ignoreTLS": True}
    message = {"from": SENDER, "to": [ALICE, NOBODY, BOB], "subject": "x", "text": "hello"}
    told = run(
        "nodemailer", stdin=json.dumps({"transport": transport, "messages": [message]}).encode()
    )
    (outcome,) = map(json.loads, told.stdout.splitlines())
    assert outcome["accepted"] == [ALICE, BOB]
    assert outcome["rejected"] == [NOBODY]
    assert len(both()) == 2


def test_who_takes_it_for_smtp_is_told_so(port, both):
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        assert client.ehlo()[0] == 500
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail(SENDER, ALICE, SEVEN_BIT)
    assert both() == []
