"""Words in braces that stand for what differs from message to message: {token}, {date}, {to}."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NAMES = ("token", "number", "date", "from", "to", "message-id", "helo")
_WORD = re.compile(r"\{(" + "|".join(NAMES) + r")\}")


@dataclass(frozen=True, slots=True)
class Words:
    """What the words stand for in one message."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def filled_in(self, text: str) -> str:
        """The text with its words replaced; any other braces are left alone."""
        return _WORD.sub(lambda match: self.values[match[1]], text)
