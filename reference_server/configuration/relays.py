"""The relay made of what it was told: it relays nothing unless a route or the DNS is configured."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.protocol.addresses import Mailbox
from harness.wire import dial
from reference_server.configuration.relaying import Dns, Relaying
from reference_server.configuration.values import Config
from reference_server.intake.directory import Directory
from reference_server.intake.intake import Intake
from reference_server.queue import Queue
from reference_server.relay.exchangers import Ourselves, Resolver
from reference_server.relay.ledger import Tell
from reference_server.relay.relay import Relay
from reference_server.relay.resolver import DnsResolver
from reference_server.relay.routes import Routes
from reference_server.relay.sessions.session import Dial
from reference_server.relay.settings import Caps, Settings
from reference_server.watching.log import Fact, Level, Log
from reference_server.watching.overhearing import overheard


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a server stands in: a test hands in another, where days pass in milliseconds."""

    now: Callable[[], float] = time.time  # seconds since the epoch
    dial: Dial = dial
    part: int = 0  # which of so many processes that share the work
    parts: int = 1
    inline: bool = False  # the disk is not waited for in threads: virtual time runs away meanwhile
    ask_every: float | None = 1.0  # seconds between looks for wishes in the queue; None for never


def make_relay(
    config: Config,
    directory: Directory,
    queue: Queue,
    intake: Intake,
    log: Log | None,
    world: World,
) -> Relay:
    """What sees to the queue of a server; without routes it still keeps what is to be held."""
    relaying = config.relay or Relaying()
    relay = Relay(
        queue,
        make_routes(relaying, directory),
        _settings(config, relaying, world),
        intake.submit,
        resolver=_resolver(relaying.dns),
        dial=world.dial if log is None else overheard(world.dial, log),
        now=world.now,
        tell=_say_nothing if log is None else _tell(log),
    )
    intake.relay = relay.take
    return relay


def make_routes(relaying: Relaying, directory: Directory) -> Routes:
    """Where the mail of each domain goes."""
    return Routes(
        relaying.routes,
        dns=relaying.dns is not None,
        tls=relaying.tls,
        is_ours=lambda domain: directory.is_ours(Mailbox("", domain)),
    )


def _settings(config: Config, relaying: Relaying, world: World) -> Settings:
    domain = config.domain.lower()
    caps = replace(
        Caps(),
        messages=relaying.messages_per_connection,
        age=relaying.seconds_per_connection,
    )
    return Settings(
        name=domain,
        ourselves=Ourselves(names=frozenset({domain})),
        schedule=relaying.schedule,
        tells_postmaster=config.tells_postmaster,
        caps=caps,
        ask_every=world.ask_every,
    )


def _resolver(dns: Dns | None) -> Resolver | None:
    if dns is None:
        return None
    return DnsResolver(dns.servers, port=dns.port, trusts_ad=dns.trusts_ad, patience=dns.patience)


def _tell(log: Log) -> Tell:
    def tell(what: str, facts: Mapping[str, object]) -> None:
        log.tell(
            f"relay-{what.replace(' ', '-')}",
            Level.INFO,
            **{name: _fact(of) for name, of in facts.items()},
        )

    return tell


def _fact(value: object) -> Fact:
    return value if isinstance(value, str | int | float) else str(value)


def _say_nothing(what: str, facts: Mapping[str, object]) -> None:
    pass
