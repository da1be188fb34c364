"""The server made of what it was told."""

from __future__ import annotations

import dataclasses
import itertools
import ssl
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from harness.certificates import self_signed, server_context
from harness.errors import UsageError
from harness.protocol.receiver import RULES, TLS_FIRST, Limits, Rules
from harness.protocol.services import Service
from reference_server.configuration.houses import inboxes, make_house, make_users
from reference_server.configuration.relays import World, make_relay
from reference_server.configuration.values import Config
from reference_server.configuration.watchers import make_metrics, make_watchers
from reference_server.faults.certificates import Certificates
from reference_server.faults.faults import Faults
from reference_server.faults.model import Table
from reference_server.faults.received import Received
from reference_server.intake.intake import Intake
from reference_server.intake.policy import House
from reference_server.lies import LIES
from reference_server.pop3.maildrop import Maildrops
from reference_server.queue.store import StoredQueue
from reference_server.server import Server
from reference_server.storage.disk import DISK, UNSYNCED
from reference_server.storage.mailboxes import Mailboxes
from reference_server.storage.spool import Spool
from reference_server.storage.storage import DiskStorage, NoQueue, Nowhere
from reference_server.talks.sink import Sink, unstamped
from reference_server.talks.voices import in_voice, known_to
from reference_server.watching.log import Log, Logging

WORLD: Final = World()


def make_server(config: Config, world: World = WORLD) -> Server:
    """The server that the options describe; makes its directories, Maildirs and certificate."""
    rules = make_rules(config)
    users = make_users(config)
    house = make_house(config, rules, users)
    log = None if config.log is None else make_log(config.log, world)
    try:
        intake, queue = _open_intake(config, house, users, world)
        tls = make_context(config)
    except OSError as problem:
        raise UsageError(f"cannot use the spool {config.spool}: {problem.strerror}") from problem
    relay = make_relay(config, house.directory, queue, intake, log, world) if queue else None
    metrics = None if config.metrics is None else make_metrics(relay, world)
    return Server(
        log=log,
        metrics=metrics,
        watchers=make_watchers(log, metrics),
        house=house,
        intake=intake,
        relay=relay,
        maildrops=_maildrops(config),
        rules=rules,
        tls=tls,
        patience=config.patience,
        allowance=config.allowance,
    )


def _maildrops(config: Config) -> Maildrops | None:
    """Where users read what was kept for them."""
    if not config.keeps_mail or config.spool is None:
        return None
    return Maildrops(Spool(config.spool).mail, disk=DISK if config.sync else UNSYNCED)


def make_faults(config: Config) -> Faults | None:
    """The faults that were asked for, or none yet where they can be asked for later."""
    if config.faults is None and config.control is None:
        return None
    if config.workers > 1:
        raise UsageError("faults are counted in one process: they do not go with several workers")
    assert config.spool is not None, "certificates that are wrong have a place"
    received = None if config.control is None else Received()
    return Faults(config.faults or Table(), Certificates(config.spool), received)


def make_log(logging: Logging, world: World) -> Log:
    """The log; where several write it, each says who it is."""
    return Log(logging, world.now, worker=world.part if world.parts > 1 else None)


def make_rules(config: Config) -> Rules:
    """The honest rules or those of a lie, in the voice, within the limits that were asked for."""
    rules = LIES[config.fault].rules if config.fault else RULES
    if config.sink:
        rules = replace(rules, stamp=unstamped)
    known = known_to(config.voice, rules.extensions).items()
    return replace(
        rules,
        answers=in_voice(rules.answers, config.voice),
        limits=_changed(rules.limits, config.limits),
        allows_auth_in_clear=config.auth_in_clear or rules.allows_auth_in_clear,
        need_tls=dict.fromkeys(Service, TLS_FIRST) if config.demand_tls else rules.need_tls,
        extensions={name: row for name, row in known if name not in config.without},
    )


def _changed(limits: Limits, asked: Limits) -> Limits:
    """A lie may be about a limit: only those that somebody asked for replace it."""
    standard = Limits()
    names = (field.name for field in dataclasses.fields(Limits))
    return replace(
        limits,
        **{
            name: getattr(asked, name)
            for name in names
            if getattr(asked, name) != getattr(standard, name)
        },
    )


def make_context(config: Config) -> ssl.SSLContext | None:
    """What TLS is spoken by, honestly or not, if there is a certificate."""
    context = _honest_context(config)
    if context is not None and config.fault:
        LIES[config.fault].tls(context)
    return context


def _honest_context(config: Config) -> ssl.SSLContext | None:
    if config.key_pair is not None:
        return server_context(config.key_pair.certificate, config.key_pair.key)
    if not config.tls_self_signed:
        return None
    assert config.spool is not None, "a certificate that is made has a place"
    names = ["localhost", config.domain, "127.0.0.1"]
    return server_context(*self_signed(names, config.spool))


def make_mailboxes(config: Config) -> Mailboxes:
    """The mailboxes in the spool."""
    assert config.spool is not None, "mail that is kept has a place"
    return Mailboxes(Spool(config.spool).mail, disk=DISK if config.sync else UNSYNCED)


def _open_intake(
    config: Config, house: House, users: Iterable[str], world: World
) -> tuple[Intake, StoredQueue | None]:
    # Ids are unique on this machine: each of several processes counts in steps of its own.
    serial = itertools.count(world.part + 1, world.parts)
    if config.sink:
        return Sink(house, serial=serial), None
    if config.discard:
        return Intake(house, Nowhere(), serial=serial), None
    assert config.spool is not None, "mail that is kept has a place"
    spool, mailboxes = Spool(config.spool), make_mailboxes(config)
    if world.parts == 1:
        mailboxes.clear()
    for name in inboxes(house, users):
        mailboxes.open(name)
    queue = (
        StoredQueue(spool.queue, sync=config.sync, inline=world.inline)
        if world.parts == 1
        else None
    )
    return Intake(
        house,
        DiskStorage(mailboxes, queue or NoQueue()),
        has_room=spool.has_room,
        now=world.now,
        inline=world.inline,
        tells_postmaster=config.tells_postmaster and queue is not None,
        serial=serial,
    ), queue
