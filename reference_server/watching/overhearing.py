"""Overhearing: what the relay says and is told, for who has the log tell everything.

Passwords never get that far: a wire masks them before it hands anything to its log.
"""

from __future__ import annotations

import itertools
from typing import Final

from harness.target import Address
from harness.wire import Log as Dialogue
from harness.wire import Wire
from reference_server.relay.sessions.session import Dial
from reference_server.watching.log import Level, Log

EVENT: Final = "relay-dialogue"
_MOST: Final = 4_096  # octets of one write or reply; who sends megabytes fills no log


class Overheard(Dialogue):
    """A dialogue that is told line by line, and not kept."""

    def __init__(self, log: Log, session: str) -> None:
        super().__init__()
        self._log = log
        self._session = session

    def spoke(self, who: str, octets: bytes, connection: str = "") -> int:
        """One side spoke."""
        said = octets[:_MOST].decode("utf-8", "backslashreplace")
        cut = f"... {len(octets) - _MOST} octets more" if len(octets) > _MOST else None
        self._log.tell(
            EVENT, Level.DEBUG, session=self._session, at=self.seconds, who=who, said=said, cut=cut
        )
        return -1

    def happened(self, what: str, connection: str = "") -> int:
        """Something else happened."""
        self._log.tell(
            EVENT, Level.DEBUG, session=self._session, at=self.seconds, who="*", said=what
        )
        return -1


def overheard(dial: Dial, log: Log) -> Dial:
    """The same dialling, with every dialogue told to the log."""
    serial = itertools.count(1)

    async def dial_and_tell(address: Address, _: Dialogue, patience: float) -> Wire:
        return await dial(address, Overheard(log, f"out-{next(serial)}"), patience)

    return dial_and_tell
