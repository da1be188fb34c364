"""How a lie changes the exchange of a mechanism: another row, other words on their way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from harness.protocol.receiver import RULES, Rules
from harness.protocol.sasl import (
    MECHANISMS,
    Attempt,
    Denied,
    Granted,
    Mechanism,
    ServerSide,
    open_server,
)
from harness.protocol.sasl.exchange import ServerSteps
from reference_server.lies.model import as_it_is

Rewrite = Callable[[bytes], bytes]


def with_mechanisms(**rows: Mechanism) -> Rules:
    """The rules with other rows in the table of mechanisms; _ stands for - in their names."""
    named = {name.replace("_", "-"): row for name, row in rows.items()}
    return replace(RULES, attempt=partial(Attempt, mechanisms={**MECHANISMS, **named}))


def row(mechanism: str, **changed: Any) -> Mechanism:
    """The row of a mechanism with something changed."""
    return replace(MECHANISMS[mechanism], **changed)


def rewriting(
    mechanism: str,
    *,
    heard: Rewrite = as_it_is,
    said: Rewrite = as_it_is,
    server: Callable[[ServerSide], ServerSteps] | None = None,
) -> Mechanism:
    """The row of a mechanism that hears, or says, something else than goes over the wire."""
    inner = server or MECHANISMS[mechanism].server

    def steps(side: ServerSide) -> ServerSteps:
        honest = inner(side)
        challenge = next(honest)
        while True:
            response = yield said(challenge)
            try:
                challenge = honest.send(heard(response))
            except StopIteration as end:
                outcome: Granted | Denied = end.value
                return outcome

    return row(mechanism, server=steps)


def honestly(mechanism: str, side: ServerSide, *messages: bytes) -> Granted | Denied:
    """How an exchange with these messages ends that the honest mechanism has judged."""
    server = open_server(mechanism, side)
    outcome = [server.feed(message) for message in messages][-1]
    return Denied() if isinstance(outcome, bytes) else outcome
