"""Which hosts take mail for a domain: MX records and what RFC 5321 5.1 makes of them.

All addresses are looked up before the first host is tried, for the list has to be cut off where
we stand in it ourselves, by whatever name.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import trio

from harness.target import Address
from reference_server.relay.routes import NoWay, ascii_domain

T = TypeVar("T")

PORT: Final = 25
_MOST_HOSTS: Final = 20  # whoever lists more is looking for trouble


# --- what a resolver answers ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """Records of the type asked for, maybe none; preferences are 0 where there are none."""

    records: tuple[tuple[int, str], ...] = ()
    is_authentic: bool = False  # DNSSEC vouches for it, says a resolver that we believe


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such name."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody could tell for now."""

    why: str


Answer = Found | Absent | Unknown


class Resolver(Protocol):
    """Who knows the DNS.  CNAMEs have been followed in what it answers."""

    async def exchangers(self, name: str) -> Answer:
        """The MX records of a name: preference and host; the null MX has an empty host."""

    async def addresses(self, name: str) -> Answer:
        """The A and AAAA records of a name, the preferred first."""


# --- hosts ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One server to try."""

    name: str  # whose certificate it has to show
    addresses: tuple[Address, ...]
    is_vouched: bool  # whether its name is beyond doubt: configured, or signed (RFC 8689 2)


@dataclass(frozen=True, slots=True)
class Ourselves:
    """The names and addresses that we may be known by."""

    names: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()

    def are(self, name: str, addresses: Collection[str]) -> bool:
        """Whether a host of this name and these addresses is this one."""
        return ascii_domain(name) in self.names or any(map(self._is_here, addresses))

    def _is_here(self, address: str) -> bool:
        ip = ipaddress.ip_address(address)
        return ip.is_loopback or ip.is_unspecified or address in self.addresses


_LOOP: Final = "the best host for that domain is this one, which does not know the domain"


async def find_hosts(
    domain: str,
    resolver: Resolver,
    ourselves: Ourselves,
    shuffle: Callable[[list[tuple[int, str]]], None] = random.shuffle,
) -> tuple[Host, ...] | NoWay:
    """The hosts to try for a domain or an address literal, in order; or why there are none."""
    if domain.startswith("["):
        return _literal(domain, ourselves)
    match await resolver.exchangers(domain):
        case Absent():
            return NoWay("5.1.2", f"there is no domain {domain}")
        case Unknown(why):
            return NoWay("4.4.3", f"no answer about the domain {domain}: {why}")
        case Found(records=()):
            # RFC 5321 5.1: the implicit MX.
            return await _choose(Found(((0, domain),)), resolver, ourselves)
        case Found(records=((_, ""),)):
            return NoWay("5.1.10", f"the domain {domain} takes no mail (RFC 7505)")
        case Found(records, is_authentic):
            ranked = list(records)
            shuffle(ranked)  # equals are to share the load
            ranked.sort(key=lambda record: record[0])
            chosen = tuple(record for record in ranked if record[1])[:_MOST_HOSTS]
            return await _choose(Found(chosen, is_authentic), resolver, ourselves)


async def _choose(
    exchangers: Found, resolver: Resolver, ourselves: Ourselves
) -> tuple[Host, ...] | NoWay:
    names = [name for _, name in exchangers.records]
    answers = dict(zip(names, await _gather(resolver.addresses, names), strict=True))
    found = {
        name: tuple(address for _, address in answer.records) if isinstance(answer, Found) else ()
        for name, answer in answers.items()
    }
    # RFC 5321 5.1: what stands beside us or behind us in the list would send it back to us.
    end = min((rank for rank, name in exchangers.records if ourselves.are(name, found[name])),
              default=None)  # fmt: skip
    before = [name for rank, name in exchangers.records if end is None or rank < end]
    if not before:
        return NoWay("5.4.6", _LOOP)
    hosts = tuple(
        Host(
            name=name,
            addresses=tuple(Address(address, PORT) for address in found[name]),
            is_vouched=exchangers.is_authentic,
        )
        for name in dict.fromkeys(before)
        if found[name]
    )
    return hosts or _no_address(answers[name] for name in before)


def _no_address(answers: Iterator[Answer]) -> NoWay:
    for answer in answers:
        if isinstance(answer, Unknown):
            return NoWay("4.4.3", f"no answer about a host's address: {answer.why}")
    return NoWay("5.4.4", "no host of that domain has an address")


def _literal(domain: str, ourselves: Ourselves) -> tuple[Host, ...] | NoWay:
    text = domain[1:-1]
    try:
        ip = str(ipaddress.ip_address(text[5:] if text.lower().startswith("ipv6:") else text))
    except ValueError:
        return NoWay("5.1.2", f"no way to go by the literal {domain}")
    if ourselves.are(domain, (ip,)):
        return NoWay("5.4.6", _LOOP)
    # Whoever is named by an address alone has no name for a certificate.
    return (Host(name=ip, addresses=(Address(ip, PORT),), is_vouched=True),)


async def _gather(ask: Callable[[str], Awaitable[T]], names: Sequence[str]) -> list[T]:
    """The answers to all questions, asked at once."""
    answers: dict[str, T] = {}

    async def keep(name: str) -> None:
        answers[name] = await ask(name)

    async with trio.open_nursery() as nursery:
        for name in set(names):
            nursery.start_soon(keep, name)
    return [answers[name] for name in names]
