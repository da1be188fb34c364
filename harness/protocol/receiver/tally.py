"""Tally: how often a client has done what nobody may do for ever."""

from __future__ import annotations

from typing import Final

from harness.protocol.limits import Limits
from harness.protocol.receiver.answers import Occasion
from harness.protocol.receiver.events import (
    Chunk,
    Etrn,
    Event,
    Hello,
    LogIn,
    Message,
    Plain,
    Verify,
)
from harness.protocol.replies import WRONG_LOG_IN, Reply

_MOVES_NOTHING: Final = frozenset({Hello, Plain, Verify, Etrn})
COUNTED: Final = _MOVES_NOTHING | {Chunk, Message}  # also if they are not refused


class Tally:
    """Counts the answers of one connection against its limits."""

    __slots__ = ("_errors", "_junk", "_limits", "_log_ins")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._errors = self._junk = self._log_ins = 0

    def start_anew(self) -> None:
        """A message was accepted: what was idle talk before it is forgotten."""
        self._junk = 0

    def count(self, event: Event, reply: Reply) -> Occasion | None:
        """Count the event with its reply; why the connection is to end, if it is."""
        if reply.code >= 400:
            return self._count_error(event, reply)
        if isinstance(event, Message):
            self.start_anew()
        elif type(event) in _MOVES_NOTHING or (isinstance(event, Chunk) and not event.size):
            self._junk += 1
            if self._junk > self._limits.junk:
                return Occasion.TOO_MANY_COMMANDS
        return None

    def _count_error(self, event: Event, reply: Reply) -> Occasion | None:
        self._errors += 1
        self._log_ins += isinstance(event, LogIn) and reply.code == WRONG_LOG_IN
        is_too_much = self._errors >= self._limits.errors or self._log_ins >= self._limits.log_ins
        return Occasion.TOO_MANY_ERRORS if is_too_much else None
