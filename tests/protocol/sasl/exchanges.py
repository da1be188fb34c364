"""Both ends of a mechanism in conversation."""

from __future__ import annotations

from harness.protocol.sasl import (
    MECHANISMS,
    ClientSide,
    Denied,
    Granted,
    Login,
    SaslClient,
    SaslServer,
    ServerSide,
    open_client,
    open_server,
)
from tests.protocol.accounts import Accounts

ALICE = Login("alice", "secret")
TLS = {"tls-server-end-point": b"the hash of a certificate"}


def server_side(accounts: Accounts | None = None, **more) -> ServerSide:
    return ServerSide(
        **{"credentials": accounts or Accounts(), "bindings": TLS, "host": "mx.test", **more}
    )


def converse(
    client: SaslClient, server: SaslServer, *, initial: bool = True
) -> Granted | Denied | None:
    """How the exchange ends for the server; None if the client gives up."""
    response = client.initial() if initial and server.takes_initial else None
    if response is None:
        response = client.respond(server.first_challenge)
    while response is not None:
        outcome = server.feed(response)
        if not isinstance(outcome, bytes):
            return outcome
        response = client.respond(outcome)
    return None


def outcome_of(
    mechanism: str,
    login: Login = ALICE,
    *,
    accounts: Accounts | None = None,
    side: ClientSide | None = None,
    initial: bool = True,
) -> Granted | Denied | None:
    client = open_client(mechanism, login, side or ClientSide(bindings=TLS, offered=MECHANISMS))
    return converse(client, open_server(mechanism, server_side(accounts)), initial=initial)
