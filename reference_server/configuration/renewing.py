"""Renewing: a server that runs takes its configuration anew; a bad one leaves all as it was.

Clients that are here keep what they were promised: rules, words and TLS of the time when they came.
Whose mail is taken, and where it goes, changes for all at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click

from harness.documents import DocumentError
from harness.errors import UsageError
from reference_server.configuration.houses import inboxes, make_house, make_users
from reference_server.configuration.making import make_context, make_mailboxes, make_rules
from reference_server.configuration.relaying import Relaying
from reference_server.configuration.relays import make_routes
from reference_server.configuration.values import Config
from reference_server.server import Server
from reference_server.watching.log import Level

# What is done once, at the start.
_ONCE: Final = (
    *(
        "doors",
        "spool",
        "sync",
        "discard",
        "sink",
        "tells_postmaster",
        "workers",
        "log",
        "metrics",
        "control",
        "faults",
    ),
)


class Renewal:
    """Reads the configuration again and makes the server obey it."""

    def __init__(
        self, server: Server, told: Config, read: Callable[[], Config], spool: Path
    ) -> None:
        self._server = server
        self._told = told
        self._read = read
        self._spool = spool  # where it really is, which may have been ours to choose

    def __call__(self) -> None:
        """What a SIGHUP asks for."""
        try:
            if self._server.log is not None:
                self._server.log.reopen()
            told = self._read()
            self._obey(dataclasses.replace(told, spool=self._spool))
        except UsageError as error:
            self._refuse(error)
        except OSError as problem:
            self._refuse(UsageError(f"the spool: {problem.strerror}"))
        else:
            ignored = list(_ignored(self._told, told))
            self._told = told
            self._server.tell("reloaded", takes_a_restart=ignored or None)

    def _obey(self, config: Config) -> None:
        server = self._server
        rules, users = make_rules(config), make_users(config)
        house = make_house(config, rules, users)
        tls = server.tls if self._keeps_certificate(config) else make_context(config)
        if config.keeps_mail:
            for name in inboxes(house, users):
                make_mailboxes(config).open(name)
        # Nothing can fail from here on: it is all or nothing.
        server.tls = tls
        server.patience, server.allowance = config.patience, config.allowance
        server.obey(rules, house)
        if server.relay is not None:
            server.relay.reroute(make_routes(config.relay or Relaying(), house.directory))

    def _keeps_certificate(self, config: Config) -> bool:
        """A certificate that we made ourselves: whoever trusts it shall not have to look again."""
        return config.tls_self_signed and self._told.tls_self_signed and config.key_pair is None

    def _refuse(self, error: UsageError) -> None:
        told = complaints_of(error)
        self._server.tell("reload-refused", Level.WARNING, problems=told)
        if self._server.log is None:
            click.echo("\n".join(["the configuration stays as it was:", *told]), err=True)


def complaints_of(error: UsageError) -> list[str]:
    """Places and complaints, but no lines of the file: a password may stand in one."""
    if isinstance(error, DocumentError):
        return [f"{one.at.exactly}: {one.message}" for one in error.complaints]
    return [str(error)]


def _ignored(old: Config, new: Config) -> Iterator[str]:
    """The names of what has changed in the file and cannot change here."""
    yield from (name for name in _ONCE if getattr(old, name) != getattr(new, name))
    if _without_routes(old.relay) != _without_routes(new.relay):
        yield "relay"


def _without_routes(relay: Relaying | None) -> Relaying | None:
    """What the relay was started with; routes, networks and TLS it takes anew."""
    if relay is None:
        return None
    standard = Relaying()
    return dataclasses.replace(
        relay, routes=standard.routes, networks=standard.networks, tls=standard.tls
    )
