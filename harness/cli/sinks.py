"""Sinks: where `delivery: sink:HOST:PORT` says that the target relays to us, we listen there.

A sink is our reference server as a child.  It takes mail for the target's recipients and nobody
else, a Maildir each; all who exist in no domain that we know of share one.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from harness.cli.serving import serving
from harness.target import Target
from harness.target.target import ANY, domain_of

_SCHEME: Final = "sink:"
_SHARED: Final = "many"  # the mailbox of the domains where everybody exists
_LARGEST: Final = 100 * 1024 * 1024  # octets of a message


@contextlib.contextmanager
def with_sinks(target: Target) -> Iterator[Target]:
    """The target with its sinks under way, and deliveries that say where what they take is."""
    urls = {url for url in target.delivery.values() if url.startswith(_SCHEME)}
    with contextlib.ExitStack() as stack:
        for url in sorted(urls):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="smtp-sink-")))
            options = _options(target, url.removeprefix(_SCHEME), folder)
            stack.enter_context(serving(options, folder / "stderr"))
            target = replace(target, delivery=_delivery(target, url, folder / "mail"))
        yield target


def _options(target: Target, door: str, spool: Path) -> list[str]:
    names, home = _names(target), _home(target)
    users = {name for address, name in names.items() if name not in (_SHARED, "postmaster")}
    domains = {domain_of([address]) for address in names} | {domain_of([target.many or ""])}
    return [
        *("--listen", door, "--domain", home, "--spool", str(spool), "--no-sync"),
        *("--max-size", str(_LARGEST)),
        *(word for user in sorted(users) for word in ("--user", user)),
        *(word for it in sorted(filter(None, domains - {home})) for word in ("--anyone-at", it)),
    ]


def _home(target: Target) -> str:
    """The domain whose users have a Maildir each."""
    return domain_of(target.recipients) or target.domain or "sink.test"


def _names(target: Target) -> Mapping[str, str]:
    """The recipients that mail may come for, and the names of their Maildirs."""
    relayed = [target.relay.recipient] if target.relay else []
    home = _home(target)
    found = {}
    for address in filter(None, (*target.recipients, *relayed, *target.delivery)):
        local, at, domain = address.rpartition("@")
        found[address] = (local or domain).lower() if domain == home or not at else _SHARED
    return found


def _delivery(target: Target, url: str, mail: Path) -> Mapping[str, str]:
    """The deliveries of the target, those that go to this sink read from its Maildirs."""
    mine = {ANY: _SHARED, **_names(target)}
    found = dict(target.delivery)
    for address, name in mine.items():
        if target.delivery_of(address) == url:
            found[address] = f"sink-spool:{mail / name}"
    return found
