"""Limits: what is the most that a receiving end takes; some extensions announce theirs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is the most that we take; RFC 5321 4.5.3.1 gives the floors, None is without limit."""

    command_line: int = 512  # octets with CRLF; the offered extensions add to it
    response_line: int = 12_288  # of an AUTH exchange: RFC 4954 4
    text_line: int | None = None  # octets with CRLF; None is as long as the message may be
    message: int = 10_485_760  # octets
    chunk: int = 1_073_741_824  # octets that we pass over; the message has its own limit
    recipients: int = 1_000  # of one message
    junk: int = 1_000  # commands that move nothing, between two messages
    errors: int = 20  # refusals on one connection before it is closed
    log_ins: int = 5  # that fail, on one connection
    mails: int | None = None  # MAIL commands on one connection, taken or not: RFC 9422 4.1
    domains: int | None = None  # of recipients on one connection: RFC 9422 4.3
    hold: int = 2_592_000  # seconds for which we keep a message back: RFC 4865
    deliver_by: int = 0  # the least seconds within which we promise to return it: RFC 2852 3
