"""nodemailer, the client of Node.js: pooled connections, and what it does with each."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.peers.messages import EIGHT_BIT, SEVEN_BIT
from tests.peers.programs import run
from tests.peers.serving import ALICE, BEYOND_ASCII, BOB, PASSWORD, PATIENCE, SENDER, USER

pytestmark = pytest.mark.peer


def raw(content: bytes, *to: str) -> dict:
    """A message that nodemailer does not compose but only sends."""
    envelope = {"from": SENDER, "to": to or [ALICE]}
    return {"envelope": envelope, "raw": base64.b64encode(content).decode()}


def nodemailer(port: int, *messages: dict, at_once: bool = False, **transport) -> list[dict]:
    """Send messages; give back what nodemailer tells of each."""
    usual = {
        "host": "127.0.0.1",
        "port": port,
        "name": "client.example.test",
        "greetingTimeout": PATIENCE * 1_000,
        "ignoreTLS": "tls" not in transport,
    }
    wanted = {"transport": {**usual, **transport}, "messages": messages, "atOnce": at_once}
    done = run("nodemailer", stdin=json.dumps(wanted).encode())
    return [json.loads(line) for line in done.stdout.splitlines()]


def tls(server, **more) -> dict:
    trust = {"ca": Path(server.ca).read_text(), "servername": "localhost"}
    return {"tls": trust, "requireTLS": True, **more}


def login(mechanism: str, password: str = PASSWORD) -> dict:
    return {"authMethod": mechanism, "auth": {"user": USER, "pass": password}}


@pytest.mark.parametrize("content", [SEVEN_BIT, EIGHT_BIT], ids=["7bit", "8bit"])
def test_a_raw_message_arrives_octet_for_octet(server, mailbox, content):
    (told,) = nodemailer(server.port, raw(content))
    assert told["accepted"] == [ALICE]
    assert mailbox.only().content == content


def test_a_composed_message_arrives_with_its_attachment(server, mailbox):
    attachment = {"filename": "ketchup.bin", "content": "x" * 100_000}
    nodemailer(
        server.port,
        {
            "from": SENDER,
            "to": ALICE,
            "subject": "Grüße",
            "text": ".\n..\nketchup?",
            "attachments": [attachment],
        },
    )
    content = mailbox.only().content
    assert b"\r\n.\r\n..\r\nketchup?\r\n" in content
    assert content.count(base64.b64encode(b"x" * 57)) > 1_700


def test_a_pool_of_one_sends_all_over_one_connection(server, recorder, mailbox):
    sent = [b"Subject: %02d\r\n\r\n.hello\r\n" % n for n in range(20)]
    told = nodemailer(
        recorder.port, *map(raw, sent), at_once=True, pool=True, maxConnections=1, maxMessages=100
    )
    assert [it["accepted"] for it in told] == [[ALICE]] * 20
    assert [it.content for it in mailbox.fresh()] == sent
    (talk,) = recorder.talks
    assert talk.commands.count("DATA") == 20
    assert sum(line.startswith("EHLO") for line in talk.commands) == 1


def test_a_pool_of_several_shares_them_out(server, recorder, mailbox):
    sent = [b"Subject: %02d\r\n\r\nhello\r\n" % n for n in range(40)]
    nodemailer(
        recorder.port, *map(raw, sent), at_once=True, pool=True, maxConnections=4, maxMessages=5
    )
    assert sorted(it.content for it in mailbox.fresh()) == sent
    shares = [talk.commands.count("DATA") for talk in recorder.talks]
    assert sum(shares) == 40
    assert max(shares) == 5


def test_a_pool_outlives_a_refusal(server, recorder, mailbox):
    told = nodemailer(
        recorder.port,
        *(raw(SEVEN_BIT), raw(SEVEN_BIT, "nobody@example.test"), raw(SEVEN_BIT)),
        pool=True,
        maxConnections=1,
    )
    assert [it.get("responseCode") for it in told] == [None, 550, None]
    assert len(mailbox.fresh()) == 2


def test_only_those_who_were_refused_are_named(server, mailbox):
    (told,) = nodemailer(server.port, raw(SEVEN_BIT, ALICE, "nobody@example.test", BOB))
    assert told["accepted"] == [ALICE, BOB]
    assert told["rejected"] == ["nobody@example.test"]
    assert mailbox.only().content == SEVEN_BIT


def test_addresses_beyond_ascii_arrive(server):
    many = server.mailbox("many")
    (told,) = nodemailer(server.port, raw(EIGHT_BIT, BEYOND_ASCII))
    assert told["accepted"] == [BEYOND_ASCII]
    arrived = many.only()
    assert arrived.content == EIGHT_BIT
    assert "with UTF8SMTP id" in arrived.received


def test_what_dsn_asks_for_is_taken(server, recorder, mailbox):
    dsn = {"id": "the first", "return": "headers", "notify": ["failure", "delay"], "recipient": BOB}
    nodemailer(recorder.port, {**raw(SEVEN_BIT), "dsn": dsn})
    assert mailbox.only().content == SEVEN_BIT
    mail, rcpt = recorder.talks[0].commands[1:3]
    assert mail.endswith("RET=HDRS ENVID=the+20first")
    assert rcpt.endswith(f"NOTIFY=FAILURE,DELAY ORCPT=rfc822;{BOB}")


@pytest.mark.parametrize("mechanism", ["CRAM-MD5", "PLAIN", "LOGIN"])
def test_a_user_logs_in_inside_starttls(server, mailbox, mechanism):
    nodemailer(server.port, raw(SEVEN_BIT), **tls(server, **login(mechanism)))
    assert "with ESMTPSA id" in mailbox.only().received


@pytest.mark.parametrize("kind", ["smtps", "submissions"])
def test_tls_from_the_first_octet_with_a_pool(server, mailbox, kind):
    options = tls(server, secure=True, pool=True, maxConnections=1, **login("PLAIN"))
    nodemailer(server.ports[kind], *[raw(EIGHT_BIT)] * 5, **options)
    arrived = mailbox.fresh()
    assert [it.content for it in arrived] == [EIGHT_BIT] * 5
    assert all("with ESMTPSA id" in it.received for it in arrived)


def test_a_wrong_password_is_refused(server, mailbox):
    options = tls(server, **login("PLAIN", "looking glass"))
    (told,) = nodemailer(server.port, raw(SEVEN_BIT), **options)
    assert (told["code"], told["responseCode"]) == ("EAUTH", 535)
    assert mailbox.fresh() == []
