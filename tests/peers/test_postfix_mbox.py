"""The mbox reader and a file that Postfix appends to, quoting `From ` as it does."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import trio

from harness.delivery.undoing import LF_UNDONE, QUOTE_UNDONE
from tests.delivery.reading import opened
from tests.peers.relaying import hand_over, relaying
from tests.peers.serving import PATIENCE, Served

pytestmark = pytest.mark.peer

TO = "mbox@many.example.test"
CACHE = os.environ.get("SMTP_HARNESS_TARGETS") or "~/.cache/smtp-harness/targets"
FILE = Path(CACHE).expanduser() / "postfix-relay" / "mail" / "mbox"
HEADER = b"Subject: to be appended\r\nMessage-ID: <1@b.test>\r\n"
TEXTS = [
    b"\r\nFrom here\r\n\r\nFrom there\r\n not From here\r\n",
    b"\r\n..\r\n\r\n\r\n",
    b"\r\n\xff\xfe" + b"x" * 990 + b"\r\n",
]


async def test_what_postfix_appends_is_read_octet_for_octet(server: Served) -> None:
    contents = [HEADER + text for text in TEXTS]
    with relaying("postfix-relay", server.ca, "alice:secret", f"{TO}=mbox:") as port:
        reader = await opened(f"mbox:{FILE}", TO)
        deadline = time.monotonic() + PATIENCE
        found = []
        for number, content in enumerate(contents, 1):  # one by one, for the queue has no order
            await trio.to_thread.run_sync(hand_over, port, [TO], content)
            while len(found) < number and time.monotonic() < deadline:
                await trio.sleep(0.05)
                found = await reader.messages()

    assert len(found) == len(contents)
    for stored, content in zip(found, contents, strict=True):
        assert stored.octets.endswith(b"\r\n" + content)
    assert [stored.changed for stored in found] == [
        (LF_UNDONE, QUOTE_UNDONE),
        (LF_UNDONE,),
        (LF_UNDONE,),
    ]
