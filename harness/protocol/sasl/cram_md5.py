"""CRAM-MD5 (RFC 2195): a digest keyed by a secret that the server has to keep in the clear."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from harness.protocol.sasl.exchange import ClientSteps, Denied, Granted, ServerSteps
from harness.protocol.sasl.plain import words
from harness.protocol.sasl.preparing import prepare
from harness.protocol.sasl.sides import ClientSide, Login, ServerSide, Spoil


def cram_md5_client(login: Login, side: ClientSide) -> ClientSteps:
    """The client's end."""
    challenge = yield None
    secret = prepare(login.password) or login.password
    digest = _digest(secret.encode(), challenge)
    if side.spoil is Spoil.PROOF:
        digest = digest[::-1]
    yield f"{login.user} {digest}".encode()


def message_id(side: ServerSide) -> bytes:
    """A challenge as RFC 2195 2 wants it; that nobody can foretell it is what matters."""
    return f"<{side.nonce()}@{side.host}>".encode()


def cram_md5_server(
    side: ServerSide, *, make_challenge: Callable[[ServerSide], bytes] = message_id
) -> ServerSteps:
    """The server's end."""
    challenge = make_challenge(side)
    said = words((yield challenge).rpartition(b" "))  # a name may hold blanks, a digest none
    user = None if said is None else prepare(said[0])
    if said is None or not user:
        return Denied()
    digest = _digest(side.credentials.shared_secret(user), challenge)
    return Granted(user) if hmac.compare_digest(digest.encode(), said[2].encode()) else Denied()


def _digest(secret: bytes, challenge: bytes) -> str:
    return hmac.digest(secret, challenge, "md5").hex()
