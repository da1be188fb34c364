"""curl, the client of shell scripts: smtp:// and smtps://."""

from __future__ import annotations

import pytest

from tests.peers.messages import EIGHT_BIT, SEVEN_BIT
from tests.peers.programs import run
from tests.peers.serving import ALICE, BEYOND_ASCII, BOB, PASSWORD, SENDER, USER

pytestmark = pytest.mark.peer


def curl(*words: str, stdin: bytes = b"", fails: bool = False) -> str:
    """What curl told, with the dialogue."""
    return run("curl", "--silent", "--verbose", *words, stdin=stdin, fails=fails).stderr


def mail(*to: str, file: str = "-") -> list[str]:
    """Options for a message, which comes by standard input if it is in no file."""
    recipients = [word for each in to for word in ("--mail-rcpt", each)]
    return ["--mail-from", SENDER, *recipients, "--upload-file", file]


def url(server, kind: str = "smtp") -> str:
    scheme = "smtps" if kind.endswith("s") else "smtp"
    return f"{scheme}://localhost:{server.ports[kind]}/client.example.test"


def test_eight_bits_arrive_octet_for_octet(server, mailbox):
    curl(url(server), *mail(ALICE), stdin=EIGHT_BIT)
    arrived = mailbox.only()
    assert arrived.content == EIGHT_BIT
    assert arrived.return_path == SENDER


def test_a_text_file_arrives_with_the_line_ends_of_mail(server, mailbox):
    curl(url(server), "--crlf", *mail(ALICE), stdin=SEVEN_BIT.replace(b"\r\n", b"\n"))
    assert mailbox.only().content == SEVEN_BIT


def test_a_text_file_as_it_is_gets_told_why_it_is_refused(server, mailbox):
    told = curl(url(server), *mail(ALICE), stdin=b"Subject: x\n\nhello\n", fails=True)
    assert "< 550 5.6.0 A bare CR or LF is no line end; message refused" in told
    assert mailbox.fresh() == []


def test_all_recipients_get_it_and_those_refused_can_be_allowed(server, mailbox):
    to = [ALICE, "nobody@example.test", BOB]
    curl(url(server), *mail(*to), stdin=SEVEN_BIT, fails=True)
    assert mailbox.fresh() == []
    bob = server.mailbox("bob")
    curl(url(server), "--mail-rcpt-allowfails", *mail(*to), stdin=SEVEN_BIT)
    assert mailbox.only().content == bob.only().content == SEVEN_BIT


def test_starttls_is_required_and_verified(server, mailbox):
    curl(url(server), "--ssl-reqd", "--cacert", server.ca, *mail(ALICE), stdin=SEVEN_BIT)
    assert "with ESMTPS id" in mailbox.only().received


def test_a_certificate_that_nobody_vouches_for_is_not_talked_to(server, mailbox):
    curl(url(server), "--ssl-reqd", *mail(ALICE), stdin=SEVEN_BIT, fails=True)
    assert mailbox.fresh() == []


@pytest.mark.parametrize("kind", ["smtps", "submissions"])
def test_tls_from_the_first_octet(server, mailbox, kind):
    login = ["--user", f"{USER}:{PASSWORD}"]
    curl(url(server, kind), "--cacert", server.ca, *login, *mail(ALICE), stdin=EIGHT_BIT)
    arrived = mailbox.only()
    assert arrived.content == EIGHT_BIT
    assert "with ESMTPSA id" in arrived.received


@pytest.mark.parametrize("initial", [[], ["--sasl-ir"]], ids=["challenged", "at-once"])
@pytest.mark.parametrize("mechanism", ["CRAM-MD5", "PLAIN", "LOGIN"])
def test_a_user_logs_in_by_every_mechanism_that_curl_has(server, mailbox, mechanism, initial):
    tls = ["--ssl-reqd", "--cacert", server.ca]
    login = ["--user", f"{USER}:{PASSWORD}", "--login-options", f"AUTH={mechanism}", *initial]
    told = curl(url(server), *tls, *login, *mail(ALICE), stdin=SEVEN_BIT)
    assert f"> AUTH {mechanism}" in told
    assert "< 235 2.7.0" in told
    assert "with ESMTPSA id" in mailbox.only().received


def test_a_wrong_password_is_refused(server, mailbox):
    words = [url(server, "smtps"), "--cacert", server.ca, "--user", f"{USER}:looking glass"]
    told = curl(*words, *mail(ALICE), stdin=SEVEN_BIT, fails=True)
    assert "< 535 5.7.8" in told
    assert mailbox.fresh() == []


def test_who_submitted_it_may_be_said(server, mailbox):
    tls = ["--cacert", server.ca, "--user", f"{USER}:{PASSWORD}", "--mail-auth", BOB]
    told = curl(url(server, "smtps"), *tls, *mail(ALICE), stdin=SEVEN_BIT)
    assert f"AUTH=<{BOB}>" in told  # brackets and all: RFC 4954 5 has none
    assert mailbox.only().content == SEVEN_BIT


def test_addresses_beyond_ascii_arrive(server):
    many = server.mailbox("many")
    told = curl(url(server), *mail(BEYOND_ASCII), stdin=EIGHT_BIT)
    assert f"> MAIL FROM:<{SENDER}> SMTPUTF8" in told
    arrived = many.only()
    assert arrived.content == EIGHT_BIT
    assert "with UTF8SMTP id" in arrived.received


@pytest.mark.parametrize(
    ("command", "code"), [("VRFY alice", 252), ("EXPN staff", 252), ("NOOP", 250), ("HELP", 214)]
)
def test_a_command_of_ones_own_is_answered(server, command, code):
    assert f"< {code} " in curl(url(server), "--request", command)


def test_a_size_over_the_limit_is_refused_before_the_text(server, mailbox, tmp_path):
    large = tmp_path / "large.eml"
    large.write_bytes(b"x" * 10_485_761)
    told = curl(url(server), *mail(ALICE, file=str(large)), fails=True)
    assert "< 552 5.3.4" in told
    assert "> DATA" not in told
    assert mailbox.fresh() == []


def test_urls_one_after_the_other_share_a_connection(server, mailbox, tmp_path):
    file = tmp_path / "message.eml"
    file.write_bytes(EIGHT_BIT)
    message = [*mail(ALICE, file=str(file)), url(server)]
    told = curl(*message, "--next", "--silent", "--verbose", *message)
    assert told.count("< 220 example.test") == 1
    assert [it.content for it in mailbox.fresh()] == [EIGHT_BIT] * 2
