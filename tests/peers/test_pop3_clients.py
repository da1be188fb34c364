"""Who reads mail by POP3: CPython's poplib, and curl, inside TLS from the start or after STLS."""

from __future__ import annotations

import poplib
import smtplib
import ssl
from collections.abc import Iterator

import pytest

from tests.peers.messages import EIGHT_BIT, SEVEN_BIT
from tests.peers.programs import run
from tests.peers.serving import DOMAIN, PATIENCE, SENDER, Served, serving

pytestmark = pytest.mark.peer

OWNER, PASSWORD = "carol", "wonderland"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    """A server with a user whose mail nobody else waits for."""
    with serving("--user", f"{OWNER}:{PASSWORD}") as served:
        yield served


@pytest.fixture(autouse=True)
def waiting(server) -> Iterator[list[bytes]]:
    """What waits in the mailbox, as it was sent; the mailbox is emptied afterwards."""
    sent = [SEVEN_BIT, EIGHT_BIT, b"Subject: dots\r\n\r\n.\r\n..\r\n.\r\n"]
    with smtplib.SMTP("127.0.0.1", server.port, timeout=PATIENCE) as smtp:
        smtp.ehlo()
        for content in sent:
            smtp.sendmail(SENDER, f"{OWNER}@{DOMAIN}", content, ["BODY=8BITMIME"])
    yield sent
    for path in (server.spool / "mail" / OWNER / "new").iterdir():
        path.unlink()


# --- poplib ------------------------------------------------------------------------------------


def trusting(server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca)


@pytest.fixture(params=["pop3", "pop3s"])
def mailbox(server, request) -> Iterator[poplib.POP3]:
    """poplib inside TLS, not logged in."""
    port, context = server.ports[request.param], trusting(server)
    if request.param == "pop3s":
        client: poplib.POP3 = poplib.POP3_SSL("localhost", port, context=context, timeout=PATIENCE)
    else:
        client = poplib.POP3("localhost", port, timeout=PATIENCE)
        client.stls(context)
    try:
        yield client
    finally:
        client.close()


def told(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\r\n" for line in lines)


def test_poplib_reads_all_octet_for_octet(mailbox, waiting):
    mailbox.user(OWNER)
    mailbox.pass_(PASSWORD)
    assert mailbox.stat()[0] == len(waiting)
    for number, content in enumerate(waiting, 1):
        octets = told(mailbox.retr(number)[1])
        assert octets.startswith(b"Return-Path: <")
        assert octets.endswith(content)
        assert mailbox.list(number).split()[2] == str(len(octets)).encode()
        header = told(mailbox.top(number, 0)[1])
        assert header == octets[: octets.index(b"\r\n\r\n") + 4]
    mailbox.quit()


def test_poplib_finds_the_same_ids_again_and_what_it_deleted_no_more(server, mailbox, waiting):
    mailbox.apop(OWNER, PASSWORD)
    before = [line.split()[1] for line in mailbox.uidl()[1]]
    mailbox.dele(2)
    mailbox.quit()
    again = poplib.POP3_SSL(
        "localhost", server.ports["pop3s"], context=trusting(server), timeout=PATIENCE
    )
    again.user(OWNER)
    again.pass_(PASSWORD)
    assert [line.split()[1] for line in again.uidl()[1]] == [before[0], before[2]]
    again.quit()


def test_poplib_is_told_of_what_one_can_do(mailbox):
    told = mailbox.capa()
    assert {"TOP", "UIDL", "USER", "SASL", "PIPELINING", "RESP-CODES"} <= set(told)
    assert "SCRAM-SHA-256-PLUS" in told["SASL"]
    assert "STLS" not in told


def test_poplib_is_refused_in_the_clear_and_with_a_wrong_password(server, mailbox):
    in_the_clear = poplib.POP3("localhost", server.ports["pop3"], timeout=PATIENCE)
    with pytest.raises(poplib.error_proto, match="in the clear"):
        in_the_clear.user(OWNER)
    in_the_clear.close()
    mailbox.user(OWNER)
    with pytest.raises(poplib.error_proto, match="AUTH"):
        mailbox.pass_("guess")


# --- curl --------------------------------------------------------------------------------------


def curl(server, path: str, *words: str, kind: str = "pop3s", fails: bool = False):
    """What curl fetched."""
    url = f"{kind}://localhost:{server.ports[kind]}/{path}"
    trust = ("--cacert", server.ca, "--ssl-reqd", "--user", f"{OWNER}:{PASSWORD}")
    return run("curl", "--silent", "--show-error", *trust, *words, url, fails=fails)


def test_curl_lists_what_waits(server, waiting):
    lines = curl(server, "").stdout.split("\n")
    assert [line.split()[0] for line in lines if line.strip()] == ["1", "2", "3"]


@pytest.mark.parametrize("kind", ["pop3", "pop3s"])
def test_curl_reads_a_message_octet_for_octet(server, waiting, kind, tmp_path):
    for number, content in enumerate(waiting, 1):
        path = tmp_path / str(number)
        curl(server, str(number), "--output", str(path), kind=kind)
        assert path.read_bytes().endswith(content)


@pytest.mark.parametrize("way", ["APOP", "AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5"])
def test_curl_logs_in_by_every_way_that_it_has(server, waiting, way):
    option = f"AUTH={way.removeprefix('AUTH ')}".replace("=APOP", "=+APOP")
    shown = curl(server, "1", "--verbose", "--login-options", option).stderr
    assert f"> {way}" in shown


def test_curl_asks_for_more_than_messages(server, waiting):
    shown = curl(server, "", "--request", "UIDL").stdout
    assert len([line for line in shown.splitlines() if line.strip()]) == len(waiting)
    assert "Subject: dots" in curl(server, "", "--request", "TOP 3 0").stdout


def test_curl_deletes(server, waiting):
    curl(server, "1", "--request", "DELE", "--list-only")
    assert len(list((server.spool / "mail" / OWNER / "new").iterdir())) == len(waiting) - 1


def test_curl_is_told_of_a_wrong_password(server):
    told = curl(server, "1", "--user", f"{OWNER}:guess", fails=True)
    assert "Login denied" in told.stderr
