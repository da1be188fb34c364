"""OAUTHBEARER (RFC 7628): a token that somebody else has given to the client.

A refusal is told in JSON within the exchange, and the client has to answer it with one octet
before it is told again as the outcome (3.2.3).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from harness.protocol.sasl.exchange import ClientSteps, Denied, Granted, ServerSteps
from harness.protocol.sasl.gs2 import encode_name, read_header
from harness.protocol.sasl.preparing import prepare
from harness.protocol.sasl.sides import ClientSide, Login, ServerSide

_DUMMY = b"\x01"
_PAIR = re.compile(rb"([A-Za-z]+)=([\x20-\x7e\t\r\n]*)\x01")
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)  # RFC 6750 2.1


def oauthbearer_client(login: Login, side: ClientSide) -> ClientSteps:
    """The client's end; what stands for a password in the log-in is the token."""
    pairs = [("host", side.host), ("port", str(side.port or ""))]
    told = "".join(f"{key}={value}\x01" for key, value in pairs if value)
    for_whom = b"a=" + encode_name(login.user) if login.user else b""
    yield b"n," + for_whom + f",\x01{told}auth=Bearer {login.password}\x01\x01".encode()
    yield _DUMMY


def oauthbearer_server(side: ServerSide) -> ServerSteps:
    """The server's end.

    Which host and port the client means is not checked: we do not know by which name it came here.
    """
    said = read_bearer((yield b""))
    if said is None:
        yield _error("invalid_request")
        return Denied()
    authzid, token = said
    owner = side.credentials.owner_of(token)
    if owner is None or authzid not in ("", owner):
        yield _error("invalid_token")
        return Denied()
    return Granted(owner)


def read_bearer(message: bytes) -> tuple[str, str] | None:
    """For whom the client wants to act, and its token; None if that is no right message."""
    parts = read_header(message)
    if parts is None:
        return None
    header, rest = parts
    pairs = _read_pairs(rest)
    match = None if pairs is None else _BEARER.fullmatch(pairs.get("auth", ""))
    authzid = prepare(header.authzid)
    return None if match is None or authzid is None else (authzid, match[1])


def _read_pairs(octets: bytes) -> Mapping[str, str] | None:
    if not (octets.startswith(b"\x01") and octets.endswith(b"\x01\x01")):
        return None
    between = octets[1:-1]
    found = _PAIR.findall(between)
    if sum(len(key) + len(value) + 2 for key, value in found) != len(between):
        return None
    return {key.decode().lower(): value.decode() for key, value in found}


def _error(status: str) -> bytes:
    return json.dumps({"status": status, "scope": "mail"}).encode()
