"""Trace lines: what a receiving end writes on top of a message (RFC 5321 4.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from harness.protocol.services import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where a message came from and went through; `date` is text, as RFC 5322 3.3 writes it."""

    client: str  # what it called itself
    peer: str  # its address: "127.0.0.1" or "IPv6:::1"
    by: str
    protocol: str  # SMTP, ESMTP, ESMTPS, ...: `protocol_name`
    id: str
    date: str
    recipient: str | None = None  # named only where it is the only one (RFC 5321 7.2)
    suite: str | None = None  # of ciphers: RFC 8314 4.3
    priority: int | None = None  # RFC 6710 4.1 (2)


def protocol_name(
    *,
    service: Service = Service.SMTP,
    extended: bool,
    secure: bool,
    authenticated: bool,
    utf8: bool = False,
) -> str:
    """The word after `with` (RFC 3848, RFC 6531 4.3)."""
    if not extended:
        return "SMTP"
    lmtp = "LMTP" if service is Service.LMTP else None
    name = f"UTF8{lmtp or 'SMTP'}" if utf8 else lmtp or "ESMTP"
    return name + ("S" if secure else "") + ("A" if authenticated else "")


def received(trace: Trace) -> bytes:
    """The Received field, folded, with its CRLF."""
    to_whom = f"\r\n\tfor <{trace.recipient}>" if trace.recipient else ""
    ciphers = f"\r\n\ttls {trace.suite}" if trace.suite else ""
    urgency = "" if trace.priority is None else f"\r\n\tPRIORITY {trace.priority}"
    return (
        f"Received: from {trace.client} ([{trace.peer}])\r\n"
        f"\tby {trace.by} with {trace.protocol} id {trace.id}{to_whom}{ciphers}{urgency};\r\n"
        f"\t{trace.date}\r\n"
    ).encode("utf-8", "replace")


def stamp(trace: Trace, content: bytes) -> bytes:
    """The content with its Received field on top; nothing below changes (RFC 5321 4.4)."""
    return on_top(received(trace), content)


def return_path(reverse_path: str) -> bytes:
    """The Return-Path field of final delivery; the null reverse-path is the empty string."""
    return f"Return-Path: <{reverse_path}>\r\n".encode("utf-8", "replace")


def delivered(reverse_path: str, content: bytes) -> bytes:
    """The content as it is finally delivered: one return path, and it is ours (RFC 5321 4.4)."""
    header, blank, body = content.partition(b"\r\n\r\n")
    if _NAME in header.lower():  # which is rare, and looking is all that this costs otherwise
        content = _RETURN_PATH.sub(b"", header + blank) + body
    return on_top(return_path(reverse_path), content)


def on_top(field: bytes, content: bytes) -> bytes:
    """A text that begins with a blank has no header.

    Right below a field it would be read as the rest of it, folded (RFC 5322 2.2.3): anybody could
    write on in a trace line of ours.  The empty line that ends a header tells the two apart.
    """
    return field + (b"\r\n" if content.startswith((b" ", b"\t")) else b"") + content


_NAME: Final = b"return-path"
_RETURN_PATH: Final = re.compile(
    rb"^return-path[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE
)
