"""What a reader gives: a message as it was read back, with what its store had done to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it was read back; `changed` says what the store had done to it, now undone."""

    octets: bytes
    path: str
    changed: tuple[str, ...] = ()
