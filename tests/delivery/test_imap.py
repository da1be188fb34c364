"""Mailboxes that are read by IMAP; tests/peers has the same with Dovecot."""

from __future__ import annotations

import pytest

from harness.delivery.imap import NO_NUL
from harness.errors import PeerError
from tests.delivery.imap_server import Messages, imap_server, server_context
from tests.delivery.reading import octets_of, opened

ODD = b"Subject: 2\r\n\r\n) {3}\r\n\xff\x00\r\n.\r\n"


@pytest.fixture
def messages(monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "secret")
    return Messages(octets={7: b"Subject: old\r\n\r\n"})


def url(port: int, folder: str = "") -> str:
    return f"imap://alice:env:MAIL_PASSWORD@127.0.0.1:{port}{folder}"


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 AUTH=PLAIN", "IMAP4rev1"])
async def test_what_arrives_is_read_octet_for_octet(messages, capabilities):
    messages.capabilities = capabilities
    with imap_server(messages) as port:
        reader = await opened(url(port))
        assert await octets_of(reader) == []
        messages.octets |= {8: ODD, 12: b"Subject: 3\r\n\r\nx\r\n"}
        assert await octets_of(reader) == [ODD, b"Subject: 3\r\n\r\nx\r\n"]
        assert len(await octets_of(reader)) == 2
    assert not any("FETCH 7 " in line for line in messages.said)
    assert messages.searched == [1, 8, 8, 13]  # what is known is not listed again


async def test_a_mailbox_that_was_made_anew_is_read_from_its_beginning(messages):
    with imap_server(messages) as port:
        reader = await opened(url(port))
        messages.octets = {1: b"Subject: 1\r\n\r\n", 7: b"Subject: 7\r\n\r\n"}
        messages.validity += 1
        assert await octets_of(reader) == list(messages.octets.values())


async def test_that_a_nul_may_have_been_changed_is_told(messages):
    with imap_server(messages) as port:
        reader = await opened(url(port))
        messages.octets |= {8: b"\r\na\x80\r\n", 9: b"\r\n"}
        assert [stored.changed for stored in await reader.messages()] == [(NO_NUL,), ()]


async def test_tls_is_used_where_it_is_offered_and_the_certificate_verified(messages, tmp_path):
    with imap_server(messages, server_context(tmp_path)) as port:
        reader = await opened(url(port), ca=tmp_path / "cert.pem")
        assert await octets_of(reader) == []
        with pytest.raises(PeerError, match="certificate is not trusted"):
            await opened(url(port))


async def test_a_refusal_is_told_in_the_servers_words_without_the_password(messages, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "wonderland")
    with imap_server(messages) as port:
        with pytest.raises(PeerError, match="AUTHENTICATIONFAILED") as caught:
            await opened(url(port))
        monkeypatch.setenv("MAIL_PASSWORD", "secret")
        with pytest.raises(PeerError, match="no such mailbox"):
            await opened(url(port, "/Sent"))
    assert "wonderland" not in str(caught.value)


async def test_nobody_there_is_told():
    with pytest.raises(PeerError, match=r"127\.0\.0\.1:1: Connection refused"):
        await opened("imap://alice:file:/dev/null@127.0.0.1:1")
