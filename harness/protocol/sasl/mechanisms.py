"""The table of mechanisms, the best one first: what each needs, and how its ends are opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from harness.errors import NotOffered
from harness.protocol.sasl.cram_md5 import cram_md5_client, cram_md5_server
from harness.protocol.sasl.exchange import ClientSteps, SaslClient, SaslServer, ServerSteps
from harness.protocol.sasl.login import login_client, login_server
from harness.protocol.sasl.oauthbearer import oauthbearer_client, oauthbearer_server
from harness.protocol.sasl.plain import plain_client, plain_server
from harness.protocol.sasl.scram import PLUS, best_binding, scram_client, scram_server
from harness.protocol.sasl.sides import (
    Ability,
    Bindings,
    ClientSide,
    Credentials,
    Login,
    ServerSide,
    Spoil,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """A row."""

    client: Callable[[Login, ClientSide], ClientSteps]
    server: Callable[[ServerSide], ServerSteps]
    needs: Ability  # of the accounts
    binds: bool = False  # needs a channel binding, so TLS
    is_mutual: bool = False  # the server proves itself too
    tells_secret: bool = False  # to whoever listens, so TLS had better be there
    takes_initial: bool = False  # where the server begins, too
    is_for_tokens: bool = False  # a password is no use: nobody chooses it unasked
    spoils: frozenset[Spoil] = frozenset()  # what a case may have wrong in it


_SCRAM_SPOILS = frozenset(Spoil)

MECHANISMS: Final[Mapping[str, Mechanism]] = {
    PLUS: Mechanism(
        client=partial(scram_client, binds=True),
        server=partial(scram_server, binds=True),
        needs=Ability.SCRAM,
        binds=True,
        is_mutual=True,
        spoils=_SCRAM_SPOILS - {Spoil.FLAG},
    ),
    "SCRAM-SHA-256": Mechanism(
        client=partial(scram_client, binds=False),
        server=partial(scram_server, binds=False),
        needs=Ability.SCRAM,
        is_mutual=True,
        spoils=_SCRAM_SPOILS - {Spoil.TYPE},
    ),
    "CRAM-MD5": Mechanism(
        client=cram_md5_client,
        server=cram_md5_server,
        needs=Ability.SECRET,
        spoils=frozenset({Spoil.PROOF}),
    ),
    "PLAIN": Mechanism(
        client=plain_client,
        server=plain_server,
        needs=Ability.PASSWORD,
        tells_secret=True,
        spoils=frozenset({Spoil.AUTHZID, Spoil.ONESELF, Spoil.BLANK}),
    ),
    "LOGIN": Mechanism(
        client=login_client,
        server=login_server,
        needs=Ability.PASSWORD,
        tells_secret=True,
        # No RFC has this mechanism.  In its draft the server begins, but Python's clients and
        # others put the name into the AUTH line, and servers at large take it.
        takes_initial=True,
    ),
    "OAUTHBEARER": Mechanism(
        client=oauthbearer_client,
        server=oauthbearer_server,
        needs=Ability.TOKEN,
        tells_secret=True,
        is_for_tokens=True,
    ),
}


def best_mechanism(
    offered: Iterable[str], *, bindings: Bindings | None = None, in_clear: bool = True
) -> str | None:
    """The best mechanism for a password of those that a server offers.

    Without `in_clear` none that tells the password to who listens: say so where there is no TLS.
    """
    names = {name.upper() for name in offered}
    return next(
        (
            name
            for name, row in MECHANISMS.items()
            if name in names
            and not row.is_for_tokens
            and (in_clear or not row.tells_secret)
            and (not row.binds or best_binding(bindings or {}) is not None)
        ),
        None,
    )


def choose_mechanism(side: ClientSide, wanted: str | None = None, *, in_clear: bool = True) -> str:
    """The mechanism to log in with, the one that is wanted or the best; raises NotOffered."""
    best = best_mechanism(side.offered, bindings=side.bindings, in_clear=in_clear)
    chosen = (wanted or best or "").upper()
    if chosen not in MECHANISMS:
        offered = " ".join(side.offered) or "none"
        ours = " ".join(MECHANISMS)
        raise NotOffered("AUTH", f"no way to log in; we know {ours}, the server {offered}")
    if MECHANISMS[chosen].binds and best_binding(side.bindings) is None:
        raise NotOffered("AUTH", f"{chosen} needs TLS, and a certificate that can be bound to")
    return chosen


def offered_mechanisms(
    credentials: Credentials, *, bindings: Bindings, is_secure: bool
) -> tuple[str, ...]:
    """What a server offers, the best first: what its accounts can do and the connection allows."""
    abilities = credentials.abilities
    return tuple(
        name
        for name, row in MECHANISMS.items()
        if row.needs in abilities
        and (not row.binds or best_binding(bindings) is not None)
        # RFC 7628 3: a token wants TLS, whatever else may be said in the clear.
        and (is_secure or not row.is_for_tokens)
    )


def open_client(name: str, login: Login, side: ClientSide | None = None) -> SaslClient:
    """The client's end of a mechanism of the table."""
    row = MECHANISMS[name]
    return SaslClient(row.client(login, side or ClientSide()), is_mutual=row.is_mutual)


def open_server(
    name: str, side: ServerSide, mechanisms: Mapping[str, Mechanism] = MECHANISMS
) -> SaslServer:
    """The server's end of a mechanism of the table."""
    row = mechanisms[name]
    return SaslServer(row.server(side), takes_initial=row.takes_initial)
