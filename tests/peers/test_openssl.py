"""openssl s_client: which TLS is spoken, after STARTTLS and from the first octet."""

from __future__ import annotations

import base64
import re

import pytest

from tests.peers.programs import run
from tests.peers.serving import ALICE, PASSWORD, SENDER, USER

pytestmark = pytest.mark.peer

LOG_IN = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
TALK = f"""\
EHLO client.example.test
AUTH PLAIN {LOG_IN}
MAIL FROM:<{SENDER}>
RCPT TO:<{ALICE}>
DATA
Subject: typed by hand

..
.
QUIT
"""


@pytest.fixture(params=["smtp", "smtps", "submission", "submissions"])
def s_client(server, request):
    """Runs s_client at each door; gives back all that it showed."""
    kind = request.param
    starttls = [] if kind.endswith("s") else ["-starttls", "smtp"]

    def act(*words: str, stdin: str = "", fails: bool = False) -> str:
        connect = ["-connect", f"127.0.0.1:{server.ports[kind]}", *starttls]
        trust = ["-CAfile", server.ca, "-verify_return_error"]
        done = run(
            "openssl", "s_client", *connect, *trust, *words, stdin=stdin.encode(), fails=fails
        )
        return done.stderr + done.stdout

    return act


@pytest.mark.parametrize(("option", "version"), [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_the_two_versions_in_use_are_spoken(s_client, option, version):
    assert f"Protocol version: {version}" in s_client(option, "-brief")


@pytest.mark.parametrize("option", ["-tls1", "-tls1_1"])
def test_deprecated_versions_are_not(s_client, option):
    # RFC 8996.  This client would speak them if the server did.
    shown = s_client(option, "-cipher", "ALL:@SECLEVEL=0", "-brief", fails=True)
    assert "CONNECTION ESTABLISHED" not in shown


ALERTS = {
    "no common version": ("-tls1_1", "ALL:@SECLEVEL=0", "alert protocol version"),
    "no common cipher": ("-tls1_2", "AES128-SHA", "alert handshake failure"),
}


@pytest.mark.parametrize(("version", "ciphers", "alert"), ALERTS.values(), ids=ALERTS)
def test_a_handshake_that_fails_ends_with_its_alert(s_client, version, ciphers, alert):
    assert alert in s_client(version, "-cipher", ciphers, fails=True)


@pytest.mark.parametrize("ciphers", ["NULL", "3DES", "RC4", "aNULL", "EXPORT", "AES128-SHA"])
def test_weak_ciphers_are_not(s_client, ciphers):
    shown = s_client("-tls1_2", "-cipher", f"{ciphers}:@SECLEVEL=0", "-brief", fails=True)
    assert "CONNECTION ESTABLISHED" not in shown


@pytest.mark.parametrize("name", ["localhost", "example.test"])
def test_the_certificate_is_for_the_names_of_the_server(s_client, name):
    shown = s_client("-verify_hostname", name, "-brief")
    assert "Verification: OK" in shown
    assert f"Verified peername: {name}" in shown


def test_the_certificate_is_for_no_other_name(s_client):
    shown = s_client("-verify_hostname", "elsewhere.test", "-brief", fails=True)
    assert "hostname mismatch" in shown


def test_nothing_is_renegotiated_and_nothing_compressed(s_client):
    # s_client takes an R at the beginning of a line for a wish to renegotiate.  What it gets is an
    # alert, or the greeting in place of a handshake.
    shown = s_client("-tls1_2", stdin="R\n", fails=True)
    assert "RENEGOTIATING" in shown
    assert re.search("SSL routines:.*:(no renegotiation|unexpected record):", shown)
    assert "Compression: NONE" in shown


def test_a_message_typed_by_hand_arrives(s_client, mailbox):
    shown = s_client("-quiet", "-crlf", stdin=TALK)
    replies = [line[:3] for line in shown.splitlines() if line[3:4] == " " and line[:3].isdigit()]
    assert replies[-7:] == ["250", "235", "250", "250", "354", "250", "221"]
    arrived = mailbox.only()
    message_id, _, text = arrived.content.partition(b"Subject: typed by hand\r\n\r\n")
    assert text == b".\r\n"
    assert re.fullmatch(rb"(Message-ID: <[^ ]+>\r\n)?", message_id)  # RFC 6409 8.3 lets it add one
    assert "with ESMTPSA id" in arrived.received
