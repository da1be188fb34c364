"""What servers say again and again: octets that have been read once need not be read again.

Most replies of a server are the same for each message, and making them out is half the work of a
generator.  Only what says yes is remembered: whoever is told of a refusal may tell it from others
by identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.protocol.replies import Reply

MOST: Final = 1_000  # different octets: a server may say something new each time
LONGEST: Final = 1_024  # octets


class Familiar:
    """The replies that octets are, as far as they have been met whole; shared by connections."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Reply, ...]] = {}
        self._once: set[bytes] = set()  # met, and perhaps never again: a text's reply is numbered
        self.get = self._known.get  # the replies, always the same; None if they are not familiar

    def learn(self, octets: bytes, replies: Sequence[Reply]) -> None:
        """These octets, and no others around them, were these replies; known from twice on."""
        if len(octets) > LONGEST:
            return
        if octets not in self._once:
            if len(self._once) >= MOST:
                self._once.clear()
            self._once.add(octets)
        elif _are_good(replies):
            if len(self._known) >= MOST:  # of what was said twice and never again: the time of day
                self._known.clear()
            self._known[octets] = tuple(replies)


def _are_good(replies: Sequence[Reply]) -> bool:
    return bool(replies) and all(reply.is_positive and not reply.faults for reply in replies)
