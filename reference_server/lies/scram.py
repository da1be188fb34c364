"""Lies told by SCRAM (RFC 5802, RFC 7677)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from harness.protocol.extensions import Facts
from harness.protocol.receiver import Rules
from harness.protocol.sasl import (
    Ability,
    Credentials,
    Denied,
    Granted,
    Mechanism,
    ScramKeys,
    ServerSide,
    derive_keys,
)
from harness.protocol.sasl.exchange import ServerSteps
from harness.protocol.sasl.gs2 import Gs2Header
from harness.protocol.sasl.scram import Due, best_binding, bound_octets, is_right, scram_server
from harness.protocol.sasl.scram_messages import ClientFinal, read_client_first
from harness.protocol.sasl.sides import Bindings
from harness.protocol.services import Service
from reference_server.lies.exchanges import Rewrite, rewriting, row, with_mechanisms
from reference_server.lies.model import Lie, as_it_is, with_extension


def _scram(
    *,
    binds: bool = False,
    bound_octets: Callable[..., bytes | None] = bound_octets,
    is_right: Callable[[ClientFinal, Due], bool] = is_right,
) -> Mechanism:
    """The row of SCRAM-SHA-256, or of -PLUS, that judges by something else."""
    name = "SCRAM-SHA-256-PLUS" if binds else "SCRAM-SHA-256"
    server = partial(scram_server, binds=binds, bound_octets=bound_octets, is_right=is_right)
    return row(name, server=server)


def _any_nonce(final: ClientFinal, due: Due) -> bool:
    return final.binding == due.binding and due.keys.is_proof(final.proof, due.message)


def _any_binding(final: ClientFinal, due: Due) -> bool:
    return final.nonce == due.nonce and due.keys.is_proof(final.proof, due.message)


def _any_proof(final: ClientFinal, due: Due) -> bool:
    return final.nonce == due.nonce and final.binding == due.binding


def _binding_but_for_authzid(final: ClientFinal, due: Due) -> bool:
    binding = re.sub(rb"\A([^,]*),[^,]*,", rb"\1,,", final.binding)
    return binding == due.binding and _any_binding(final, due)


def _any_flag(header: Gs2Header, bindings: Bindings, *, binds: bool) -> bytes:
    return b""


def _backwards(header: Gs2Header, bindings: Bindings, *, binds: bool) -> bytes:
    return bindings.get(header.binding, b"")[::-1]


def _any_type(header: Gs2Header, bindings: Bindings, *, binds: bool) -> bytes | None:
    known = bound_octets(header, bindings, binds=binds)
    return bindings[best_binding(bindings) or ""] if known is None else known


def _always_the_same_nonce(side: ServerSide) -> ServerSteps:
    return scram_server(replace(side, nonce=lambda: "3rfcNHYJY1ZVvWVs7j"), binds=False)


def _no_extensions(message: bytes) -> bytes:
    return b"" if re.search(rb",r=[^,]*,x=", message) else message


def _no_strangers_to_scram(side: ServerSide) -> ServerSteps:
    users = side.credentials
    message = yield b""
    first = read_client_first(message)
    if first is not None and isinstance(users, Collection) and first.user not in users:
        return Denied()
    server = scram_server(side, binds=False)
    next(server)
    try:
        while True:
            message = yield server.send(message)
    except StopIteration as end:
        outcome: Granted | Denied = end.value
        return outcome


def _own_nonce_alone(message: bytes) -> bytes:
    return re.sub(rb"\Ar=[^,]*", f"r={secrets.token_hex(9)}".encode(), message)


def _another_signature(message: bytes) -> bytes:
    return b"v=" + b"A" * 43 + b"=" if message.startswith(b"v=") else message


def _without_authzid(message: bytes) -> bytes:
    return re.sub(rb"\A([nyp][^,]*),a=[^,]*,", rb"\1,,", message)


def _whatever_comes_first(message: bytes) -> bytes:
    is_first = message[:1] not in (b"c", b"")
    return b"n,,n=user,r=fyko" if is_first and read_client_first(message) is None else message


@dataclass(frozen=True, slots=True)
class _Hasty:
    """Accounts that hash a password a thousand times and no more."""

    users: Credentials
    takes_time: bool = False

    @property
    def abilities(self) -> Collection[Ability]:
        """As they are."""
        return self.users.abilities

    def knows_password(self, user: str, password: str) -> bool:
        """As it is."""
        return self.users.knows_password(user, password)

    def scram_keys(self, user: str) -> ScramKeys:
        """Keys that are made in a hurry."""
        secret = self.users.shared_secret(user).decode("utf-8", "replace")
        return derive_keys(secret, salt=self.users.scram_keys(user).salt, iterations=1_000)

    def shared_secret(self, user: str) -> bytes:
        """As it is."""
        return self.users.shared_secret(user)

    def owner_of(self, token: str) -> str | None:
        """As it is."""
        return self.users.owner_of(token)


def _hastily(side: ServerSide) -> ServerSteps:
    return scram_server(replace(side, credentials=_Hasty(side.credentials)), binds=False)


def _plus_alone_where_submitted(facts: Facts) -> str:
    left_out = "SCRAM-SHA-256" if facts.service is Service.SUBMISSION else ""
    return " ".join(name for name in facts.mechanisms if name != left_out)


def _judged_by(is_right: Callable[[ClientFinal, Due], bool]) -> Rules:
    return with_mechanisms(
        SCRAM_SHA_256=_scram(is_right=is_right),
        SCRAM_SHA_256_PLUS=_scram(is_right=is_right, binds=True),
    )


def _scram_rewriting(*, heard: Rewrite = as_it_is, said: Rewrite = as_it_is) -> Rules:
    return with_mechanisms(SCRAM_SHA_256=rewriting("SCRAM-SHA-256", heard=heard, said=said))


LYING_SCRAM: Final[Mapping[str, Lie]] = {
    "scram-own-nonce": Lie(
        "the server's nonce does not begin with the client's",
        _scram_rewriting(said=_own_nonce_alone),
    ),
    "scram-wrong-signature": Lie(
        "SCRAM's last message proves nothing", _scram_rewriting(said=_another_signature)
    ),
    "scram-few-iterations": Lie(
        "SCRAM-SHA-256 hashes a password a thousand times",
        with_mechanisms(SCRAM_SHA_256=row("SCRAM-SHA-256", server=_hastily)),
    ),
    "scram-any-nonce": Lie("SCRAM compares no nonces", _judged_by(_any_nonce)),
    "scram-any-binding": Lie("SCRAM compares no channel bindings", _judged_by(_any_binding)),
    "scram-any-proof": Lie("SCRAM takes any proof", _judged_by(_any_proof)),
    "scram-any-flag": Lie(
        "SCRAM takes the word of a client that has been told of no -PLUS",
        with_mechanisms(SCRAM_SHA_256=_scram(bound_octets=_any_flag)),
    ),
    "scram-other-channel": Lie(
        "SCRAM-SHA-256-PLUS binds to something else than this TLS connection",
        with_mechanisms(SCRAM_SHA_256_PLUS=_scram(bound_octets=_backwards, binds=True)),
    ),
    "scram-ignores-authzid": Lie(
        "by SCRAM one may say to act for anybody",
        with_mechanisms(
            SCRAM_SHA_256=rewriting(
                "SCRAM-SHA-256",
                heard=_without_authzid,
                server=partial(scram_server, binds=False, is_right=_binding_but_for_authzid),
            )
        ),
    ),
    "scram-any-type": Lie(
        "SCRAM-SHA-256-PLUS takes any word for the binding that it knows",
        with_mechanisms(SCRAM_SHA_256_PLUS=_scram(bound_octets=_any_type, binds=True)),
    ),
    "scram-same-nonce": Lie(
        "the server's part of the nonce is always the same",
        with_mechanisms(SCRAM_SHA_256=row("SCRAM-SHA-256", server=_always_the_same_nonce)),
    ),
    "scram-refuses-extensions": Lie(
        "SCRAM refuses attributes that it does not know",
        _scram_rewriting(heard=_no_extensions),
    ),
    "scram-strangers-refused": Lie(
        "SCRAM shows no salt to who does not exist",
        with_mechanisms(SCRAM_SHA_256=row("SCRAM-SHA-256", server=_no_strangers_to_scram)),
    ),
    "scram-plus-alone": Lie(
        "submission offers SCRAM-SHA-256-PLUS without SCRAM-SHA-256",
        with_extension("AUTH", parameter=_plus_alone_where_submitted),
    ),
    "scram-first-unchecked": Lie(
        "SCRAM goes on whatever the client says first",
        _scram_rewriting(heard=_whatever_comes_first),
    ),
}
