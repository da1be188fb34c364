"""MailHog, faked from its API's description: it cannot be had here (its modules are gone)."""

from __future__ import annotations

import json

import pytest

from harness.delivery.mailhog import LOST, NO_END
from harness.errors import PeerError
from tests.delivery.reading import ALICE, opened
from tests.delivery.web_server import Pages, web_server


class MailHog:
    """Messages as MailHog lists them: newest first, at most 250."""

    def __init__(self, pages: Pages) -> None:
        self.items: list[dict[str, object]] = []
        pages.pages["/api/v2/messages"] = self.listed

    def listed(self, start: int, limit: int) -> bytes:
        newest_first = self.items[::-1]
        found = newest_first[start : start + min(limit, 250)]
        answer = {"total": len(newest_first), "count": len(found), "start": start, "items": found}
        return json.dumps(answer).encode()

    def take(self, data: str, *to: str, received: tuple[str, ...] = ()) -> None:
        ours = f"from c by m (MailHog)\r\n          id {len(self.items)}; today"
        fields = {"Received": [*received, ours], "Return-Path": ["<a@b.test>"], "Subject": ["1"]}
        self.items.append({
            "ID": f"{len(self.items)}@m",
            "Content": {"Headers": fields, "Body": ""},
            "Raw": {"From": "a@b.test", "To": list(to), "Data": data, "Helo": "c"},
        })  # fmt: skip


@pytest.fixture
def pages():
    with web_server() as found:
        yield found


ON_TOP = b"Return-Path: <a@b.test>\r\nReceived: from c by m (MailHog)\r\n          id %d; today\r\n"


async def test_what_arrives_for_a_recipient_is_put_together_as_it_was(pages):
    mailhog = MailHog(pages)
    mailhog.take("old", ALICE)
    reader = await opened(f"mailhog+http://127.0.0.1:{pages.port}")
    sent = "Received: from x\r\nSubject: 1\r\n\r\n.ü"
    mailhog.take(sent, "bob@example.test", "Alice@example.test", received=("from x",))
    mailhog.take("bob's", "bob@example.test")
    mailhog.take("Subject: 1\r\n\r\n\N{REPLACEMENT CHARACTER}", ALICE)

    first, second = await reader.messages()
    assert first.octets == ON_TOP % 1 + sent.encode() + b"\r\n"
    assert first.changed == (NO_END,)
    assert second.octets.startswith(ON_TOP % 3)
    assert second.changed == (NO_END, LOST)


async def test_a_list_of_many_pages_is_read_to_its_end(pages):
    mailhog = MailHog(pages)
    reader = await opened(f"mailhog+http://127.0.0.1:{pages.port}")
    mailhog.take("first", ALICE)
    for _ in range(500):
        mailhog.take("bob's", "bob@example.test")

    assert len(await reader.messages()) == 1


@pytest.mark.parametrize("answer", [b"[]", b'{"items": [{"ID": "1"}]}', b'{"items": [1]}'])
async def test_another_server_is_told_from_mailhog(pages, answer):
    pages.pages["/api/v2/messages"] = lambda start, limit: answer
    with pytest.raises(PeerError, match="no list of MailHog's"):
        await opened(f"mailhog+http://127.0.0.1:{pages.port}")
