"""Where what was sent begins in what arrived.

RFC 5321 4.4 has servers put trace fields on top; from the first field that we sent on, each octet
must be the one that we sent.
"""

from __future__ import annotations

from typing import Final

from harness.content.message import fields_on_top

# Fields that servers put on top when they receive or deliver.
TRACE: Final = frozenset({
    "received", "return-path", "delivered-to", "x-original-to", "envelope-to", "delivery-date",
    "authentication-results", "received-spf", "x-envelope-to", "x-envelope-from", "x-received",
})  # fmt: skip


def begin_of(sent: bytes, arrived: bytes) -> int:
    """The offset: that of its first line, or below all trace fields if that line is gone."""
    if arrived.endswith(sent):
        return len(arrived) - len(sent)
    line = sent[: sent.find(b"\n") + 1]
    at = (b"\n" + arrived).find(b"\n" + line) if line else -1
    return at if at >= 0 else _below_trace(arrived)


def _below_trace(arrived: bytes) -> int:
    at = 0
    for field in fields_on_top(arrived):
        if field.name not in TRACE:
            break
        at += len(field.octets)
    return at
