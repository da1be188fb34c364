"""Fitness: what a configuration may ask of several workers, and what it then goes without."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from harness.certificates import self_signed
from harness.errors import UsageError
from reference_server.configuration import Config, KeyPair
from reference_server.intake.expansion import mailbox_of

# What makes promises that only the owner of a queue can keep.
_WITHOUT: Final = frozenset({"DSN", "FUTURERELEASE", "DELIVERBY"})


def check_fitness(config: Config) -> None:
    """Raises UsageError if many processes could not do what is asked."""
    if not hasattr(socket, "SO_REUSEPORT"):
        raise UsageError("several workers: this system shares no ports (SO_REUSEPORT)")
    for what, why in _unfit(config):
        raise UsageError(f"several workers cannot have {what}: {why}")


def _unfit(config: Config) -> Iterator[tuple[str, str]]:
    if config.relay is not None:
        yield "a relay", "a queue has one owner"
    if config.faults is not None or config.control is not None:
        yield "faults", "they are counted in one place"
    for name, addresses in _entries(config) if config.keeps_mail else ():
        if not all(_is_ours(address, config) for address in addresses):
            yield f"{name!r} lead elsewhere", "a queue has one owner"


def _entries(config: Config) -> Iterator[tuple[str, Sequence[str]]]:
    yield from ((name, alias.addresses) for name, alias in config.aliases.items())
    yield from ((name, the_list.members) for name, the_list in config.lists.items())


def _is_ours(address: str, config: Config) -> bool:
    mailbox = mailbox_of(address)
    ours = ("", config.domain.lower(), *(domain.lower() for domain in config.anyone_at))
    return mailbox is None or mailbox.domain.lower() in ours


def for_workers(config: Config, spool: Path) -> Config:
    """The configuration as each worker gets it: its share of what is shared, one certificate."""
    allowance = config.allowance
    share = {
        name: math.ceil(getattr(allowance, name) / config.workers)
        for name in ("connections", "in_flight")
    }
    changed = replace(
        config,
        spool=spool,
        without=config.without | _WITHOUT if config.keeps_mail else config.without,
        allowance=replace(allowance, **share),
    )
    if not config.tls_self_signed:
        return changed
    pair = self_signed(["localhost", config.domain, "127.0.0.1"], spool)
    return replace(changed, tls_self_signed=False, key_pair=KeyPair(*pair))
