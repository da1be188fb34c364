"""PLAIN (RFC 4616): the password itself, in one message."""

from __future__ import annotations

from collections.abc import Iterable

from harness.protocol.sasl.exchange import ClientSteps, Denied, Granted, ServerSteps
from harness.protocol.sasl.preparing import prepare
from harness.protocol.sasl.sides import ClientSide, Login, ServerSide, identity


def plain_client(login: Login, side: ClientSide) -> ClientSteps:
    """The client's end."""
    for_whom = identity(side.spoil, login.user)
    yield f"{for_whom}\0{login.user}\0{login.password}".encode()


def plain_server(side: ServerSide) -> ServerSteps:
    """The server's end."""
    fields = words((yield b"").split(b"\0"))
    if fields is None or len(fields) != 3:
        return Denied()
    for_whom, user, password = fields
    # Nobody may act for another here.
    return judge_password(side, user, password) if for_whom in ("", user) else Denied()


def judge_password(side: ServerSide, user: str, password: str) -> Granted | Denied:
    """Both are prepared first, and neither may be empty then (RFC 4616 2)."""
    name, secret = prepare(user), prepare(password)
    if name and secret and side.credentials.knows_password(name, secret):
        return Granted(name)
    return Denied()


def words(octets: Iterable[bytes]) -> list[str] | None:
    """The octets as text, or None if one of them is not UTF-8."""
    try:
        return [word.decode() for word in octets]
    except UnicodeDecodeError:
        return None
