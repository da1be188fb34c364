"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): each end proves the password.

The -PLUS variant binds the exchange to the TLS connection below it, so that nobody can stand
between two of them.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from harness.protocol.sasl.encoding import encode64
from harness.protocol.sasl.exchange import ClientSteps, Denied, Granted, Proven, ServerSteps
from harness.protocol.sasl.gs2 import Gs2Header, encode_name
from harness.protocol.sasl.preparing import prepare
from harness.protocol.sasl.scram_keys import ScramKeys, prove
from harness.protocol.sasl.scram_messages import (
    ClientFinal,
    read_client_final,
    read_client_first,
    read_server_first,
)
from harness.protocol.sasl.sides import (
    Bindings,
    ClientSide,
    Login,
    ServerSide,
    Spoil,
    identity,
)

PLUS: Final = "SCRAM-SHA-256-PLUS"

# RFC 9266 3: tls-exporter is the one to use with TLS 1.3, tls-unique is RFC 5802's for TLS 1.2.
_PREFERRED: Final = ("tls-exporter", "tls-unique", "tls-server-end-point")


def scram_client(login: Login, side: ClientSide, *, binds: bool) -> ClientSteps:
    """The client's end."""
    header, bound = _header(login, side, binds=binds)
    nonce = side.nonce()
    user = prepare(login.user) or login.user
    extension = b",x=unheard-of" if side.spoil is Spoil.EXTENSION else b""
    bare = b"n=" + encode_name(user) + b",r=" + nonce.encode() + extension
    first = yield header + bare
    asked = read_server_first(first)
    if asked is None or not asked.nonce.startswith(nonce) or asked.nonce == nonce:
        return  # nobody whom we have asked
    said = _without_proof(header, bound, asked.nonce, side.spoil)
    proof, signature = prove(
        prepare(login.password) or login.password,
        salt=asked.salt,
        iterations=asked.iterations,
        message=b",".join((bare, first, said)),
    )
    if side.spoil is Spoil.PROOF:
        proof = proof[::-1]
    answer = yield said + b",p=" + encode64(proof)
    if hmac.compare_digest(answer, b"v=" + encode64(signature)):
        yield Proven()


def _header(login: Login, side: ClientSide, *, binds: bool) -> tuple[bytes, bytes]:
    """The GS2 header, and the octets that are bound."""
    name = encode_name(identity(side.spoil, login.user)).decode()
    for_whom = f"a={name}" if name else ""
    if binds:
        type = best_binding(side.bindings)
        assert type is not None, "-PLUS is opened within TLS alone"
        said = "unheard-of" if side.spoil is Spoil.TYPE else type
        return f"p={said},{for_whom},".encode(), side.bindings[type]
    # RFC 5802 6: y tells a server that does offer -PLUS that somebody has hidden that from us.
    is_hidden = side.bindings and PLUS not in side.offered
    flag = "y" if is_hidden or side.spoil is Spoil.FLAG else "n"
    return f"{flag},{for_whom},".encode(), b""


def best_binding(bindings: Bindings) -> str | None:
    """The type of channel binding to use, of those that there are; None if there is none."""
    return next((type for type in _PREFERRED if type in bindings), None)


def _without_proof(header: bytes, bound: bytes, nonce: str, spoil: Spoil | None) -> bytes:
    """The client's last message but for the proof, which is made of it: so the rest is right."""
    binding = header + bound
    if spoil is Spoil.BINDING:
        binding = header + bound[::-1] if bound else header.swapcase()
    if spoil is Spoil.NONCE:
        nonce = nonce[:-1] + ("A" if nonce[-1] != "A" else "B")
    return b"c=" + encode64(binding) + b",r=" + nonce.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What the client's last message has to hold, and by which keys it proves itself."""

    nonce: str
    binding: bytes
    keys: ScramKeys
    message: bytes  # that the proof is about


def is_right(final: ClientFinal, due: Due) -> bool:
    """Whether the client has said all that is due, and has proven that it knows the password."""
    return (
        final.nonce == due.nonce
        and final.binding == due.binding
        and due.keys.is_proof(final.proof, due.message)
    )


def bound_octets(header: Gs2Header, bindings: Bindings, *, binds: bool) -> bytes | None:
    """The octets that the client must bind; None if what it says of binding cannot be right."""
    if binds:
        return bindings.get(header.binding)
    # RFC 5802 6: who says y has been told that we do not offer -PLUS, and we do.
    is_said_well = header.flag == "n" or (header.flag == "y" and best_binding(bindings) is None)
    return b"" if is_said_well else None


def scram_server(
    side: ServerSide,
    *,
    binds: bool,
    bound_octets: Callable[..., bytes | None] = bound_octets,
    is_right: Callable[[ClientFinal, Due], bool] = is_right,
) -> ServerSteps:
    """The server's end."""
    first = read_client_first((yield b""))
    bound = None if first is None else bound_octets(first.header, side.bindings, binds=binds)
    user = None if first is None else prepare(first.user)
    if first is None or bound is None or not user or first.header.authzid not in ("", user):
        return Denied()
    keys = side.credentials.scram_keys(user)
    nonce = first.nonce + side.nonce()
    asked = f"r={nonce},s={encode64(keys.salt).decode()},i={keys.iterations}".encode()
    final = read_client_final((yield asked))
    if final is None:
        return Denied()
    message = b",".join((first.bare, asked, final.without_proof))
    binding = first.header.octets + bound
    if not is_right(final, Due(nonce=nonce, binding=binding, keys=keys, message=message)):
        return Denied()
    # SMTP and POP3 say nothing more with a success, so this goes as a challenge (RFC 4422 3.6).
    answer = yield b"v=" + encode64(keys.signature(message))
    return Granted(user) if answer == b"" else Denied()
