"""What submission adds to a message that lacks it."""

from __future__ import annotations

import pytest

from harness.protocol.completing import as_it_came, with_message_id
from harness.protocol.trace import Trace

TRACE = Trace(
    client="c.test", peer="127.0.0.1", by="example.test", protocol="ESMTPSA", id="1-a", date="now"
)
OURS = b"Message-ID: <1-a@example.test>\r\n"

CONTENTS = {
    "none": (b"Subject: x\r\n\r\nbody\r\n", OURS + b"Subject: x\r\n\r\nbody\r\n"),
    "one": (b"Message-Id: <a@b>\r\n\r\nbody\r\n", None),
    "one, folded": (b"A: b\r\nMESSAGE-ID:\r\n <a@b>\r\n\r\nbody\r\n", None),
    "one at the very end": (b"A: b\r\nMessage-ID: <a@b>\r\n", None),
    "one in the body": (
        b"A: b\r\n\r\nMessage-ID: <a@b>\r\n",
        OURS + b"A: b\r\n\r\nMessage-ID: <a@b>\r\n",
    ),
    "one that is none": (b"Message-ID: what?\r\nA: b\r\n\r\nc\r\n", OURS + b"A: b\r\n\r\nc\r\n"),
    "none, folded": (b"A: b\r\nMessage-ID: x\r\n y\r\n\r\nc\r\n", OURS + b"A: b\r\n\r\nc\r\n"),
    "none, and nothing else": (b"Message-ID: x\r\n", OURS),
    "text alone": (b"hello\r\n", OURS + b"hello\r\n"),
    "text that begins with a blank": (b" hello\r\n", OURS + b"\r\n hello\r\n"),
    "nothing": (b"", OURS),
}  # fmt: skip


@pytest.mark.parametrize(("content", "completed"), CONTENTS.values(), ids=CONTENTS)
def test_a_message_without_an_id_gets_one(content, completed):
    assert with_message_id(TRACE, content) == (content if completed is None else completed)


def test_elsewhere_a_message_stays_as_it_came():
    assert as_it_came(TRACE, b"Subject: x\r\n") == b"Subject: x\r\n"
