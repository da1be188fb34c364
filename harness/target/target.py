"""The target: everything about the system under test that its address alone does not tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.target.address import Address
from harness.target.command import Script
from harness.target.secret import Login

ANY = ""  # the recipient of a delivery that holds for all recipients


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long we wait for the target, in seconds."""

    greeting: float = 5.0
    reply: float = 5.0
    delivery: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsPolicy:
    """How the target's certificate is looked at."""

    verify: bool = True
    ca: Path | None = None
    server_name: str | None = None  # where it is not the host that we connect to


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where the target sends mail for elsewhere, and its bounces."""

    recipient: str
    next_hop: Address | None = None
    bounce: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A system under test."""

    address: Address
    name: str = ""  # what a page of many targets calls it
    listeners: Mapping[str, Address] = field(default_factory=dict)
    our_name: str = "client.example.test"
    domain: str | None = None
    sender: str = "sender@client.example.test"
    # RFC 5321 4.5.1: every server takes mail for <postmaster>.
    recipients: tuple[str, ...] = ("postmaster",)
    many: str | None = None  # user{n}@many.example.test
    unknown_recipient: str | None = None
    foreign_recipient: str | None = None
    alias: str | None = None  # that stands for the first two recipients
    mailing_list: str | None = None  # whose members they are
    login: Login | None = None
    tls: TlsPolicy = TlsPolicy()
    delivery: Mapping[str, str] = field(default_factory=dict)  # recipient, or ANY -> URL
    relay: Relay | None = None
    always: frozenset[str] = frozenset()  # tls, auth: what it demands first
    timeouts: Timeouts = Timeouts()
    known: Path | None = None
    leave_out: tuple[str, ...] = ()  # cases that are not played, by address or the begin of one
    mine: tuple[str, ...] = ()
    queue: str | None = None  # a command that prints how many messages it has in its queue
    start: Script | None = None
    stop: Script | None = None
    directory: Path = Path()  # of its file: where relative paths begin
    arguments: tuple[str, ...] = ()  # the words of a command line that name this target

    @property
    def recipient(self) -> str:
        """The first recipient."""
        return self.recipients[0]

    @property
    def is_ours(self) -> bool:
        """Whether all of it is on loopback, or its owner says that hostile suites may touch it."""
        return all(map(self.owns, (self.address, *self.listeners.values())))

    def owns(self, address: Address) -> bool:
        """Whether one of its addresses is on loopback, or said to be ours."""
        mine = (host.casefold() for host in self.mine)
        return address.is_loopback or address.host.casefold() in mine

    def delivery_of(self, recipient: str) -> str | None:
        """The URL where mail for this recipient can be read back."""
        by_name = {name.casefold(): url for name, url in self.delivery.items()}
        return by_name.get(recipient.casefold(), by_name.get(ANY))

    def listener(self, name: str | None) -> Address | None:
        """The address for `over: NAME`; the target's own for None."""
        if name is None or name == self.address.scheme:
            return self.address
        return self.listeners.get(name)

    def __str__(self) -> str:
        return str(self.address)


def domain_of(recipients: Sequence[str]) -> str | None:
    """The domain of the first recipient, if it has one."""
    _, at, domain = recipients[0].rpartition("@") if recipients else ("", "", "")
    return domain if at else None
