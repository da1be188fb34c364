"""`relay:` in a configuration: who may send mail elsewhere, which way, for how long it is tried."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from harness.documents import Fields, MappingNode, Node, TextNode
from harness.errors import UsageError
from harness.protocol.addresses import is_domain
from harness.target import Address, read_address
from reference_server.intake.policy import Network
from reference_server.relay.resolver import PATIENCE
from reference_server.relay.routes import EVERYTHING, Route, Tls
from reference_server.relay.schedule import Schedule

NEVER: Final = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dns:
    """Who is asked for MX records; the resolvers of this machine if nobody is named."""

    servers: tuple[str, ...] = ()  # addresses
    port: int = 53
    trusts_ad: bool = False  # whether their word is believed that an answer was signed
    patience: float = PATIENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaying:
    """Mail for elsewhere: whoever has logged in may send it, and whoever is in these networks."""

    networks: tuple[Network, ...] = ()
    routes: tuple[Route, ...] = ()
    null_mx: frozenset[str] = frozenset()  # known to take no mail, without asking the DNS
    dns: Dns | None = None  # None: nobody is asked, and only what has a route goes anywhere
    tls: Tls = Tls.OPPORTUNISTIC  # of what has no route, or one that does not say
    schedule: Schedule = field(default_factory=Schedule)
    messages_per_connection: int = 100
    seconds_per_connection: float = 300.0


def read_relaying(fields: Fields) -> Relaying:
    """The value of `relay:`; what is wrong has been complained of and is left at its default."""
    standard = Relaying()
    with fields:
        networks = (fields.made(node, _network) for node in fields.text_nodes("networks"))
        tls = _tls(fields, standard.tls)
        most = fields.number("messages_per_connection", minimum=1)
        age = fields.duration("connection_age")
        return Relaying(
            networks=tuple(network for network in networks if network is not None),
            routes=_routes(fields, tls),
            null_mx=frozenset(_domains(fields, "null_mx")),
            dns=_dns(fields),
            tls=tls,
            schedule=_schedule(fields, standard.schedule),
            messages_per_connection=most or standard.messages_per_connection,
            seconds_per_connection=age or standard.seconds_per_connection,
        )


def _network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no network: {error}") from None
    if not network.prefixlen:
        raise UsageError(f"{text!r} would make an open relay: everybody could send through us")
    return network


def _tls(fields: Fields, default: Tls) -> Tls:
    word = fields.choice("tls", [tls.value for tls in Tls])
    return Tls(word) if word else default


# --- routes: a domain, then a host, several, or a mapping that says more -----------------------


def _routes(fields: Fields, tls: Tls) -> tuple[Route, ...]:
    inner = fields.fields("routes")
    entries = inner.rest() if inner else []
    return tuple(_route(fields, name, node, tls) for name, node in entries)


def _route(fields: Fields, name: TextNode, node: Node, tls: Tls) -> Route:
    if name.value != EVERYTHING and not is_domain(name.value.removeprefix(".")):
        fields.complaints.add(name.at, f"{name.value!r} is no domain",
                              "example.net, .example.net for those below it, or *")  # fmt: skip
    if not isinstance(node, MappingNode):
        return Route(domains=(name.value,), hosts=_hosts(fields, node), tls=tls)
    with Fields(node, fields.complaints, f"the route {name.value!r}") as inner:
        hosts = _hosts(inner, inner.take("hosts")) if inner.require("hosts") else ()
        return Route(domains=(name.value,), hosts=hosts, tls=_tls(inner, tls))


def _domains(fields: Fields, key: str) -> Iterator[str]:
    for node in fields.text_nodes(key):
        if is_domain(node.value):
            yield node.value.lower()
        else:
            fields.complaints.add(node.at, f"{node.value!r} is no domain")


def _hosts(fields: Fields, node: Node | None) -> tuple[Address, ...]:
    hosts = (fields.made(one, read_address) for one in fields.as_texts(node))
    return tuple(host for host in hosts if host is not None)


# --- who is asked, and how often ----


def _dns(fields: Fields) -> Dns | None:
    """`dns: yes`, or a mapping that says whom."""
    if not isinstance(fields.take("dns"), MappingNode):
        return Dns() if fields.flag("dns") else None
    inner = fields.fields("dns")
    assert inner is not None, "it is a mapping"
    with inner:
        servers = (inner.made(node, _address) for node in inner.text_nodes("servers"))
        return Dns(
            servers=tuple(server for server in servers if server is not None),
            port=inner.number("port", 53, minimum=1) or 53,
            trusts_ad=inner.flag("trusts_ad"),
            patience=inner.duration("timeout") or PATIENCE,
        )


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise UsageError(f"{text!r} is no IP address") from None


def _schedule(fields: Fields, standard: Schedule) -> Schedule:
    inner = fields.fields("schedule")
    if inner is None:
        return standard
    with inner:
        node = inner.take("warn_after")
        is_never = isinstance(node, TextNode) and node.value == NEVER
        warn_after = None if is_never else inner.duration("warn_after", standard.warn_after)
        return Schedule(
            pauses=inner.durations("retry") or standard.pauses,
            lifetime=inner.duration("give_up_after") or standard.lifetime,
            warn_after=warn_after,
        )
