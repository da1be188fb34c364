"""The log of a case: what went over its wires and when, fit to be shown.

Passwords never get in: whoever reads a report or a JUnit file must not learn one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import trio

from harness.protocol.replies import CHALLENGE, GO_AHEAD
from harness.results import Exchange

HIDDEN = b"***"
KEPT = 65_536  # octets of the beginning and of the end of what was said at once

# An initial response stands behind the mechanism's name (RFC 4954 4).
_INITIAL_RESPONSE = re.compile(rb"(?im)^([ \t]*AUTH[ \t]+[^ \t\r\n]+[ \t]+)[^\r\n]+")
# `*` takes back the exchange and gives nothing away.
_RESPONSE = re.compile(rb"(?m)^(?!\*\r?$)[^\r\n]+")


class Log:
    """Exchanges with their times since the case began; `hear` is told each as it is added.

    Whoever is going to hear a lot, and to tell it at once, has nothing kept.
    """

    def __init__(
        self, hear: Callable[[Exchange], None] | None = None, *, keeps: bool = True
    ) -> None:
        self._keeps = keeps
        self._began = trio.current_time()
        self._hear = hear
        self.exchanges: list[Exchange] = []

    @property
    def seconds(self) -> float:
        """How long it has been since the case began."""
        return trio.current_time() - self._began

    def spoke(self, who: str, octets: bytes, connection: str = "") -> int:
        """One side spoke: the index of the exchange.

        Of very much only both ends are kept, with a word between: a case that sends all that a
        server takes would make results that nobody can hold.
        """
        left_out = len(octets) - 2 * KEPT
        if left_out > 0:
            self.spoke(who, octets[:KEPT], connection)
            self.happened(f"{left_out} octets more, left out here, and then", connection)
            octets = octets[-KEPT:]
        return self._add(Exchange(at=self.seconds, who=who, octets=octets, connection=connection))

    def happened(self, what: str, connection: str = "") -> int:
        """Something else happened: the index of the exchange."""
        return self._add(Exchange(at=self.seconds, who="*", happened=what, connection=connection))

    def _add(self, exchange: Exchange) -> int:
        if self._keeps:
            self.exchanges.append(exchange)
        if self._hear is not None:
            self._hear(exchange)
        return len(self.exchanges) - 1


def masked(octets: bytes, *, code: int) -> bytes:
    """What a client said after a reply with this code, without what may be a password."""
    if code == GO_AHEAD:
        return octets  # the text of a message
    hidden = _INITIAL_RESPONSE.sub(rb"\g<1>" + HIDDEN, octets)
    return _RESPONSE.sub(HIDDEN, hidden) if code == CHALLENGE else hidden
