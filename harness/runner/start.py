"""Starts: all that a client must do to get to where a case begins, done and answered well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn

from harness.client import drive
from harness.errors import PeerError, Refused, TlsFailed, Untrusted
from harness.protocol.replies import CLOSING, GO_AHEAD, Reply
from harness.protocol.sasl import ClientSide, Login, best_mechanism
from harness.protocol.sender import log_in
from harness.runner.connection import Connection
from harness.runner.endings import Busy, StartRefused, Trouble, Void
from harness.target import Target
from harness.transcripts.matching import Closed, Heard, describe
from harness.transcripts.steps import Start
from harness.wire import Piece

Step = Callable[[Connection], Awaitable[None]]


async def reach(connection: Connection, start: Start, *, anonymous: bool = False) -> None:
    """Bring a fresh connection to the start; raises StartRefused, Busy or Void.

    Where the target always demands a log-in, there is one on the way unless the case wants none.
    """
    if start is not Start.TCP:
        await begin_tls(connection)
    for step in _way(start, connection, anonymous=anonymous):
        await step(connection)


async def begin_tls(connection: Connection) -> None:
    """The handshake, on a listener that speaks TLS from the first octet."""
    if not connection.address.scheme.has_implicit_tls:
        return
    try:
        await connection.secure()
    except Untrusted as error:
        raise Trouble(untrusted(error)) from error
    except TlsFailed as error:
        hint = ": use smtp://" if "plain text" in str(error) else ""
        raise StartRefused(f"{connection.address}: {error}{hint}") from error
    except PeerError as error:
        raise StartRefused(f"{connection.address}: no TLS handshake: {error}") from error


def _way(start: Start, connection: Connection, *, anonymous: bool) -> list[Step]:
    """What lies between the connection and the start.  TLS and AUTH do so only if named."""
    if start in (Start.TCP, Start.CONNECT, Start.GREETING):
        return [_greeting] if start is Start.GREETING else []
    target = connection.target
    way: list[Step] = [_greeting, _hello]
    if (start is Start.TLS or "tls" in target.always) and not connection.wire.is_secure:
        way.append(_tls)
    if start is Start.AUTH or ("auth" in target.always and not anonymous):
        way.append(_auth)
    for further, step in _TRANSACTION.items():
        if list(Start).index(further) <= list(Start).index(start):
            way.append(step)
    return way


async def _greeting(connection: Connection) -> None:
    heard = await connection.hear()
    if isinstance(heard, Closed):
        raise Busy(f"{heard.how} before the greeting")
    _insist("the greeting", heard, 220)


async def _hello(connection: Connection) -> None:
    name = connection.target.our_name
    heard = await _ask(connection, f"{connection.hello} {name}")
    if isinstance(heard, Reply) and heard.code // 100 == 5 and connection.hello == "EHLO":
        # RFC 5321 3.2: HELO where EHLO is not understood.
        heard = await _ask(connection, f"HELO {name}")
    _insist(connection.hello, heard, 250)


async def _tls(connection: Connection) -> None:
    _insist("STARTTLS", await _ask(connection, "STARTTLS"), 220)
    try:
        await connection.secure()
    except Untrusted as error:
        raise Trouble(untrusted(error)) from error
    except PeerError as error:
        raise StartRefused(f"the TLS handshake: {error}") from error
    await _hello(connection)


async def _auth(connection: Connection) -> None:
    await _tls_for_auth(connection)
    offered = connection.capabilities.mechanisms if connection.capabilities else ()
    if best_mechanism(offered, bindings=connection.wire.bindings) is None:
        raise Void(f"the target offers no log-in that we speak: AUTH {' '.join(offered)}".rstrip())
    try:
        await authenticate(connection, None)
    except Refused as refusal:
        _refused("AUTH", refusal.reply)
    except PeerError as error:
        raise StartRefused(f"AUTH: {error}") from error


async def _tls_for_auth(connection: Connection) -> None:
    """Where TLS can be had it lies on the way: no password is told in the clear (RFC 4954 4).

    AUTH may be announced there all the same; nodemailer does so, and answers 538.
    """
    capabilities = connection.capabilities
    if capabilities and "STARTTLS" in capabilities and not connection.wire.is_secure:
        await _tls(connection)


async def authenticate(connection: Connection, mechanism: str | None) -> Reply:
    """Log in as the target's user; raises PeerError."""
    login = login_of(connection.target)
    assert connection.capabilities is not None, "EHLO was answered"
    flow = log_in(login, connection.capabilities, mechanism, side=side_of(connection))
    patience = connection.target.timeouts.reply
    return await drive(flow, connection.wire, patience=patience, secure=connection.secure)


def side_of(connection: Connection) -> ClientSide:
    """What we know of the connection when we log in."""
    offered = connection.capabilities.mechanisms if connection.capabilities else ()
    address = connection.address
    return ClientSide(
        bindings=connection.wire.bindings, offered=offered, host=address.host, port=address.port
    )


def login_of(target: Target) -> Login:
    """The target's log-in with its password; raises UsageError if that cannot be read."""
    assert target.login is not None, "the plan has skipped what needs a log-in"
    return Login(target.login.user, target.login.password.reveal())


async def _mail(connection: Connection) -> None:
    _insist("MAIL", await _ask(connection, f"MAIL FROM:<{connection.target.sender}>"), 250)


async def _rcpt(connection: Connection) -> None:
    command = f"RCPT TO:<{connection.recipient}>"
    _insist(f"RCPT for {connection.recipient}", await _ask(connection, command), 250, 251)


async def _data(connection: Connection) -> None:
    _insist("DATA", await _ask(connection, "DATA"), GO_AHEAD)


_TRANSACTION: Mapping[Start, Step] = {
    Start.MAIL: _mail,
    Start.RECIPIENT: _rcpt,
    Start.DATA: _data,
}


async def _ask(connection: Connection, command: str) -> Heard:
    try:
        await connection.send([Piece(f"{command}\r\n".encode())])
    except PeerError as error:
        raise StartRefused(f"{command.partition(' ')[0]}: {error}") from error
    return await connection.hear()


def _insist(doing: str, heard: Heard, *codes: int) -> None:
    if isinstance(heard, Reply) and heard.code in codes:
        return
    if isinstance(heard, Reply):
        _refused(doing, heard)
    raise StartRefused(f"{doing}: {describe(heard)}")


def _refused(doing: str, reply: Reply) -> NoReturn:
    if reply.code == CLOSING:
        raise Busy(f"{doing} was answered {reply}")
    if reply.code == 530:
        raise Void(demands(doing, reply))
    raise StartRefused(f"{doing} was answered {reply}")


def demands(doing: str, reply: Reply) -> str:
    """Words for a 530: the target wants TLS or a log-in first (RFC 3207 4, RFC 4954 6)."""
    return (
        f"{doing} was answered {reply}: the target demands TLS or a log-in first; "
        "say `always: [tls]` or `always: [tls, auth]` in its file"
    )


def untrusted(error: Untrusted) -> str:
    """Words for a certificate that nobody whom we trust vouches for."""
    return f"{error}; name its CA under `tls: {{ca: ...}}`, or say --insecure"
