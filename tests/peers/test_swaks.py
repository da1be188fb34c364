"""swaks, the SMTP tool of administrators."""

from __future__ import annotations

import pytest

from tests.peers.messages import EIGHT_BIT, SEVEN_BIT, as_file
from tests.peers.programs import run
from tests.peers.serving import ALICE, BOB, PASSWORD, SENDER, USER

pytestmark = pytest.mark.peer

# swaks takes a lone dot at the end of a file for the mark that ends the text.
END = b"The end.\r\n"
MESSAGE = SEVEN_BIT + END


@pytest.fixture
def swaks(server, tmp_path):
    """Runs swaks against the server, a message in a file; gives back what it showed."""

    def act(*words: str, content: bytes = MESSAGE, kind: str = "smtp", fails: bool = False):
        file = tmp_path / "message.eml"
        file.write_bytes(as_file(content).removesuffix(b"\n"))  # swaks ends the last line itself
        words = (
            *("--server", "localhost", "--port", str(server.ports[kind])),
            *("--from", SENDER, "--to", ALICE, "--helo", "client.example.test"),
            *("--data", f"@{file}", "--tls-verify", "--tls-ca-path", server.ca, *words),
        )
        return run("swaks", *words, fails=fails).stdout

    return act


def login(mechanism: str, password: str = PASSWORD) -> list[str]:
    return ["--auth", mechanism, "--auth-user", USER, "--auth-password", password]


@pytest.mark.parametrize("content", [MESSAGE, EIGHT_BIT + END], ids=["7bit", "8bit"])
def test_a_file_arrives_octet_for_octet(swaks, mailbox, content):
    shown = swaks(content=content)
    assert mailbox.only().content == content
    assert "<-  250 2.0.0 Message accepted" in shown


def test_commands_sent_in_one_go_are_answered_in_order(swaks, mailbox):
    shown = swaks("--pipeline")
    replies = [line for line in shown.splitlines() if line.startswith("<-  ")]
    at = next(n for n, line in enumerate(replies) if "2.1.0" in line)
    assert [line[4:13] for line in replies[at : at + 3]] == ["250 2.1.0", "250 2.1.5", "354 Enter"]
    assert mailbox.only().content == MESSAGE


@pytest.mark.parametrize("version", ["tlsv1_2", "tlsv1_3"])
def test_starttls_with_each_version(swaks, mailbox, version):
    shown = swaks("--tls", "--tls-protocol", version)
    spoken = version.replace("tlsv", "TLSv").replace("_", ".")
    assert f"=== TLS started with cipher {spoken}:" in shown
    assert "with ESMTPS id" in mailbox.only().received


@pytest.mark.parametrize("version", ["tlsv1", "tlsv1_1"])
def test_versions_that_are_deprecated_are_not_spoken(swaks, mailbox, version):
    shown = swaks("--tls", "--tls-protocol", version, fails=True)
    assert "TLS started" not in shown
    assert mailbox.fresh() == []


@pytest.mark.parametrize("kind", ["smtps", "submissions"])
def test_tls_on_connect(swaks, mailbox, kind):
    swaks("--tls-on-connect", *login("PLAIN"), kind=kind)
    arrived = mailbox.only()
    assert arrived.content == MESSAGE
    assert "with ESMTPSA id" in arrived.received


@pytest.mark.parametrize("mechanism", ["CRAM-MD5", "PLAIN", "LOGIN"])
def test_a_user_logs_in_by_every_mechanism(swaks, mailbox, mechanism):
    shown = swaks("--tls", *login(mechanism))
    assert f"~> AUTH {mechanism}" in shown
    assert "<~  235 2.7.0" in shown
    assert "with ESMTPSA id" in mailbox.only().received


def test_a_wrong_password_is_refused(swaks, mailbox):
    shown = swaks("--tls", *login("PLAIN", "looking glass"), fails=True)
    assert "<~* 535 5.7.8" in shown
    assert mailbox.fresh() == []


def test_no_password_is_asked_for_in_the_clear(swaks, mailbox):
    shown = swaks(*login("PLAIN"), fails=True)
    assert "AUTH" not in shown.partition("***")[0]
    assert mailbox.fresh() == []


def test_who_is_refused_does_not_keep_it_from_the_others(swaks, mailbox, server):
    bob = server.mailbox("bob")
    shown = swaks("--to", f"{ALICE},nobody@example.test,{BOB}")
    assert "<** 550 5.1.1 No such user here" in shown
    assert mailbox.only().content == bob.only().content == MESSAGE


@pytest.mark.parametrize("stage", ["CONNECT", "FIRST-EHLO", "MAIL", "RCPT"])
def test_who_stops_after_a_stage_is_let_go(swaks, mailbox, stage):
    shown = swaks("--quit-after", stage)
    assert "<-  221 " in shown
    assert mailbox.fresh() == []


@pytest.mark.parametrize("stage", ["CONNECT", "RCPT", "DATA"])
def test_who_drops_the_line_sends_nothing(swaks, mailbox, stage):
    swaks("--drop-after", stage)
    assert mailbox.fresh() == []
    swaks()
    assert mailbox.only().content == MESSAGE
