"""Limits: how much of us one client may have, and how many clients there may be."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.protocol.receiver import Occasion


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The most that we give; what a message and its lines may be is for the protocol's rules."""

    connections: int = 500
    connections_per_address: int | None = None  # None: one address may have them all
    in_flight: int = 268_435_456  # octets of messages of all clients, from the first to the answer
    # Of one session.  A sender may keep a connection for a day; nobody needs one for longer.
    commands: int = 10_000_000  # and texts
    octets: int = 100_000_000_000
    seconds: float = 86_400.0
    # While a command line or a text is under way, each such time must bring so many octets a
    # second.  RFC 5321 4.5.3.2 wants us to wait for five minutes, so nobody honest is cut off.
    rate: int = 100
    window: float = 300.0


class Pace:
    """What one client has had of us so far, and whether it is slower than it may be.

    Counting is for the hot path; who is late is found out by looking now and then.
    """

    __slots__ = ("_allowance", "_began", "_ends", "_octets_then", "_seen", "commands", "octets")

    def __init__(self, allowance: Allowance, now: float) -> None:
        self.octets = 0
        self.commands = 0
        self._allowance = allowance
        self._ends = now + allowance.seconds
        self._began = math.inf  # when what is under way began, or its last window
        self._octets_then = 0
        self._seen = 0  # commands, when it began

    @property
    def excess(self) -> Occasion | None:
        """What it has had too much of."""
        if self.commands > self._allowance.commands:
            return Occasion.TOO_MANY_COMMANDS
        return Occasion.TOO_MANY_OCTETS if self.octets > self._allowance.octets else None

    def look(self, now: float, *, is_midway: bool) -> Occasion | None:
        """Why the client has to go now, if it has to; `is_midway` in a line or a text."""
        if now >= self._ends:
            return Occasion.SESSION_TOO_LONG
        if not is_midway:
            self._began = math.inf
        elif self._began == math.inf or self.commands != self._seen:
            self._begin(now)
        elif now >= self._began + self._allowance.window:
            octets = self.octets - self._octets_then
            if octets < self._allowance.rate * (now - self._began):
                return Occasion.TOO_SLOW
            self._begin(now)  # the next window: who was fast once may not rest on it for ever
        return None

    @property
    def deadline(self) -> float:
        """When to look again at the latest, if nothing is heard until then."""
        if self._began == math.inf or not self._allowance.rate:
            return self._ends
        lasts = (self.octets - self._octets_then) / self._allowance.rate
        return min(self._ends, self._began + max(self._allowance.window, lasts))

    def excuse(self, seconds: float) -> None:
        """So much of the time is ours, and not the client's."""
        self._ends += seconds
        self._began += seconds

    def _begin(self, now: float) -> None:
        self._began, self._octets_then, self._seen = now, self.octets, self.commands
