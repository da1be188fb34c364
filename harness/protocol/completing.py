"""What submission adds to a message that lacks it (RFC 6409 8.3): users' programs forget things."""

from __future__ import annotations

import re
from typing import Final

from harness.protocol.trace import Trace, on_top

# A field with its folded lines; what is read strictly elsewhere may be anything here.
_MESSAGE_ID: Final = re.compile(
    rb"^message-id[ \t]*:([^\n]*\n(?:[ \t][^\n]*\n)*)", re.IGNORECASE | re.MULTILINE
)
_IS_ONE: Final = re.compile(rb"<[^<>]+@[^<>]+>")


def as_it_came(trace: Trace, content: bytes) -> bytes:
    """Nobody's message is changed on its way (RFC 5321 6.4)."""
    return content


def with_message_id(trace: Trace, content: bytes) -> bytes:
    """The content with a Message-ID, which takes the place of one that is none."""
    end = content.find(b"\r\n\r\n")
    header = content if end < 0 else content[: end + 2]
    found = _MESSAGE_ID.findall(header)
    if any(map(_IS_ONE.search, found)):
        return content
    if found:
        content = _MESSAGE_ID.sub(b"", header) + content[len(header) :]
    return on_top(f"Message-ID: <{trace.id}@{trace.by}>\r\n".encode(), content)
