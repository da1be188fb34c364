"""xtext: how a parameter carries characters that a parameter may not hold (RFC 3461 4)."""

from __future__ import annotations

import re

_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_HEXCHAR = re.compile(rb"\+(..)")
_SPECIAL = re.compile(rb"[^!-*,-<>-~]")


def decode_xtext(text: str) -> bytes | None:
    """The octets that are meant; None if this is no xtext."""
    if _XTEXT.fullmatch(text) is None:
        return None
    return _HEXCHAR.sub(lambda match: bytes([int(match[1], 16)]), text.encode())


def encode_xtext(octets: bytes) -> str:
    """The octets as xtext."""
    return _SPECIAL.sub(lambda match: b"+%02X" % match[0][0], octets).decode()
