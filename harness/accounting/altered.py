"""Whether a message arrived as it was sent: fields may stand above it, and nothing may change."""

from __future__ import annotations

from typing import Final

from harness.content import begin_of, is_header
from harness.visible import first_difference, visible

_SHOWN: Final = 24  # octets of each side


def alteration(sent: bytes, arrived: bytes) -> str | None:
    """Where and how it differs from what was sent; None if it does not."""
    begin = begin_of(sent, arrived)
    if len(arrived) - begin == len(sent) and arrived.endswith(sent):
        above = arrived[:begin]
        if is_header(above):
            return None
        return f"above what was sent stands {_shown(above, 0)}, which is no field"
    found = arrived[begin:]
    at = first_difference(sent, found)
    return f"octet {at} of {len(sent)}: wanted {_shown(sent, at)}, found {_shown(found, at)}"


def _shown(octets: bytes, at: int) -> str:
    part = octets[at : at + _SHOWN]
    return f"'{visible(part)}'" if part else "the end"
