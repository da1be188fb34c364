"""Policy: one function per question; an occasion is the objection, None is none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from harness.protocol.addresses import ForwardPath
from harness.protocol.receiver import RULES, Occasion, Rules
from harness.protocol.sasl import Credentials

MANY = "many"  # the mailbox of the domains where everybody exists


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Whose mail we take: our domain, its users and what they log in with, who lives elsewhere."""

    domain: str
    users: Collection[str] = ()
    accounts: Credentials | None = None
    anyone_at: Collection[str] = ()
    rules: Rules = RULES

    def objection_to(self, recipient: ForwardPath) -> Occasion | None:
        """May this recipient have mail from us?  Nobody's mail is relayed."""
        if self.mailbox_of(recipient) is not None:
            return None
        is_ours = recipient.mailbox.domain.lower() in ("", self.domain)
        return Occasion.NO_SUCH_USER if is_ours else Occasion.RELAY_DENIED

    def mailbox_of(self, recipient: ForwardPath) -> str | None:
        """The name of the mailbox that mail for the recipient lands in; None if there is none."""
        local, domain = recipient.mailbox.local, recipient.mailbox.domain.lower()
        if domain in self.anyone_at:
            return MANY
        if domain not in ("", self.domain):
            return None
        if self.rules.is_postmaster(local):
            return "postmaster"
        return local.lower() if domain and local.lower() in self.users else None
