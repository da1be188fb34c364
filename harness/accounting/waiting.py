"""What a target still has in its queue: so many messages, or so many copies of messages.

The account is in copies.  Most targets can only say how many messages wait, and a message waits
once, for however many recipients: so it may stand for all of a message's copies that are missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_SAID: Final = re.compile(r"\s*(\d{1,12})(?:\s+(messages?|copy|copies))?\s*")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much is in a queue."""

    count: int = 0
    is_copies: bool = False

    def __bool__(self) -> bool:
        return bool(self.count)

    def most(self, missing: Mapping[int, int]) -> int:
        """How many copies these can be at most.

        `missing` says how many messages miss how many copies.
        """
        if self.is_copies:
            return min(self.count, sum(copies * many for copies, many in missing.items()))
        found, left = 0, self.count
        for copies, many in sorted(missing.items(), reverse=True):
            found += copies * min(many, left)
            left -= min(many, left)
        return found


def read_waiting(text: str) -> Waiting | None:
    """What `7`, `7 messages` or `21 copies` says; None if it says nothing of the kind."""
    match = _SAID.fullmatch(text)
    if match is None:
        return None
    return Waiting(int(match[1]), (match[2] or "").startswith("cop"))
