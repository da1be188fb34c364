"""What comes of a transaction: who has the message now, and who has not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.protocol.replies import Reply


@dataclass(frozen=True, slots=True)
class Handover:
    """Whom the server takes the message for, and whom not; without the former there is no reply."""

    accepted: tuple[str, ...]
    refused: Mapping[str, Reply]  # at RCPT, or by LMTP at the end of the message
    reply: Reply | None  # to the message itself; by LMTP the first that accepts it
    each: Mapping[str, Reply] = field(default_factory=dict)  # by LMTP: for each of the accepted

    def answer(self, recipient: str) -> Reply | None:
        """The reply that decided what becomes of the copy for this recipient."""
        return self.refused.get(recipient) or self.each.get(recipient) or self.reply
