"""What the command line asks of `fetch`, and the plan that comes of it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from harness.certificates import client_context
from harness.cli.asking import reveal
from harness.cli.fetching.keeping import Folder
from harness.documents import read_duration
from harness.errors import UsageError
from harness.protocol.pop3.reaching import Entrance, TlsWish
from harness.protocol.sasl import ClientSide
from harness.target import Address, Scheme, read_address, read_login
from harness.target.address import READERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options, as they were written."""

    server: str
    login: str | None = None
    mechanism: str | None = None
    clear_auth: bool = False
    tls: str = "auto"
    insecure: bool = False
    ca: Path | None = None
    server_name: str | None = None
    list_only: bool = False
    to: str = "-"
    keep: bool = True
    timeout: str = "5s"
    verbose: bool = False
    json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done, decided before anybody is connected to."""

    address: Address
    entrance: Entrance
    context: ssl.SSLContext
    server_name: str
    patience: float
    folder: Folder | None  # None is standard output


def make_plan(wishes: Wishes) -> Plan:
    """The plan; raises UsageError over whatever cannot be done."""
    address = read_address(wishes.server, READERS, Scheme.POP3)
    if not wishes.keep and wishes.list_only:
        raise UsageError("--list fetches nothing, so --delete has nothing to delete")
    if not wishes.keep and wishes.to == "-":
        raise UsageError("--delete wants the messages in a safe place first: --to DIR")
    context = client_context(verify=not wishes.insecure, ca=wishes.ca)
    folder = None if wishes.to == "-" or wishes.list_only else Folder(Path(wishes.to))
    return Plan(
        address=address,
        entrance=_entrance(wishes, address),
        context=context,
        server_name=wishes.server_name or address.host,
        patience=_patience(wishes.timeout),
        folder=folder,
    )


def _entrance(wishes: Wishes, address: Address) -> Entrance:
    who = wishes.login or address.user
    if who is None:
        raise UsageError(f"whose mailbox? {address.scheme}://USER@{address.endpoint} or --login")
    if address.scheme.has_implicit_tls and wishes.tls == "none":
        raise UsageError("pop3s:// is TLS from the first octet; --tls none wants pop3://")
    return Entrance(
        login=reveal(read_login(who)),
        tls=TlsWish(wishes.tls),
        mechanism=wishes.mechanism,
        may_reveal=wishes.clear_auth or address.is_loopback,
        side=ClientSide(host=address.host, port=address.port),
        is_secure=address.scheme.has_implicit_tls,
    )


def _patience(text: str) -> float:
    seconds = read_duration(text)
    if not seconds:
        raise UsageError(f"--timeout: {text!r} is no duration such as 5s")
    return seconds
