"""The behaviours that come with us: what a mix may name, each as a postmaster meets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from loadtests.profile.values import Behaviour, Leave, Pipelining, Span, Tls, Whom

KIB: Final = 1_024

_ALL: Final = (
    # A list server or another relay: as much as goes through one connection.
    Behaviour(name="bulk"),
    # A web mailer: a connection for each message, of any size, and a person behind it.
    Behaviour(
        name="web-mail",
        messages_per_connection=Span(1, 1),
        think=Span(1, 3),
        size=Span(2 * KIB, 50 * KIB),
    ),
    # A mail program (RFC 6409): STARTTLS, AUTH, a message or a few, most sessions resumed.
    Behaviour(
        name="submission",
        messages_per_connection=Span(1, 3),
        think=Span(1, 3),
        size=Span(2 * KIB, 50 * KIB),
        tls=Tls.STARTTLS,
        resume=0.8,
        login=True,
        listener="submission",
    ),
    # A port scanner, or the probe of a load balancer.
    Behaviour(name="connect-and-leave", leave=Leave.GREETING, think=Span(0.5, 1.5)),
    # Who is far away or means no good: a connection held for long by few octets.
    Behaviour(
        name="slow-talker",
        messages_per_connection=Span(1, 1),
        pipelining=Pipelining.OFF,
        pace=200.0,
    ),
    # An old list of addresses: refused at RCPT, or accepted and returned.
    Behaviour(name="bounce-prone", messages_per_connection=Span(1, 10), to=Whom.UNKNOWN),
)
BEHAVIOURS: Final[Mapping[str, Behaviour]] = {each.name: each for each in _ALL}
