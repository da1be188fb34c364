"""Lies about what is put on top of a message, and who gets it (RFC 5321 4.4, 7.2, appendix C)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from harness.protocol import trace
from harness.protocol.addresses import ForwardPath, read_forward_path
from harness.protocol.receiver import RULES, Addressee, Envelope, Rules
from harness.protocol.trace import Trace
from reference_server.lies.model import Lie


def _received_with(pattern: bytes, other: bytes) -> Rules:
    """The rules where something else stands in the Received field that we add."""

    def stamp(traced: Trace, content: bytes) -> bytes:
        return re.sub(pattern, other, trace.received(traced), count=1) + content

    return replace(RULES, stamp=stamp)


def _below_the_header(traced: Trace, content: bytes) -> bytes:
    header, blank, body = content.partition(b"\r\n\r\n")
    if not blank:  # there is no header
        return trace.stamp(traced, content)
    return header + b"\r\n" + trace.received(traced) + blank[2:] + body


def _apparently(traced: Trace, content: bytes) -> bytes:
    to = f"Apparently-To: <{traced.recipient or 'undisclosed'}>\r\n".encode()
    return trace.received(traced) + to + content


def _all(recipients: Sequence[Addressee]) -> str:
    return ">, <".join(map(str, recipients))


def _the_first(recipients: Sequence[Addressee]) -> str:
    return str(recipients[0])


def _without_return_path(reverse_path: str, content: bytes) -> bytes:
    return content


def _return_to_somebody(reverse_path: str, content: bytes) -> bytes:
    return trace.delivered(reverse_path or "MAILER-DAEMON", content)


def _one_more_return_path(reverse_path: str, content: bytes) -> bytes:
    return trace.return_path(reverse_path) + content


def _by_the_header(envelope: Envelope, content: bytes) -> Sequence[Addressee]:
    header = content.partition(b"\r\n\r\n")[0]
    to = re.search(rb"(?im)^To:.*", header)
    paths = map(read_forward_path, re.findall(rb"<[^<>\s]+>", to[0] if to else b""))
    named = tuple(Addressee(path) for path in paths if isinstance(path, ForwardPath))
    return named or envelope.recipients


TRACING: Final[Mapping[str, Lie]] = {
    # --- the Received field
    "received-without-from": Lie(
        "the Received field does not say where the message came from",
        _received_with(rb"from .*\r\n\t", b""),
    ),
    "received-without-name": Lie(
        "the Received field has no name behind FROM, but the client's address",
        _received_with(rb"from \S+ \((\[.*\])\)", rb"from \1"),
    ),
    "received-without-by": Lie(
        "the Received field does not say who received it", _received_with(rb"by \S+ ", b"")
    ),
    "received-with-smtp": Lie(
        "the Received field says SMTP after EHLO too", _received_with(rb"with \S+", b"with SMTP")
    ),
    "received-with-esmtp": Lie(
        "the Received field says ESMTP after HELO too", _received_with(rb"with \S+", b"with ESMTP")
    ),
    "received-with-http": Lie(
        "the Received field says HTTP", _received_with(rb"with \S+", b"with HTTP")
    ),
    "received-two-digit-year": Lie(
        "the date of the Received field has a year of two digits",
        _received_with(rb" 20(\d\d) (?=\d\d:)", rb" \1 "),
    ),
    "received-zone-name": Lie(
        "the date of the Received field names its zone",
        _received_with(rb"[+-]\d{4}\r\n$", b"GMT\r\n"),
    ),
    "received-zone-unknown": Lie(
        "the date of the Received field says -0000, as if nobody knew where this is",
        _received_with(rb"[+-]\d{4}\r\n$", b"-0000\r\n"),
    ),
    "received-below": Lie(
        "the Received field is put below the header of the message",
        replace(RULES, stamp=_below_the_header),
    ),
    "for-all": Lie("the FOR clause names all recipients", replace(RULES, named_in_trace=_all)),
    "for-the-first": Lie(
        "the FOR clause names the first recipient to all",
        replace(RULES, named_in_trace=_the_first),
    ),
    "apparently-to": Lie("a field Apparently-To is added", replace(RULES, stamp=_apparently)),
    # --- final delivery
    "no-return-path": Lie(
        "final delivery adds no Return-Path", replace(RULES, deliver=_without_return_path)
    ),
    "null-return-path-named": Lie(
        "the null reverse-path becomes MAILER-DAEMON in Return-Path",
        replace(RULES, deliver=_return_to_somebody),
    ),
    "two-return-paths": Lie(
        "a Return-Path that a message came with stays",
        replace(RULES, deliver=_one_more_return_path),
    ),
    "routed-by-header": Lie(
        "a message goes to whom its field To names", replace(RULES, addressees=_by_the_header)
    ),
}
