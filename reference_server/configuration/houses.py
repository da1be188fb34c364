"""The house made of what it was told: its users, its directory, and what it allows to whom."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from harness.protocol.receiver import Rules
from reference_server.configuration.relaying import Relaying
from reference_server.configuration.values import Config
from reference_server.intake.directory import MANY, POSTMASTER, Alias, Directory, MailingList
from reference_server.intake.expansion import mailbox_of
from reference_server.intake.policy import House
from reference_server.users import FileUsers, MemoryUsers

USERS: Final = "users"  # the file in the spool, where no other is named

Users = FileUsers | MemoryUsers


def make_house(config: Config, rules: Rules, users: Users) -> House:
    """Whose mail is taken, and for whom it is passed on."""
    return House(
        directory=Directory(
            domain=config.domain.lower(),
            has_user=users.__contains__,
            addresses=own_addresses(config) if rules.knows_own_literals else (),
            aliases=_qualified_aliases(config),
            lists=_qualified_lists(config),
            anyone_at=tuple(domain.lower() for domain in config.anyone_at),
            takes_all=config.sink,
            separator=config.separator,
            is_postmaster=rules.is_postmaster,
            fold_domain=rules.fold_domain,
            reached=rules.reached,
            alias_sender=rules.alias_sender,
            list_sender=rules.list_sender,
        ),
        accounts=users,
        relays=config.relay is not None,
        networks=config.relay.networks if config.relay else (),
        takes_mail=config.takes_mail,
        null_mx=config.relay.null_mx if config.relay else frozenset(),
        turns=_turned(config.relay),
        tells=config.tells,
    )


def own_addresses(config: Config) -> frozenset[str]:
    """Where it listens; where that is everywhere, on all addresses of this machine."""
    hosts = {door.host for door in config.doors}
    everywhere = hosts & {"", "0.0.0.0", "::"}
    return frozenset(filter(_is_address, hosts - everywhere)) | (
        _addresses_of_machine() if everywhere else frozenset()
    )


def _addresses_of_machine() -> frozenset[str]:
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except OSError:  # its name is known to nobody
        found = []
    return frozenset({"127.0.0.1", "::1", *(str(row[4][0]) for row in found)})


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def inboxes(house: House, users: Iterable[str]) -> Iterator[str]:
    """The names of all mailboxes of a house."""
    yield from (POSTMASTER, *users)
    if house.directory.anyone_at:
        yield MANY


def make_users(config: Config) -> FileUsers | MemoryUsers:
    """Those of a file, if one is named or stands in the spool, and those that we were told."""
    path = config.users_file
    if path is None and config.spool is not None and (config.spool / USERS).exists():
        path = config.spool / USERS
    return MemoryUsers(config.users) if path is None else FileUsers(path, config.users)


def _turned(relaying: Relaying | None) -> frozenset[str]:
    """The domains with routes of their own."""
    routes = relaying.routes if relaying else ()
    return frozenset(domain.lower() for route in routes for domain in route.domains)


def _qualified_aliases(config: Config) -> Mapping[str, Alias]:
    return {
        name: Alias(tuple(_qualified(one, config) for one in alias.addresses))
        for name, alias in config.aliases.items()
    }


def _qualified_lists(config: Config) -> Mapping[str, MailingList]:
    return {
        name: MailingList(
            tuple(_qualified(one, config) for one in the_list.members),
            _qualified(the_list.owner, config),
        )
        for name, the_list in config.lists.items()
    }


def _qualified(address: str, config: Config) -> str:
    """The whole address: a name alone is one here."""
    return address if mailbox_of(address) is not None else f"{address}@{config.domain.lower()}"
