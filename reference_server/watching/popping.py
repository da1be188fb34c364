"""Popping: the metrics of POP3 sessions, which nobody watches event by event as SMTP's are."""

from __future__ import annotations

from collections.abc import Callable

from harness.protocol.pop3.order import Verb
from reference_server.doors.door import Door
from reference_server.watching import metrics as m
from reference_server.watching.counting import NO_VERB


class PopCounter:
    """Counts what one client does, if anybody wants to know."""

    def __init__(self, metrics: m.Metrics | None, door: Door) -> None:
        self._count: Callable[..., None] = _nothing if metrics is None else metrics.count
        self._door = door

    def opened(self) -> None:
        """It has come."""
        self._count(m.CONNECTIONS, self._door.kind)
        self._count(m.OPEN, self._door.kind)

    def closed(self) -> None:
        """It is gone."""
        self._count(m.OPEN, self._door.kind, by=-1)

    def heard(self, verb: Verb | None) -> None:
        """It has said a command."""
        self._count(m.POP3_COMMANDS, verb or NO_VERB)

    def tried(self, outcome: str) -> None:
        """A log-in has ended like that."""
        self._count(m.POP3_LOG_INS, outcome)

    def received(self, octets: int) -> None:
        """So much has come from it."""
        self._count(m.POP3_RECEIVED, by=octets)

    def sent(self, octets: int) -> None:
        """So much has gone to it."""
        self._count(m.POP3_SENT, by=octets)

    def deleted(self, messages: int) -> None:
        """So many are gone from the mailbox."""
        self._count(m.POP3_DELETED, by=messages)

    def told(self) -> None:
        """It has been told a message, or the top of it."""
        self._count(m.POP3_TOLD)


def _nothing(family: m.Family, *labels: str, by: float = 1) -> None:
    """Where nobody wants to know."""
