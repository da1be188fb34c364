"""Scene: what a command meets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.protocol.commands import Objection
from harness.protocol.order import Verb
from harness.protocol.receiver.events import Objected
from harness.protocol.receiver.offer import Offer
from harness.protocol.receiver.rules import Rules
from harness.protocol.receiver.transaction import Memory
from harness.protocol.replies import reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The rules, what is remembered, and what this client may use: little before EHLO."""

    rules: Rules
    memory: Memory
    offer: Offer
    enhanced: bool  # replies carry enhanced codes
    words: Mapping[bytes, Verb]  # that are commands here
    guarded: frozenset[Verb]  # wants TLS or a log-in first
    needs_qualified: bool  # domains have more than one label

    def objected(self, objection: Objection) -> Objected:
        """The command is refused by the codec, in its own words."""
        enhanced = objection.enhanced if self.enhanced else None
        return Objected(reply(objection.code, objection.text, enhanced=enhanced))
