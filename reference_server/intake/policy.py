"""Policy: one function per question; an occasion is the objection, None is none."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from harness.protocol.addresses import ForwardPath, Mailbox, ReversePath
from harness.protocol.order import Verb
from harness.protocol.receiver import Occasion
from harness.protocol.receiver.events import Verify
from harness.protocol.sasl import Credentials
from reference_server.intake.directory import Directory, Inbox, MailingList
from reference_server.intake.expansion import expand, mailbox_of

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Tells(StrEnum):
    """Whom VRFY and EXPN tell the truth (RFC 5321 7.3 leaves it to the site)."""

    NOBODY = "nobody"
    USERS = "users"
    ANYONE = "anyone"


@dataclass(frozen=True, slots=True)
class Guest:
    """Who asks: from which address, logged in as whom, and whether his word is enough."""

    peer: str
    user: str | None = None
    is_vouched_for: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Whose mail we take, for whom we pass it on, and what we tell about those who live here."""

    directory: Directory
    accounts: Credentials | None = None
    relays: bool = False  # whether there is any way to elsewhere
    networks: tuple[Network, ...] = ()  # whose hosts may send mail elsewhere without a log-in
    takes_mail: bool = True  # False: a host that never does, and says 521 (RFC 7504)
    null_mx: frozenset[str] = frozenset()  # domains that take no mail and send none (RFC 7505)
    turns: Collection[str] = ()  # domains in lower case whose mail anybody may ask for by ETRN
    tells: Tells = Tells.NOBODY

    @property
    def domain(self) -> str:
        """What we call ourselves."""
        return self.directory.domain

    def objection_to_sender(self, sender: ReversePath) -> Occasion | None:
        """May mail come from there?  Not where no answer can go (RFC 7505 4.2)."""
        mailbox = sender.mailbox
        if not self.null_mx or mailbox is None or mailbox.domain.lower() not in self.null_mx:
            return None
        return Occasion.NULL_MX_SENDER

    def objection_to(self, recipient: ForwardPath, guest: Guest) -> Occasion | None:
        """May this guest send mail to this recipient through us?"""
        mailbox = recipient.mailbox
        if self.directory.is_ours(mailbox):
            return None if self._is_somebody(mailbox) else Occasion.NO_SUCH_USER
        if not (self.relays or guest.is_vouched_for) or not self._is_trusted(guest):
            return Occasion.RELAY_DENIED
        return Occasion.NULL_MX if mailbox.domain.lower() in self.null_mx else None

    def _is_somebody(self, mailbox: Mailbox) -> bool:
        """Whether mail for an address of ours gets to anybody, and not only to aliases."""
        entry = self.directory.look_up(mailbox)
        if entry is None or isinstance(entry, Inbox):
            return entry is not None
        result = expand(self.directory, "", (), [(mailbox, ())])
        return bool(result.inboxes or result.elsewhere)

    def _is_trusted(self, guest: Guest) -> bool:
        """Mail for elsewhere is passed on for our users and our own networks: no open relay."""
        if guest.user is not None or guest.is_vouched_for:
            return True
        if not self.networks:
            return False
        address = ipaddress.ip_address(guest.peer.partition("%")[0])
        return any(address in network for network in self.networks)

    def may_turn(self, node: str, guest: Guest) -> bool:
        """May this guest have us try what waits for a host (ETRN, RFC 1985)?

        Anybody may for a domain with a route of its own: what is tried is where we send it anyway.
        """
        if node.startswith(("@", "#")):
            return not node.startswith("#") and self._is_trusted(guest)
        return node.lower() in self.turns or self._is_trusted(guest)

    def told_of(self, verify: Verify, guest: Guest) -> tuple[str, ...] | Occasion:
        """What VRFY or EXPN is answered: the addresses that it is about, or an occasion."""
        if not self._tells(guest):
            return verify.said
        told = self._truth(verify)
        if isinstance(told, tuple) and not (verify.utf8 or all(map(str.isascii, told))):
            return Occasion.VERIFIED  # RFC 6531 3.7.4.2: who cannot read it is told nothing
        return told

    def _truth(self, verify: Verify) -> tuple[str, ...] | Occasion:
        address = verify.argument.strip().removeprefix("<").removesuffix(">")
        mailbox = mailbox_of(address if "@" in address else f"{address}@{self.domain}")
        if mailbox is None or not self.directory.is_ours(mailbox):
            return Occasion.VERIFIED  # RFC 5321 3.5.3: it cannot be verified from here
        entry = self.directory.look_up(mailbox)
        if verify.verb is Verb.VRFY:
            return Occasion.NO_SUCH_USER if entry is None else (str(mailbox),)
        return entry.members if isinstance(entry, MailingList) else Occasion.NO_SUCH_LIST

    def _tells(self, guest: Guest) -> bool:
        if self.tells is Tells.USERS:
            return guest.user is not None
        return self.tells is Tells.ANYONE
