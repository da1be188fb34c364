"""Mailpit, faked from its API's description: it cannot be had here (it wants a newer Go)."""

from __future__ import annotations

import json

import pytest

from harness.delivery.mailpit import without_additions
from harness.delivery.stored import Stored
from harness.errors import PeerError
from tests.delivery.reading import ALICE, octets_of, opened
from tests.delivery.web_server import Pages, web_server

RECEIVED = b"Received: from c (c [127.0.0.1])\r\n        by m (Mailpit) with SMTP\r\n"
RAW = b"Return-Path: <a@b.test>\r\n" + RECEIVED + b"Message-ID: <1@b>\r\n\r\n\xff..\r\n"


class Mailpit:
    """Messages as Mailpit lists them: newest first."""

    def __init__(self, pages: Pages, root: str = "") -> None:
        self.pages = pages
        self.root = root
        self.summaries: list[dict[str, object]] = []
        pages.pages[f"{root}/api/v1/messages"] = self.listed

    def listed(self, start: int, limit: int) -> bytes:
        newest_first = self.summaries[::-1]
        found = newest_first[start : start + limit]
        return json.dumps({"total": len(newest_first), "start": start, "messages": found}).encode()

    def take(self, raw: bytes, **named: str) -> None:
        id = f"id{len(self.summaries)}"
        addresses = {name: [{"Name": "", "Address": it}] for name, it in named.items()}
        self.summaries.append({"ID": id, "To": [], "Cc": None, "Bcc": [], **addresses})
        self.pages.pages[f"{self.root}/api/v1/message/{id}/raw"] = lambda start, limit: raw


@pytest.fixture
def pages():
    with web_server() as found:
        yield found


async def test_what_arrives_for_a_recipient_is_read_octet_for_octet(pages):
    mailpit = Mailpit(pages)
    mailpit.take(b"old", To=ALICE)
    reader = await opened(f"mailpit+http://127.0.0.1:{pages.port}")
    mailpit.take(RAW, Bcc="Alice@example.test")
    mailpit.take(b"bob's", To="bob@example.test", Cc="carol@example.test")
    mailpit.take(b"S: 2\r\n\r\n", Cc=ALICE)

    assert await octets_of(reader) == [RAW, b"S: 2\r\n\r\n"]
    assert len(await octets_of(reader)) == 2


async def test_a_list_of_many_pages_is_read_to_its_end(pages):
    mailpit = Mailpit(pages)
    reader = await opened(f"mailpit+http://127.0.0.1:{pages.port}")
    mailpit.take(b"first", To=ALICE)
    for _ in range(500):
        mailpit.take(b"bob's", To="bob@example.test")

    assert await octets_of(reader) == [b"first"]


async def test_it_may_be_below_a_path_and_want_a_password(pages, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "secret")
    Mailpit(pages, "/mail")
    pages.password = "Basic YWxpY2U6c2VjcmV0"
    url = f"mailpit+http://alice:env:MAIL_PASSWORD@127.0.0.1:{pages.port}/mail/"
    assert await octets_of(await opened(url)) == []
    with pytest.raises(PeerError, match=r"/mail/api/v1/messages.*: 401 Unauthorized"):
        await opened(f"mailpit+http://127.0.0.1:{pages.port}/mail")


async def test_for_postmaster_without_a_domain_all_mail_counts(pages):
    mailpit = Mailpit(pages)
    reader = await opened(f"mailpit+http://127.0.0.1:{pages.port}", "postmaster")
    mailpit.take(RAW)
    assert await octets_of(reader) == [RAW]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"<html>", "api/v1/messages is no JSON"),
        pytest.param(b"[" * 100_000, "api/v1/messages is no JSON", id="deep"),
        (b"[]", "no list of Mailpit's"),
        (b'{"messages": [{"To": []}]}', "no list of Mailpit's"),
    ],
)
async def test_another_server_is_told_from_mailpit(pages, answer, words):
    pages.pages["/api/v1/messages"] = lambda start, limit: answer
    with pytest.raises(PeerError, match=words):
        await opened(f"mailpit+http://127.0.0.1:{pages.port}", "postmaster")


async def test_nobody_there_is_told():
    with pytest.raises(PeerError, match=r"127\.0\.0\.1:1: Connection refused"):
        await opened("mailpit+http://127.0.0.1:1")


async def test_a_password_is_told_to_nobody_in_the_clear(monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "secret")
    with pytest.raises(PeerError, match="told to whoever listens"):
        await opened("mailpit+http://alice:env:MAIL_PASSWORD@mail.test:8025")


def test_what_it_puts_on_top_is_taken_off_and_told():
    added = b"Bcc: alice@example.test\r\nMessage-ID: <x@mailpit>\r\n"
    sent = b"Bcc: d@e.test\r\nSubject: 1\r\n\r\n"
    stored = without_additions(Stored(added + RECEIVED + sent, "path"))
    assert stored.octets == RECEIVED + sent
    assert [note.split()[2] for note in stored.changed] == ["Bcc", "Message-ID"]
    assert without_additions(Stored(sent, "path")) == Stored(sent, "path")
