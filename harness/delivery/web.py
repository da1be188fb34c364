"""What servers tell by HTTP: no proxy, no redirection, and no more than we can hold."""

from __future__ import annotations

import base64
import http.client
from typing import Any, Final
from urllib.parse import quote, urlencode

from harness.delivery.doors import Door
from harness.errors import PeerError
from harness.json_reading import read_json

LARGEST: Final = 256 * 1024 * 1024  # octets of an answer


def get(door: Door, path: str, **query: int) -> bytes:
    """What is there; raises PeerError."""
    try:
        return _get(door, path, query)
    except (OSError, http.client.HTTPException) as error:
        raise door.problem(error) from error


def get_json(door: Door, path: str, **query: int) -> Any:
    """The JSON that is there; raises PeerError."""
    octets = get(door, path, **query)
    try:
        return read_json(octets)
    except ValueError as error:
        raise PeerError(f"{door.address.endpoint}: {path} is no JSON: {error}") from error


def _get(door: Door, path: str, query: dict[str, int]) -> bytes:
    where = f"{_root(door)}/{path}{'?' if query else ''}{urlencode(query)}"
    connection = _connection(door)
    try:
        connection.request("GET", where, headers=_headers(door))
        response = connection.getresponse()
        octets = response.read(LARGEST + 1)
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise PeerError(f"{door.address.endpoint}: {where}: {response.status} {response.reason}")
    if len(octets) > LARGEST:
        raise PeerError(f"{door.address.endpoint}: {where}: more than {LARGEST} octets")
    return octets


def _root(door: Door) -> str:
    folder = door.folder.strip("/")
    return f"/{quote(folder)}" if folder else ""


def _connection(door: Door) -> http.client.HTTPConnection:
    host, port, patience = door.address.host, door.address.port, door.patience
    if door.address.scheme.has_implicit_tls:
        context = door.naming_context()
        return http.client.HTTPSConnection(host, port, timeout=patience, context=context)
    if door.login is not None and not door.address.is_loopback:
        raise PeerError(f"{door.address.endpoint}: the password would be told to whoever listens")
    return http.client.HTTPConnection(host, port, timeout=patience)


def _headers(door: Door) -> dict[str, str]:
    if door.login is None:
        return {}
    told = f"{door.login.user}:{door.login.password}".encode()
    return {"Authorization": f"Basic {base64.b64encode(told).decode('ascii')}"}
