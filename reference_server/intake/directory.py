"""The directory: what stands behind an address here: inbox, alias, mailing list, or nothing.

Only the postmaster has no case of his own by RFC 5321 4.5.1; that all other local-parts have none
either, and that `bob+ketchup` is Bob, is how this site likes it (2.4 leaves it to the site).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from harness.protocol.addresses import Mailbox
from harness.protocol.receiver import RULES

MANY = "many"  # the inbox of the domains where everybody exists
POSTMASTER = "postmaster"


@dataclass(frozen=True, slots=True)
class Inbox:
    """A mailbox of ours, by the name of its Maildir."""

    name: str


@dataclass(frozen=True, slots=True)
class Alias:
    """Other addresses in place of this one; the reverse-path stays (RFC 5321 3.9.1)."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MailingList:
    """Members who get a copy each; what fails for them is its owner's affair (RFC 5321 3.9.2)."""

    members: tuple[str, ...]
    owner: str  # the reverse-path of its copies


Entry = Inbox | Alias | MailingList


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The addresses of one site; local-parts of aliases and lists are in lower case."""

    domain: str
    has_user: Callable[[str], bool]
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    lists: Mapping[str, MailingList] = field(default_factory=dict)
    addresses: Collection[str] = ()  # IP addresses of ours: their literals are we, RFC 1123 5.2.17
    anyone_at: Collection[str] = ()
    takes_all: bool = False  # in whatever domain
    separator: str = "+"  # before the detail of a sub-address (RFC 5233); "" for none
    is_postmaster: Callable[[str], bool] = RULES.is_postmaster
    fold_domain: Callable[[str], str] = RULES.fold_domain
    reached: Callable[[Sequence[str]], Sequence[str]] = RULES.reached
    alias_sender: Callable[[str], str] = RULES.alias_sender
    list_sender: Callable[[str, str], str] = RULES.list_sender

    def is_ours(self, mailbox: Mailbox) -> bool:
        """Whether its domain is ours to answer for."""
        domain = self.fold_domain(mailbox.domain)
        return self.takes_all or domain == "" or domain in self.anyone_at or self._is_here(domain)

    def spelling(self, mailbox: Mailbox) -> str:
        """The address as it is compared: elsewhere, only the domain has no case (RFC 5321 2.4)."""
        local = mailbox.local.lower() if self.is_ours(mailbox) else mailbox.local
        return f"{local}@{mailbox.domain.lower()}"

    def inbox_behind(self, mailbox: Mailbox) -> Inbox | None:
        """The inbox of that very name, whatever alias or list stands before it."""
        if not self.is_ours(mailbox):
            return None
        if self.is_postmaster(mailbox.local):
            return Inbox(POSTMASTER)
        name = mailbox.local.lower()
        return Inbox(name) if self.has_user(name) else None

    def look_up(self, mailbox: Mailbox) -> Entry | None:
        """What stands behind the address; None where nobody is, or where it is not ours."""
        local, domain = mailbox.local, self.fold_domain(mailbox.domain)
        if self.takes_all or domain in self.anyone_at:
            return Inbox(MANY)
        if domain and not self._is_here(domain):
            return None
        if self.is_postmaster(local):
            return self.aliases.get(POSTMASTER) or Inbox(POSTMASTER)
        if not domain:
            return None  # no other local-part may stand alone: RFC 5321 4.1.1.3
        return self._named(local.lower())

    def _is_here(self, domain: str) -> bool:
        """Whether a domain is our name, or a literal of an address of ours."""
        return domain == self.domain or (domain[:1] == "[" and _address(domain) in self.addresses)

    def _named(self, name: str) -> Entry | None:
        for candidate in self._spellings(name):
            found = self.lists.get(candidate) or self.aliases.get(candidate)
            if found is not None:
                return found
            if self.has_user(candidate):
                return Inbox(candidate)
        return None

    def _spellings(self, name: str) -> tuple[str, ...]:
        """The name, and what is left of it without its detail."""
        at = name.find(self.separator, 1) if self.separator else -1
        return (name,) if at < 0 else (name, name[:at])


def _address(literal: str) -> str | None:
    """The IP address within brackets, as it is usually written; None if there is none."""
    try:
        return str(ipaddress.ip_address(literal[1:-1].lower().removeprefix("ipv6:")))
    except ValueError:
        return None
