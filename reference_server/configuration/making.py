"""The server made of what it was told."""

from __future__ import annotations

import ssl
from dataclasses import replace

from harness.certificates import self_signed, server_context
from harness.errors import UsageError
from harness.protocol.receiver import RULES
from reference_server.configuration.values import Config
from reference_server.disk import DISK, UNSYNCED
from reference_server.intake import Intake
from reference_server.lies import LIES
from reference_server.mailboxes import Mailboxes
from reference_server.policy import MANY, House
from reference_server.queue.store import StoredQueue
from reference_server.server import Server
from reference_server.spool import Spool
from reference_server.storage import DiskStorage, Nowhere
from reference_server.voices import in_voice


def make_server(config: Config) -> Server:
    """The server that the options describe; makes its directories, Maildirs and certificate."""
    rules = LIES[config.fault].rules if config.fault else RULES
    rules = replace(
        rules,
        answers=in_voice(rules.answers, config.voice),
        limits=replace(rules.limits, message=config.max_size),
    )
    house = House(
        domain=config.domain.lower(),
        users={name.lower(): password for name, password in config.users.items()},
        anyone_at=tuple(domain.lower() for domain in config.anyone_at),
        rules=rules,
    )
    try:
        intake = _open_intake(config, house)
        tls = _make_context(config) if config.tls_self_signed else None
    except OSError as problem:
        raise UsageError(f"cannot use the spool {config.spool}: {problem.strerror}") from problem
    return Server(house=house, intake=intake, rules=rules, tls=tls, patience=config.patience)


def _open_intake(config: Config, house: House) -> Intake:
    if config.discard:
        return Intake(house, Nowhere())
    spool = Spool(config.spool)
    mailboxes = Mailboxes(spool.mail, disk=DISK if config.sync else UNSYNCED)
    mailboxes.clear()
    for name in ("postmaster", *house.users, *([MANY] if house.anyone_at else [])):
        mailboxes.open(name)
    queue = StoredQueue(spool.queue, sync=config.sync)
    return Intake(house, DiskStorage(mailboxes, queue), has_room=spool.has_room)


def _make_context(config: Config) -> ssl.SSLContext:
    names = ["localhost", config.domain, "127.0.0.1"]
    return server_context(*self_signed(names, config.spool))
