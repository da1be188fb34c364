"""Limits: how much of us one client may have, and how many clients there may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The most that we give; what a message and its lines may be is for the protocol's rules."""

    connections: int = 500
    connections_per_address: int | None = None  # None: one address may have them all
    # Of one session.  A sender may keep a connection for a day; nobody needs one for longer.
    commands: int = 10_000_000
    octets: int = 100_000_000_000
    seconds: float = 86_400.0
    # While a command line or a text is under way, each such time must bring so many octets a
    # second.  RFC 5321 4.5.3.2 wants us to wait for five minutes, so nobody honest is cut off.
    rate: int = 100
    window: float = 300.0
