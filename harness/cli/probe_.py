"""`smtp-harness probe`: the card of a server, what it offers and whether that is true."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.probing import Depth
    from harness.results import Exchange
    from harness.target import Target

FORMAT = "smtp-harness-card/1"
_FILE = click.Path(path_type=Path)


@click.command(short_help="Find out what a server can do, and prove it.")
@click.argument("target", required=False)
@click.option("--to", multiple=True, metavar="MAILBOX", help="A recipient; may be repeated.")
@click.option("--from", "sender", metavar="MAILBOX", help="The sender.")
@click.option("--helo", metavar="NAME", help="What we call ourselves.")
@click.option("--login", metavar="USER[:env:NAME|:file:PATH]", help="Log in first, within TLS.")
@click.option("--insecure", is_flag=True, help="Log in whatever the certificate says.")
@click.option("--ca", type=_FILE, metavar="FILE", help="Who vouches for the certificate.")
@click.option("--server-name", metavar="NAME", help="Whose certificate it must be.")
@click.option(
    "--limits/--no-limits", default=None,
    help="Measure what it bears, and list all its ciphers  [default: on loopback]",
)  # fmt: skip
@click.option("--idle", metavar="10m", help="Wait so long whether it hangs up.")
@click.option("--send", is_flag=True, help="Send a message too, to --to.")
@click.option("--mine", multiple=True, metavar="HOST", help="This host off loopback is mine.")
@click.option("--timeout", metavar="5s", help="How long to wait for each answer.")
@click.option("--json", "as_json", is_flag=True, help="The card as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Show the dialogues, on standard error.")
def probe(target: str | None, as_json: bool, verbose: bool, **options: Any) -> int:
    """Find out what TARGET offers before and within TLS, and whether it is true.

    No message is sent unless --send.  Without TARGET our own reference server is looked at.
    Measuring limits makes errors on purpose, so off loopback it takes --limits: for a server of
    yours.

    Exit status: 0 there is a card; 2 wrong use; 3 nobody there talks to us.
    """
    import trio

    from harness.probing import Card, survey
    from harness.wire import Log

    async def look(aim: Target, depth: Depth) -> Card:
        return await survey(aim, depth, Log(_show if verbose else None), time.time)

    with _aim(target, options) as aim:
        card = trio.run(look, aim, _depth(aim, options))
    if as_json:
        document = {"format": FORMAT, **asdict(card)}
        click.echo(json.dumps(document, indent=1))
        return 0
    from harness.cli.carding import lines

    for line in lines(card):
        click.echo(line)
    return 0


def _show(exchange: Exchange) -> None:
    from harness.reports.dialogue import rows

    for row in rows([exchange]):
        click.echo(row.text, err=True)


@contextlib.contextmanager
def _aim(word: str | None, options: dict[str, Any]) -> Iterator[Target]:
    """The target that is named, or our own server for as long as the context lasts."""
    from harness.target import read_target

    if word is not None:
        yield _applied(read_target(word), options)
        return
    from harness.cli.embedded import embedded

    with embedded() as target:
        yield _applied(target, options)


def _applied(target: Target, options: dict[str, Any]) -> Target:
    from harness.target import with_options

    names = ("to", "sender", "login", "timeout", "insecure", "mine")
    target = with_options(target, **{name: options[name] for name in names})
    tls = target.tls
    name = options["server_name"] or tls.server_name
    tls = replace(tls, ca=options["ca"] or tls.ca, server_name=name)
    return replace(target, tls=tls, our_name=options["helo"] or target.our_name)


def _depth(target: Target, options: dict[str, Any]) -> Depth:
    from harness.documents import read_duration
    from harness.probing import Depth
    from harness.protocol.sasl import Login

    idle = read_duration(options["idle"]) if options["idle"] else 0.0
    if idle is None:
        raise UsageError(f"--idle must be a duration such as 10m, not {options['idle']!r}")
    login = None
    if options["login"] is not None:
        assert target.login is not None, "with_options has read it"
        login = Login(target.login.user, target.login.password.reveal())
    limits = options["limits"]
    return Depth(
        limits=target.owns(target.address) if limits is None else limits,
        idle=idle,
        message=_message(target) if options["send"] else None,
        login=login,
    )


def _message(target: Target) -> bytes:
    """A short message that says where it comes from."""
    import email.utils
    import secrets

    token = secrets.token_hex(8)
    fields = (
        f"Date: {email.utils.formatdate(localtime=True)}",
        f"From: <{target.sender or f'postmaster@{target.our_name}'}>",
        f"Subject: A probe, {token}",
        f"Message-ID: <{token}@{target.our_name}>",
        "",
        "smtp-harness probe --send asked whether you take this message.",
    )
    return "".join(f"{field}\r\n" for field in fields).encode()
