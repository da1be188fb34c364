"""The steps of a case that begin TLS or log in."""

from __future__ import annotations

from dataclasses import replace

from harness.documents import Place
from harness.errors import PeerClosed, PeerError, PeerSilent, Refused, TlsFailed, Untrusted
from harness.protocol.replies import Reply
from harness.protocol.sasl import MECHANISMS, Login, Spoil, open_client
from harness.runner.connection import Connection
from harness.runner.endings import Trouble, Unmet, Void
from harness.runner.hearing import ending, surprise_at
from harness.runner.start import authenticate, login_of, side_of, untrusted
from harness.transcripts.matching import Closed, Heard, Silent, describe
from harness.transcripts.steps import (
    Auth,
    CloseNotify,
    Sasl,
    SaslVerified,
    StartTls,
    Tls,
)
from harness.wire import Piece

_HANDSHAKE = "a TLS handshake"


async def start_tls(connection: Connection, step: StartTls) -> None:
    """`* starttls`: the command, its 220, the handshake."""
    await connection.send([Piece(b"STARTTLS\r\n")])
    heard = await connection.hear()
    if not isinstance(heard, Reply) or heard.code != 220:
        raise ending(connection, surprise_at(step.at, "220", describe(heard)), heard)
    await shake_hands(connection, Tls(connection=step.connection, at=step.at))


async def shake_hands(connection: Connection, step: Tls) -> None:
    """`* tls`: the handshake, which may be meant to fail."""
    try:
        await connection.secure(named=step.named, only=step.only)
    except Untrusted as error:
        raise Trouble(untrusted(error)) from error
    except PeerError as error:
        connection.is_over = True
        may_close = step.or_close and isinstance(error, PeerClosed)
        is_answered = isinstance(error, TlsFailed) and "plain text" in str(error)
        if step.unanswered and is_answered:
            raise _met(connection, step.at, "nothing in plain text", error) from error
        if not (step.fails or step.or_fails or may_close):
            wanted = f"{_HANDSHAKE}|close" if step.or_close else _HANDSHAKE
            raise _met(connection, step.at, wanted, error) from error
    else:
        if step.fails:
            wanted = f"{_HANDSHAKE} that fails"
            raise Unmet(surprise_at(step.at, wanted, "one that succeeds"))


async def log_in(connection: Connection, step: Auth) -> None:
    """`* auth PLAIN`: the whole exchange."""
    capabilities = connection.capabilities
    if capabilities is None or step.mechanism not in capabilities.mechanisms:
        raise Void(f"the target does not offer AUTH {step.mechanism} here")
    try:
        await authenticate(connection, step.mechanism)
    except Refused as refusal:
        wanted, met = "235", describe(refusal.reply)
        surprise = surprise_at(step.at, wanted, met)
        raise ending(connection, surprise, refusal.reply) from refusal
    except PeerError as error:
        raise _met(connection, step.at, "235", error) from error


def open_sasl(connection: Connection, step: Sasl) -> None:
    """`* sasl PLAIN`: from now on `{sasl}` has a value."""
    row, side = MECHANISMS[step.mechanism], side_of(connection)
    if connection.capabilities is not None and step.mechanism not in side.offered:
        raise Void(f"the target does not offer AUTH {step.mechanism} here")
    if row.binds and not side.bindings:
        raise Void(f"{step.mechanism} needs TLS")
    spoil = Spoil(step.spoil) if step.spoil else None
    if spoil is not None and spoil not in row.spoils:
        raise Void(f"there is no {spoil} in {step.mechanism} to spoil")
    login = login_of(connection.target)
    passwords = {"right": login.password, "wrong": f"not {login.password}", "empty": ""}
    login = Login(login.user, passwords[step.password])
    connection.sasl = open_client(step.mechanism, login, replace(side, spoil=spoil))
    connection.is_sasl_mutual = row.is_mutual


def verify_sasl(connection: Connection, step: SaslVerified) -> None:
    """`* sasl verified`: the server has proven that it knows the password too."""
    assert connection.sasl is not None, "lint has seen `* sasl` above"
    if not connection.is_sasl_mutual:
        raise Void("by this mechanism no server proves itself")
    connection.take_challenge()
    if not connection.sasl.is_content:
        raise Unmet(surprise_at(step.at, "the server's signature", "none, or a wrong one"))


async def take_leave(connection: Connection, step: CloseNotify) -> None:
    """`* close-notify`: the end of the connection, which TLS has announced."""
    heard = await connection.hear()
    if not isinstance(heard, Closed):
        surprise = surprise_at(step.at, "close_notify", describe(heard))
        raise ending(connection, surprise, heard)
    connection.is_over = True
    if not connection.wire.is_end_announced:
        raise Unmet(surprise_at(step.at, "close_notify before the end", f"{heard.how} without it"))


def _met(connection: Connection, at: Place, wanted: str, error: PeerError) -> Exception:
    heard: Heard = Closed(str(error))
    if isinstance(error, PeerSilent):
        heard = Silent(connection.target.timeouts.reply)
    surprise = surprise_at(at, wanted, describe(heard))
    return ending(connection, surprise, heard)
