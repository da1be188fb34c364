"""The parameters of MAIL and RCPT: what a message needs, of what the server offers.

Two questions, kept apart: `fitted` says of a content what must be said of it, and `as_understood`
is for who passes mail on, whose envelope may ask for more than the next server knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from harness.errors import NotOffered
from harness.protocol.commands import Parameters
from harness.protocol.replies import Capabilities
from harness.protocol.sender.opening import Envelope
from harness.protocol.transparency import whole_lines

_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:|[ \t]")  # how a line of a header begins (RFC 5322 2.2)
# What 8-bit data may not hold (RFC 2045 2.8): a NUL, or more than 998 octets (and a CR) in a line.
_NO_8BIT = re.compile(rb"\0|[^\n]{1000}")


def fitted(envelope: Envelope, content: bytes, capabilities: Capabilities) -> Envelope:
    """The envelope with what MAIL must say of this content; what it says already stays.

    Raises NotOffered if the message needs what the server does not offer.
    """
    said = {name for name, _ in envelope.mail_parameters}
    more = (row for row in _needs(envelope, content, capabilities, said) if row[0] not in said)
    return replace(envelope, mail_parameters=(*envelope.mail_parameters, *more))


def as_understood(envelope: Envelope, capabilities: Capabilities) -> Envelope:
    """The envelope without what this server does not understand, and what `fitted` will say anew.

    Raises NotOffered if the message must not go without it.
    """
    said = envelope.mail_parameters
    if not envelope.sender:
        # RFC 8689 5: a bounce is not lost because REQUIRETLS cannot be had on its way back.
        said = tuple(row for row in said if row[0] != "REQUIRETLS" or "REQUIRETLS" in capabilities)
    mail = tuple(_understood(said, _MAIL, capabilities))
    rcpt = {
        to: tuple(_understood(parameters, _RCPT, capabilities))
        for to, parameters in envelope.rcpt_parameters.items()
    }
    return replace(envelope, mail_parameters=mail, rcpt_parameters=rcpt)


def has_bare_ends(content: bytes) -> bool:
    """Whether CR or LF stands by itself, which no lines of text may have (RFC 5321 2.3.8)."""
    ends = content.count(b"\r\n")
    return not content.count(b"\n") == ends == content.count(b"\r")


def wants_utf8(envelope: Envelope, content: bytes) -> bool:
    """Whether an address or the header holds more than US-ASCII (RFC 6531 3.4, RFC 6532)."""
    if not all(map(str.isascii, (envelope.sender, *envelope.recipients))):
        return True
    return not content.isascii() and not _header(content).isascii()


# --- what a message needs ------------------------------------------------------------------------


def _needs(
    envelope: Envelope, content: bytes, capabilities: Capabilities, said: set[str]
) -> Iterator[tuple[str, str | None]]:
    body = None if "BODY" in said else _body(content, capabilities)
    if "SIZE" in capabilities:
        binary = ("BODY", "BINARYMIME") in (*envelope.mail_parameters, ("BODY", body))
        yield "SIZE", str(len(content if binary else whole_lines(content)))
    if body is not None:
        yield "BODY", body
    if "SMTPUTF8" not in said and wants_utf8(envelope, content):
        if "SMTPUTF8" not in capabilities:
            raise _lacking("SMTPUTF8", "an address or the header has letters beyond US-ASCII")
        yield "SMTPUTF8", None


def _body(content: bytes, capabilities: Capabilities) -> str | None:
    bare = has_bare_ends(content)
    if bare or _NO_8BIT.search(content):
        if "BINARYMIME" in capabilities and "CHUNKING" in capabilities:
            return "BINARYMIME"
        if bare:
            # RFC 3030 3: binary data is not sent, under any circumstances.  What else may not
            # stand in 8-bit data does no harm, and is for the server to judge.
            raise _lacking("BINARYMIME", "the content has a CR or LF by itself")
    if content.isascii():
        return None
    if "8BITMIME" not in capabilities:
        # RFC 6152 3 leaves converting it or giving up.
        raise _lacking("8BITMIME", "the content has 8-bit octets")
    return "8BITMIME"


def _header(content: bytes) -> bytes:
    """The lines at the beginning that are fields of a header."""
    end = 0
    while _FIELD.match(content, end):
        end = content.find(b"\n", end) + 1 or len(content)
    return content[:end]


# --- what a server understands -------------------------------------------------------------------

# parameter -> the keyword of EHLO that stands for it, and what of its values a message may not go
# without: REQUIRETLS (RFC 8689 4.2.1), a deadline by which it shall be returned (RFC 2852 4.2), and
# a time before which it shall not arrive (RFC 4865 5).
_NOTHING: Final = re.compile(r"(?!)")
_ANYTHING: Final = re.compile(r"")
_MAIL: Mapping[str, tuple[str, re.Pattern[str]]] = {
    "RET": ("DSN", _NOTHING),
    "ENVID": ("DSN", _NOTHING),
    "AUTH": ("AUTH", _NOTHING),
    "MT-PRIORITY": ("MT-PRIORITY", _NOTHING),
    "REQUIRETLS": ("REQUIRETLS", _ANYTHING),
    "BY": ("DELIVERBY", re.compile(r"[^;]*;R", re.IGNORECASE)),
    "HOLDFOR": ("FUTURERELEASE", _ANYTHING),
    "HOLDUNTIL": ("FUTURERELEASE", _ANYTHING),
}
_RCPT: Mapping[str, tuple[str, re.Pattern[str]]] = {
    "NOTIFY": ("DSN", _NOTHING),
    "ORCPT": ("DSN", _NOTHING),
}


def _understood(
    parameters: Parameters,
    table: Mapping[str, tuple[str, re.Pattern[str]]],
    capabilities: Capabilities,
) -> Iterator[tuple[str, str | None]]:
    for name, value in parameters:
        if name not in table:
            continue
        keyword, indispensable = table[name]
        if keyword in capabilities:
            yield name, value
        elif indispensable.match(value or ""):
            raise _lacking(keyword, f"the message may not go without {name}")


def _lacking(keyword: str, why: str) -> NotOffered:
    return NotOffered(keyword, f"{why}, and the server offers no {keyword}")
