"""Routes: where the mail for a domain goes, as far as that can be told without asking anybody.

Nothing goes anywhere unless it is said here: without a route and without `dns` there is no way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from harness.target import Address

EVERYTHING: Final = "*"


class Tls(StrEnum):
    """How much a destination is to be trusted before it gets mail."""

    OFF = "off"
    OPPORTUNISTIC = "opportunistic"  # where offered, with any certificate
    REQUIRED = "required"  # with a certificate that we trust, for the host's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way for the mail of some domains."""

    domains: tuple[str, ...]  # a domain, `.example.net` for all below it, `*` for what is left
    hosts: tuple[Address, ...]  # tried in this order; lmtp:// and smtps:// are understood
    tls: Tls = Tls.OPPORTUNISTIC


# --- destinations --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Here:
    """This server itself."""

    name = "here"


@dataclass(frozen=True, slots=True)
class NoWay:
    """Why the mail cannot go anywhere; a status of class 4 says that it may be otherwise later."""

    status: str
    words: str

    @property
    def name(self) -> str:
        """How the destination is called in lists."""
        return "nowhere"

    @property
    def is_permanent(self) -> bool:
        """Whether asking again is pointless."""
        return self.status.startswith("5")


@dataclass(frozen=True, slots=True)
class NextHops:
    """Hosts that a route names."""

    hosts: tuple[Address, ...]
    tls: Tls

    @property
    def name(self) -> str:
        """How the destination is called in lists."""
        return ",".join(host.endpoint for host in self.hosts)


@dataclass(frozen=True, slots=True)
class Exchangers:
    """Whoever the DNS says takes mail for a domain, or the host of an address literal."""

    domain: str
    tls: Tls

    @property
    def name(self) -> str:
        """How the destination is called in lists."""
        return self.domain


Remote = NextHops | Exchangers
Destination = Here | NoWay | Remote

_UNROUTED: Final = NoWay("5.4.4", "mail for that domain is not relayed by this server")


class Routes:
    """What is known of where to go."""

    def __init__(
        self,
        routes: Sequence[Route] = (),
        *,
        dns: bool = False,
        tls: Tls = Tls.OPPORTUNISTIC,  # of what the DNS says
        is_ours: Callable[[str], bool] = lambda domain: False,
    ) -> None:
        self._by_pattern: Mapping[str, Route] = {
            ascii_domain(pattern): route for route in reversed(routes) for pattern in route.domains
        }
        self._dns = dns
        self._tls = tls
        self._is_ours = is_ours

    def find(self, address: str) -> Destination:
        """Where a message for this address goes."""
        domain = domain_of(address)
        if not domain or self._is_ours(domain):
            return Here()
        for pattern in _patterns(domain):
            route = self._by_pattern.get(pattern)
            if route is not None:
                return NextHops(route.hosts, route.tls)
        return Exchangers(domain, self._tls) if self._dns else _UNROUTED


def _patterns(domain: str) -> Iterator[str]:
    """What may stand for the domain in a route, the most exact first."""
    yield domain
    if not domain.startswith("["):
        labels = domain.split(".")
        for at in range(1, len(labels)):
            yield "." + ".".join(labels[at:])
    yield EVERYTHING


def domain_of(address: str) -> str:
    """The domain of an address, as the DNS spells it; empty for the postmaster of anywhere."""
    _, at, domain = address.rpartition("@")
    return ascii_domain(domain) if at else ""


def ascii_domain(domain: str) -> str:
    """The domain in lower case, with A-labels for U-labels (RFC 5890)."""
    folded = domain.casefold().rstrip(".")
    if folded.isascii():
        return folded
    try:
        return folded.encode("idna").decode()
    except UnicodeError:
        return folded  # no such domain can exist, and the DNS will say so
