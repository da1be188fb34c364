"""Whether a message arrived as it was sent: fields may stand above it, and nothing may change.

RFC 5321 4.4 has relays put trace fields on top; below the first field that we sent, each
octet must be the one that we sent.
"""

from __future__ import annotations

import re
from typing import Final

from harness.visible import first_difference, visible

_FIELDS: Final = re.compile(rb"(?:[!-9;-~]+[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*)*")
_SHOWN: Final = 24  # octets of each side


def alteration(sent: bytes, arrived: bytes) -> str | None:
    """Where and how it differs from what was sent; None if it does not."""
    if arrived.endswith(sent):
        above = arrived[: len(arrived) - len(sent)]
        if _FIELDS.fullmatch(above):
            return None
        return f"above what was sent stands {_shown(above, 0)}, which is no field"
    begin = _begin(sent, arrived)
    found = arrived[begin:]
    at = first_difference(sent, found)
    return f"octet {at} of {len(sent)}: wanted {_shown(sent, at)}, found {_shown(found, at)}"


def _begin(sent: bytes, arrived: bytes) -> int:
    """Where what was sent begins: at its first line, or below all trace fields if that is gone."""
    first = sent[: sent.find(b"\n") + 1]
    if first:
        at = (b"\n" + arrived).find(b"\n" + first)
        if at >= 0:
            return at
    trace = _TRACE.match(arrived)
    return trace.end() if trace else 0


_TRACE: Final = re.compile(
    rb"(?:(?:Received|Return-Path|Delivered-To|X-Original-To|Envelope-To|Delivery-Date)"
    rb"[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*)*",
    re.IGNORECASE,
)


def _shown(octets: bytes, at: int) -> str:
    part = octets[at : at + _SHOWN]
    return f"'{visible(part)}'" if part else "the end"
