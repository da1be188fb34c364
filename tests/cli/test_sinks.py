"""Sinks that targets relay to: real children, and smtplib in the target's place."""

from __future__ import annotations

import smtplib
import ssl

import pytest
import trio

from harness.cli.sinks import with_sinks
from harness.delivery import Post, Stored
from harness.errors import HarnessError
from harness.target import Relay, Target, read_address
from harness.target.target import ANY
from tests.ports import reserved_port

RECEIVED = b"Received: from us by target.test with ESMTP id 1; Thu, 26 Nov 2026 12:00:00 +0000\r\n"
TEXT = RECEIVED + b"Subject: relayed\r\n\r\nhello\r\n"
NOTE = "our sink put a Received field on top, which was taken off before comparing"


def target(port: int, **changed) -> Target:
    return Target(
        address=read_address("127.0.0.1:25"),
        recipients=("alice@example.test", "bob@example.test"),
        relay=Relay(recipient="x@relay.test"),
        **{"delivery": {ANY: f"sink:smtp://127.0.0.1:{port}"}, **changed},
    )


def relayed(told: Target, port: int, recipients: list[str]) -> dict[str, list[Stored]]:
    """What is read for each of them after the target has relayed a message to all."""

    async def relay() -> dict[str, list[Stored]]:
        post = Post(told, ssl.create_default_context)
        readers = {name: await post.open(name) for name in (*recipients, "bob@example.test")}
        await trio.to_thread.run_sync(send)
        return {name: await reader.messages() for name, reader in readers.items()}

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("a@b.test", recipients, TEXT)

    return trio.run(relay)


@pytest.mark.slow
def test_what_a_target_relays_is_read_as_it_came():
    recipients = ["alice@example.test", "x@relay.test", "postmaster"]
    with reserved_port() as port, with_sinks(target(port)) as told:
        found = relayed(told, port, recipients)

    for name in recipients:
        (stored,) = found[name]
        assert stored.octets == b"Return-Path: <a@b.test>\r\n" + TEXT
        assert stored.changed == (NOTE,)
    assert found["bob@example.test"] == []


@pytest.mark.slow
def test_it_takes_mail_for_nobody_else_and_ends_with_its_context():
    with (
        reserved_port() as port,
        with_sinks(target(port)),
        smtplib.SMTP("127.0.0.1", port) as client,
    ):
        client.ehlo()
        client.mail("a@b.test")
        assert client.rcpt("someone@elsewhere.test")[0] == 550
        assert client.rcpt("nobody@example.test")[0] == 550
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", port)


@pytest.mark.slow
def test_deliveries_that_are_no_sink_stay():
    mixed = {"alice@example.test": "maildir:/a", "bob@example.test": "sink:lmtp://127.0.0.1:{}"}
    with reserved_port() as port:
        mixed["bob@example.test"] = mixed["bob@example.test"].format(port)
        with with_sinks(target(port, delivery=mixed)) as told, smtplib.LMTP("127.0.0.1", port):
            assert told.delivery["alice@example.test"] == "maildir:/a"
            assert told.delivery_of("bob@example.test").endswith("/mail/bob")
            assert told.delivery_of("carol@example.test") is None


@pytest.mark.slow
def test_a_port_that_is_taken_is_told():
    with (
        reserved_port() as port,
        with_sinks(target(port)),
        pytest.raises(HarnessError, match="did not start"),
        with_sinks(target(port)),
    ):
        pass


@pytest.mark.slow
def test_a_run_reads_back_what_its_sink_took(invoke):
    with reserved_port() as port:
        # The sink is the target itself: it delivers what it takes.
        told = invoke(
            *("run", f"127.0.0.1:{port}", "--to", "alice@example.test"),
            *("--delivery", f"sink:127.0.0.1:{port}", "-s", "rfc5321/4.5.2/leading-dots"),
        )
    assert told.exit_code == 0, told.output
    assert "skip" not in told.output
