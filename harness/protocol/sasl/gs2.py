"""The GS2 header, which SCRAM and OAUTHBEARER begin with (RFC 5801 4)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADER = re.compile(rb"(n|y|p=([A-Za-z0-9.-]+)),(?:a=([^,]*))?,")
_ESCAPE = re.compile("=(2C|3D)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gs2Header:
    """What a client says of channel binding, and for whom it wants to act."""

    octets: bytes
    flag: str  # n: cannot bind; y: could, but the server seems not to; p: binds
    binding: str = ""  # the type, behind p
    authzid: str = ""


def read_header(message: bytes) -> tuple[Gs2Header, bytes] | None:
    """The header of a message and what stands behind it; None if there is none."""
    match = _HEADER.match(message)
    if match is None:
        return None
    authzid = "" if match[3] is None else decode_name(match[3])
    if authzid is None:
        return None
    binding = (match[2] or b"").decode()
    flag = match[1][:1].decode()
    header = Gs2Header(octets=match[0], flag=flag, binding=binding, authzid=authzid)
    return header, message[match.end() :]


def encode_name(name: str) -> bytes:
    """A saslname: comma and equals sign written otherwise."""
    return name.replace("=", "=3D").replace(",", "=2C").encode()


def decode_name(octets: bytes) -> str | None:
    """The name that a saslname stands for; None if it is none."""
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return None
    if not text or "\0" in text or "," in text or "=" in _ESCAPE.sub("", text):
        return None
    return text.replace("=2C", ",").replace("=3D", "=")
