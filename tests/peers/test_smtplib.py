"""CPython's smtplib, the client that most scripts use."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tests.peers.messages import EIGHT_BIT, SEVEN_BIT
from tests.peers.serving import ALICE, BEYOND_ASCII, BOB, PASSWORD, PATIENCE, SENDER, USER

pytestmark = pytest.mark.peer


@pytest.fixture
def client(server) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", server.port, "client.example.test", PATIENCE) as smtp:
        yield smtp


def trusting(server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca)


def test_seven_bits_arrive_octet_for_octet(client, mailbox):
    assert client.sendmail(SENDER, ALICE, SEVEN_BIT) == {}
    arrived = mailbox.only()
    assert arrived.content == SEVEN_BIT
    assert arrived.return_path == SENDER
    assert "from client.example.test ([127.0.0.1])" in arrived.received
    assert "with ESMTP id" in arrived.received


def test_eight_bits_arrive_octet_for_octet(client, mailbox):
    client.ehlo()
    assert client.has_extn("8bitmime")
    assert client.sendmail(SENDER, ALICE, EIGHT_BIT, ["BODY=8BITMIME"]) == {}
    assert mailbox.only().content == EIGHT_BIT


def test_messages_follow_each_other_on_one_connection(client, mailbox):
    sent = [b"Subject: %d\r\n\r\n.%d\r\n" % (n, n) for n in range(20)]
    for content in sent:
        client.sendmail(SENDER, ALICE, content)
    assert [it.content for it in mailbox.fresh()] == sent


def test_who_says_helo_is_served_as_of_old(client, mailbox):
    assert client.helo()[0] == 250
    client.sendmail(SENDER, ALICE, SEVEN_BIT)
    arrived = mailbox.only()
    assert arrived.content == SEVEN_BIT
    assert "with SMTP id" in arrived.received


def test_starttls_verifies_and_everything_is_said_anew(client, server, mailbox):
    client.ehlo()
    assert client.has_extn("starttls")
    assert client.starttls(context=trusting(server))[0] == 220
    assert client.mail(SENDER)[0] == 503  # no EHLO since: RFC 3207 4.2
    client.ehlo()
    assert not client.has_extn("starttls")
    client.sendmail(SENDER, ALICE, EIGHT_BIT, ["BODY=8BITMIME"])
    arrived = mailbox.only()
    assert arrived.content == EIGHT_BIT
    assert "with ESMTPS id" in arrived.received


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("mechanism", ["cram_md5", "plain", "login"])
def test_a_user_logs_in_by_every_mechanism_that_smtplib_has(
    client, server, mailbox, mechanism, at_once
):
    client.starttls(context=trusting(server))
    client.ehlo()
    client.user, client.password = USER, PASSWORD
    exchange = getattr(client, f"auth_{mechanism}")
    name = mechanism.replace("_", "-")
    assert client.auth(name, exchange, initial_response_ok=at_once)[0] == 235
    client.sendmail(SENDER, ALICE, SEVEN_BIT)
    assert "with ESMTPSA id" in mailbox.only().received


def test_a_wrong_password_is_told_and_the_right_one_still_works(client, server):
    client.starttls(context=trusting(server))
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        client.login(USER, "looking glass")
    assert refused.value.smtp_code == 535
    assert client.login(USER, PASSWORD)[0] == 235


def test_no_password_is_asked_for_in_the_clear(client):
    with pytest.raises(smtplib.SMTPNotSupportedError):
        client.login(USER, PASSWORD)


def test_only_those_who_were_refused_are_named(client, server, mailbox):
    bob = server.mailbox("bob")
    refused = client.sendmail(SENDER, [ALICE, "nobody@example.test", BOB], SEVEN_BIT)
    assert {to: code for to, (code, _) in refused.items()} == {"nobody@example.test": 550}
    assert mailbox.only().content == bob.only().content == SEVEN_BIT


def test_nothing_is_relayed(client):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        client.sendmail(SENDER, "someone@elsewhere.test", SEVEN_BIT)
    assert refused.value.recipients["someone@elsewhere.test"][0] == 550


def test_a_declared_size_over_the_limit_is_refused_before_the_text(client, mailbox):
    client.ehlo()
    limit = int(client.esmtp_features["size"])
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        client.sendmail(SENDER, ALICE, b"x" * (limit + 1))
    assert refused.value.smtp_code == 552
    assert mailbox.fresh() == []


def test_addresses_and_fields_beyond_ascii_arrive(client, server):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, BEYOND_ASCII, "Grüße 你好"
    message.set_content(".\n..\n", cte="8bit")
    many = server.mailbox("many")
    assert client.send_message(message) == {}
    arrived = many.only()
    assert "with UTF8SMTP id" in arrived.received
    assert "Subject: Grüße 你好\r\n".encode() in arrived.content
    assert arrived.content.endswith(b"\r\n\r\n.\r\n..\r\n")


def test_what_dsn_asks_for_is_taken(client, mailbox):
    mail, rcpt = ["RET=HDRS", "ENVID=the+20first"], ["NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;a@b.c"]
    assert client.sendmail(SENDER, ALICE, SEVEN_BIT, mail, rcpt) == {}
    assert mailbox.only().content == SEVEN_BIT


def test_commands_that_send_nothing_are_answered(client):
    client.ehlo()
    codes = [client.noop()[0], client.rset()[0], client.vrfy(USER)[0], client.expn("staff")[0]]
    assert codes == [250, 250, 252, 252]
    assert b"5321" in client.help()
    assert client.quit()[0] == 221
