"""msmtp, which stands in for sendmail where there is no mail system."""

from __future__ import annotations

import pytest

from tests.peers.messages import EIGHT_BIT, SEVEN_BIT, as_file
from tests.peers.programs import run
from tests.peers.serving import ALICE, BOB, PASSWORD, SENDER, USER

pytestmark = pytest.mark.peer


@pytest.fixture
def msmtp(server):
    """Runs msmtp with a message on standard input; gives back the dialogue that it shows."""

    def act(*words: str, content: bytes = SEVEN_BIT, kind: str = "smtp", fails: bool = False):
        words = (
            *("--debug", "--host=localhost", f"--port={server.ports[kind]}"),
            *(f"--from={SENDER}", "--domain=client.example.test", f"--tls-trust-file={server.ca}"),
            *words,
        )
        done = run("msmtp", *words, stdin=as_file(content), fails=fails)
        return done.stdout + done.stderr

    return act


def login(mechanism: str, password: str = PASSWORD) -> list[str]:
    return [f"--auth={mechanism}", f"--user={USER}", f"--passwordeval=echo '{password}'"]


@pytest.mark.parametrize("content", [SEVEN_BIT, EIGHT_BIT], ids=["7bit", "8bit"])
def test_a_file_arrives_octet_for_octet(msmtp, mailbox, content):
    msmtp(ALICE, content=content)
    arrived = mailbox.only()
    assert arrived.content == content
    assert arrived.return_path == SENDER


def test_recipients_are_read_from_the_message(msmtp, mailbox):
    msmtp("--read-recipients")
    assert mailbox.only().content == SEVEN_BIT


def test_starttls(msmtp, mailbox):
    msmtp("--tls", ALICE)
    assert "with ESMTPS id" in mailbox.only().received


@pytest.mark.parametrize("kind", ["smtps", "submissions"])
def test_tls_from_the_first_octet(msmtp, mailbox, kind):
    msmtp("--tls", "--tls-starttls=off", *login("plain"), ALICE, content=EIGHT_BIT, kind=kind)
    arrived = mailbox.only()
    assert arrived.content == EIGHT_BIT
    assert "with ESMTPSA id" in arrived.received


def test_a_certificate_that_nobody_vouches_for_is_not_talked_to(msmtp, mailbox, tmp_path):
    nobody = tmp_path / "nobody.pem"
    nobody.touch()
    msmtp("--tls", f"--tls-trust-file={nobody}", ALICE, fails=True)
    assert mailbox.fresh() == []


@pytest.mark.parametrize("mechanism", ["scram-sha-256", "cram-md5", "plain", "login"])
def test_a_user_logs_in_by_every_mechanism(msmtp, mailbox, mechanism):
    shown = msmtp("--tls", *login(mechanism), ALICE)
    assert f"--> AUTH {mechanism.upper()}" in shown
    assert "<-- 235 2.7.0" in shown
    assert "with ESMTPSA id" in mailbox.only().received


def test_a_wrong_password_is_refused(msmtp, mailbox):
    assert "<-- 535 5.7.8" in msmtp("--tls", *login("plain", "looking glass"), ALICE, fails=True)
    assert mailbox.fresh() == []


def test_no_password_is_asked_for_in_the_clear(msmtp, mailbox):
    shown = msmtp(*login("plain"), ALICE, fails=True)
    assert "the server does not support authentication" in shown
    assert mailbox.fresh() == []


def test_who_is_refused_is_named_and_nobody_gets_it(msmtp, mailbox):
    shown = msmtp(ALICE, "nobody@example.test", BOB, fails=True)
    assert "<-- 550 5.1.1 No such user here" in shown
    assert mailbox.fresh() == []


def test_what_dsn_asks_for_is_taken(msmtp, mailbox):
    shown = msmtp("--dsn-notify=failure,delay", "--dsn-return=headers", ALICE)
    assert f"--> MAIL FROM:<{SENDER}> RET=HDRS" in shown
    assert f"--> RCPT TO:<{ALICE}> NOTIFY=FAILURE,DELAY" in shown
    assert mailbox.only().content == SEVEN_BIT


def test_a_queue_is_started_for_nobody_who_is_not_known(msmtp):
    # RFC 1985 5.3: 459 is for a node that may not have it.
    assert "<-- 459 4.7.1" in msmtp("--rmqs=@example.test", fails=True)


def test_it_reads_what_the_server_offers(msmtp):
    shown = msmtp("--serverinfo", "--tls")
    for words in (
        "SIZE 10485760",
        "PIPELINING",
        "STARTTLS",
        "AUTH",
        "SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN",
    ):
        assert words in shown
