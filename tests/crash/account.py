"""The account of what was sent and what came of it, and what is wrong if the two do not agree.

Accepted = delivered + queued, octet for octet.  A message whose end was sent and never answered may
be there or not, once for each time that it was sent (RFC 1047); all others are there once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# What the server may put on top of a message (RFC 5321 4.4), and nothing else.
_TRACE = re.compile(
    rb"(Return-Path: <[^\r\n]*>\r\n)?(?:Received: from [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+"
)


@dataclass(slots=True)
class Sent:
    """A message, who is to have it, and what its sender was told."""

    content: bytes
    recipients: tuple[str, ...]
    is_accepted: bool = False  # its final 250 was read
    unanswered: int = 0  # times that it was sent to the end without an answer


def token_of(content: bytes) -> bytes | None:
    """The token that a message of ours bears."""
    found = re.search(rb"^Token: (\S+)\r\n", content, re.MULTILINE)
    return found[1] if found else None


def faults(sent: Mapping[bytes, Sent], found: Iterable[tuple[str, bytes]]) -> list[str]:
    """What is wrong with what was found: whose it is, and its octets."""
    wrong: list[str] = []
    copies: Counter[tuple[bytes, str]] = Counter()
    for whose, octets in found:
        token = token_of(octets)
        message = sent.get(token) if token else None
        trace = _TRACE.match(octets)
        if message is None or trace is None or octets[trace.end() :] != message.content:
            wrong.append(f"{whose}: {token!r} of {len(octets)} octets is nothing that was sent")
        else:
            copies[token, whose] += 1
    for token, message in sent.items():
        wrong += _miscounted(token, message, copies)
    return [*wrong, *(f"{whose}: {token!r} is not for them" for token, whose in copies)]


def _miscounted(token: bytes, message: Sent, copies: Counter[tuple[bytes, str]]) -> Iterable[str]:
    for whose in message.recipients:
        there = copies.pop((token, whose), 0)
        if message.is_accepted and not there:
            yield f"{whose}: {token!r} is lost"
        if there > message.unanswered + message.is_accepted:
            yield f"{whose}: {token!r} is there {there} times, unanswered {message.unanswered}"
