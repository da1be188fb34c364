"""Mailboxes that are read by POP3, from our own server."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import PeerError, UsageError
from harness.target import Login, Secret
from reference_server.doors.door import Kind
from tests.cli.popping import Popping, popping
from tests.delivery.reading import octets_of, opened

LONG = b"Subject: long\r\n\r\n" + b"x" * 9_000 + b"\r\n.\r\n..\r\n"


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "secret")
    with popping(tmp_path) as found:
        yield found


def url(server: Popping, kind: Kind, login: str = "alice:env:MAIL_PASSWORD") -> str:
    return f"{kind}://{login}@127.0.0.1:{server.ports[kind]}"


def ca(server: Popping) -> Path:
    return server.spool / "cert.pem"


@pytest.mark.parametrize("kind", [Kind.POP3, Kind.POP3S])
async def test_what_arrives_is_read_octet_for_octet_and_stays(server, kind):
    server.deliver("1", b"Subject: old\r\n\r\nold\r\n")
    reader = await opened(url(server, kind), ca=ca(server))
    assert await octets_of(reader) == []
    server.deliver("2", LONG)
    assert await octets_of(reader) == [LONG]
    server.deliver("3", b"Subject: 3\r\n\r\n")

    assert await octets_of(reader) == [LONG, b"Subject: 3\r\n\r\n"]
    assert server.mailbox() == ["1", "2", "3"]


async def test_the_certificate_is_verified(server):
    with pytest.raises(PeerError, match=r"127\.0\.0\.1:\d+: the certificate is not trusted"):
        await opened(url(server, Kind.POP3S))


async def test_a_wrong_password_is_told_and_not_shown(server, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "wonderland")
    with pytest.raises(PeerError) as caught:
        await opened(url(server, Kind.POP3S), ca=ca(server))
    assert "wonderland" not in str(caught.value)


async def test_the_password_of_the_targets_login_serves_the_same_user(server):
    login = Login("alice", Secret(text="secret"))
    reader = await opened(url(server, Kind.POP3, "alice"), ca=ca(server), login=login)
    assert await octets_of(reader) == []


async def test_a_password_that_is_nowhere_is_named(server, monkeypatch):
    monkeypatch.delenv("SMTP_HARNESS_PASSWORD", raising=False)
    with pytest.raises(UsageError, match="SMTP_HARNESS_PASSWORD"):
        await opened(url(server, Kind.POP3, "alice"))
    with pytest.raises(UsageError, match="no-such-file"):
        await opened(url(server, Kind.POP3, "alice:file:no-such-file"))


async def test_nobody_there_is_told(server):
    with pytest.raises(PeerError, match="nobody listens there"):
        await opened("pop3://alice:env:MAIL_PASSWORD@127.0.0.1:1")
