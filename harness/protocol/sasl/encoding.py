"""Base64 as strictly as SASL profiles want it."""

from __future__ import annotations

import base64
import re

# The library takes padding that pads nothing; RFC 4954 4 wants it refused.
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def decode64(octets: bytes) -> bytes | None:
    """The octets that base64 stands for; None if a character or the padding is wrong."""
    return base64.b64decode(octets) if _BASE64.fullmatch(octets) else None


def encode64(octets: bytes) -> bytes:
    """The octets in base64, on one line."""
    return base64.b64encode(octets)
