"""Scene: what a command meets."""

from __future__ import annotations

from dataclasses import dataclass

from harness.protocol.commands import Objection
from harness.protocol.receiver.events import Objected
from harness.protocol.receiver.offer import Offer
from harness.protocol.receiver.rules import Rules
from harness.protocol.receiver.transaction import Memory
from harness.protocol.replies import reply


@dataclass(frozen=True, slots=True)
class Scene:
    """The rules, what is remembered, and what this client may use: little before EHLO."""

    rules: Rules
    memory: Memory
    offer: Offer
    enhanced: bool  # replies carry enhanced codes

    def objected(self, objection: Objection) -> Objected:
        """The command is refused by the codec, in its own words."""
        enhanced = objection.enhanced if self.enhanced else None
        return Objected(reply(objection.code, objection.text, enhanced=enhanced))
