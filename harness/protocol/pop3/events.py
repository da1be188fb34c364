"""Events: what a session asks of whoever drives it, because it needs time, a disk or TLS.

Each is answered by the method of the session that its text names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.protocol.pop3.maildrop import Entry
from harness.protocol.sasl import Outcome


@dataclass(frozen=True, slots=True)
class LogIn:
    """Somebody wants in: `Session.judged` takes what `judge` says; call that in a thread if so."""

    judge: Callable[[], Outcome] = field(repr=False)
    takes_time: bool


@dataclass(frozen=True, slots=True)
class Enter:
    """A user may get at the mailbox: lock it, then `Session.entered` with what is in it.

    Or `Session.refuse`, if somebody else has it or the disk will not.
    """

    user: str


@dataclass(frozen=True, slots=True)
class Retrieve:
    """A message is to be told: `Session.told` takes its content; or `Session.refuse`."""

    entry: Entry
    lines: int | None = None  # of its body; None for all of it


@dataclass(frozen=True, slots=True)
class Update:
    """The user leaves: delete these, then `Session.updated`."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class StartTls:
    """Send the output, shake hands, then `Session.secured`."""


Event = LogIn | Enter | Retrieve | Update | StartTls
