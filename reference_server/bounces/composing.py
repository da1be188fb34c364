"""The message itself: a multipart/report (RFC 6522) whose header says that no person wrote it.

It is put together by hand: the original in it has to stay as it was, octet for octet.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from reference_server.bounces.fields import one_line
from reference_server.bounces.findings import Action, Finding
from reference_server.bounces.returning import Part, header_of
from reference_server.dates import date

_WIDTH: Final = 76

# action -> subject, and what to say above the list of recipients
_WORDS: Final[Mapping[Action, tuple[str, str]]] = {
    Action.FAILED: (
        "Your message could not be delivered",
        "Your message has not been delivered to those listed below, and will not be tried again.",
    ),
    Action.DELAYED: (
        "Your message is delayed",
        "Your message has not been delivered yet to those listed below.  It will be tried further;"
        " there is nothing that you need to do.",
    ),
    Action.DELIVERED: (
        "Your message has been delivered",
        "Your message has been delivered to those listed below.",
    ),
    Action.RELAYED: (
        "Your message has been passed on",
        "Your message has been passed on for those listed below, to a mail system that may not"
        " tell you when it is delivered.",
    ),
    Action.EXPANDED: (
        "Your message has been passed on to several",
        "Your message has been delivered to those listed below, who stand for several others; you"
        " may still hear of some of them.",
    ),
}


_UNANSWERABLE: Final = (
    "A message that has no sender could not be delivered",
    "A message from the null reverse-path has not been delivered to those listed below, and will"
    " not be tried again.  It is answered to nobody, so you are the only one who hears of it.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """All that goes into a notification."""

    id: str
    domain: str
    postmaster: str
    to: str
    has_sender: bool  # to whom it goes; else to the postmaster
    date: float
    findings: tuple[Finding, ...]  # of one action
    status: str  # the fields of the second part
    returned: Part
    about: bytes  # the original


def compose(letter: Letter) -> bytes:
    """The message, in lines that end in CRLF."""
    status = letter.status.encode()
    kind = "delivery-status" if status.isascii() else "global-delivery-status"
    parts = (
        Part("text/plain; charset=utf-8", _explanation(letter).encode()),
        Part(f"message/{kind}", status),
        letter.returned,
    )
    boundary = _boundary(letter.id, parts)
    header = "".join(f"{name}: {value}\r\n" for name, value in _header(letter, boundary))
    body = b"".join(_part(part, boundary) for part in parts)
    return header.encode() + b"\r\n" + body + f"--{boundary}--\r\n".encode()


def _header(letter: Letter, boundary: str) -> Iterator[tuple[str, str]]:
    yield "Date", date(letter.date)
    yield "From", f"Mail Delivery System <{letter.postmaster}@{letter.domain}>"
    yield "To", f"<{letter.to}>"
    yield "Subject", _words(letter)[0]
    yield "Message-ID", f"<{letter.id}@{letter.domain}>"
    original = _message_id(letter.about)
    if original:
        # RFC 3834 3.1.5
        yield "In-Reply-To", original
        yield "References", original
    yield "Auto-Submitted", "auto-replied" if letter.has_sender else "auto-generated"  # RFC 3834 5
    yield "MIME-Version", "1.0"
    report = "multipart/report; report-type=delivery-status"
    yield "Content-Type", f'{report};\r\n boundary="{boundary}"'


_MESSAGE_ID: Final = re.compile(rb"^Message-ID:[ \t]*(<[!-;=?-~]{1,250}>)[ \t]*\r$", re.I | re.M)


def _message_id(content: bytes) -> str:
    found = _MESSAGE_ID.search(header_of(content))
    return found[1].decode() if found else ""


def _words(letter: Letter) -> tuple[str, str]:
    return _WORDS[letter.findings[0].action] if letter.has_sender else _UNANSWERABLE


def _explanation(letter: Letter) -> str:
    _, words = _words(letter)
    paragraphs = [
        f"This is the mail system at {letter.domain}.",
        words,
        *map(_paragraph, letter.findings),
        f"{letter.postmaster}@{letter.domain} is there for questions.",
    ]
    lines = [line for text in paragraphs for line in (*textwrap.wrap(text, _WIDTH), "")]
    return "".join(f"{line}\r\n" for line in lines[:-1])


def _paragraph(finding: Finding) -> str:
    said = "" if finding.reply is None else f"{finding.remote} said: {finding.reply}"
    why = one_line(f"{said} {finding.words}") or finding.status
    until = "" if finding.retry_until is None else f" (tried until {date(finding.retry_until)})"
    return f"<{one_line(finding.address)}>: {why}{until}"


def _boundary(id: str, parts: tuple[Part, ...]) -> str:
    """What stands in none of the parts."""
    serial = 0
    while any(f"--={id}={serial}=".encode() in part.octets for part in parts):
        serial += 1
    return f"={id}={serial}="


def _part(part: Part, boundary: str) -> bytes:
    encoding = "7bit" if part.octets.isascii() else "8bit"
    header = (
        f"--{boundary}\r\nContent-Type: {part.type}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    )
    # The line end before a boundary is the boundary's: the part keeps its own (RFC 2046 5.1.1).
    return header.encode() + b"\r\n" + part.octets + b"\r\n"
