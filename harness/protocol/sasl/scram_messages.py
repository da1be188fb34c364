"""The messages of SCRAM (RFC 5802 7), read strictly: attributes have their order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from harness.protocol.sasl.encoding import decode64
from harness.protocol.sasl.gs2 import Gs2Header, decode_name, read_header

# A hostile server could keep a client busy for ever; most ask for 4,096, the careful for 600,000.
MOST_ITERATIONS: Final = 1_000_000

_NONCE = rb"r=([\x21-\x2b\x2d-\x7e]+)"
_MORE = rb"(?:,[A-Za-z]=[^,\0]+)*"  # extensions, which may be ignored
_CLIENT_FIRST = re.compile(rb"n=([^,]*)," + _NONCE + _MORE)
_SERVER_FIRST = re.compile(_NONCE + rb",s=([^,]+),i=([1-9][0-9]{0,8})" + _MORE)
_CLIENT_FINAL = re.compile(rb"(c=([^,]*)," + _NONCE + _MORE + rb"),p=([^,]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFirst:
    """Who the client is, and its nonce."""

    header: Gs2Header
    bare: bytes  # the message without the header: part of what is proven
    user: str
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFirst:
    """Both nonces, and how the password has been salted."""

    nonce: str
    salt: bytes
    iterations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFinal:
    """What the client binds, both nonces, and the proof."""

    without_proof: bytes
    binding: bytes
    nonce: str
    proof: bytes = field(repr=False)


def read_client_first(message: bytes) -> ClientFirst | None:
    """The message, or None if it is none; an extension that must be understood never is."""
    parts = read_header(message)
    if parts is None:
        return None
    header, bare = parts
    match = _CLIENT_FIRST.fullmatch(bare)
    user = None if match is None else decode_name(match[1])
    if match is None or user is None:
        return None
    return ClientFirst(header=header, bare=bare, user=user, nonce=match[2].decode())


def read_server_first(message: bytes) -> ServerFirst | None:
    """The message, or None if it is none, or one that asks for too much."""
    match = _SERVER_FIRST.fullmatch(message)
    salt = None if match is None else decode64(match[2])
    if match is None or salt is None or int(match[3]) > MOST_ITERATIONS:
        return None
    return ServerFirst(nonce=match[1].decode(), salt=salt, iterations=int(match[3]))


def read_client_final(message: bytes) -> ClientFinal | None:
    """The message, or None if it is none."""
    match = _CLIENT_FINAL.fullmatch(message)
    if match is None:
        return None
    binding, proof = decode64(match[2]), decode64(match[4])
    if binding is None or proof is None:
        return None
    return ClientFinal(
        without_proof=match[1], binding=binding, nonce=match[3].decode(), proof=proof
    )
