"""`smtp-harness serve`, and `python -m reference_server`: the server on the command line."""

from __future__ import annotations

import contextlib
import difflib
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click
import trio

from harness.errors import UsageError
from harness.protocol.addresses import is_domain
from harness.protocol.receiver import RULES
from reference_server.configuration import Config, make_server
from reference_server.doors import TRADES, Door, Kind, read_door
from reference_server.lies import LIES
from reference_server.running import run as run_server
from reference_server.spool import hold
from reference_server.voices import VOICES

PORT = 2525  # where plain SMTP is spoken if nobody says where


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), metavar="N",
    help=f"Port for plain SMTP; 0 takes a free one.  [default: {PORT}, if there is no --listen]",
)  # fmt: skip
@click.option(
    "--listen", multiple=True, metavar="KIND://HOST:PORT",
    help=f"A further door, such as submission://127.0.0.1:2587; may be repeated. "
         f"Kinds: {', '.join(kind for kind in Kind if TRADES[kind].service)}.",
)  # fmt: skip
@click.option("--domain", default="example.test", show_default=True, help="Our domain.")
@click.option(
    "--user", "users", multiple=True, metavar="NAME[:PASSWORD]",
    help="A user with a mailbox, and a log-in if there is a password; may be repeated.",
)  # fmt: skip
@click.option(
    "--anyone-at", multiple=True, metavar="DOMAIN",
    help="A domain where every user exists; their mail goes into the mailbox 'many'.",
)  # fmt: skip
@click.option(
    "--spool", type=click.Path(file_okay=False, path_type=Path),
    help="Directory for mailboxes (Maildirs in mail/) and certificate  [default: a temporary one]",
)  # fmt: skip
@click.option("--voice", type=click.Choice(list(VOICES)), default="default", help="Reply texts.")
@click.option("--fault", metavar="NAME", help="Be wrong in this one way; see --list-faults.")
@click.option("--list-faults", is_flag=True, help="Name the faults and leave.")
@click.option("--tls-self-signed", is_flag=True, help="Offer STARTTLS (and AUTH inside it).")
@click.option(
    "--max-size", type=click.IntRange(min=1), default=RULES.limits.message, show_default=True,
    metavar="OCTETS",
    help="The largest message that is taken.",
)  # fmt: skip
@click.option("--sync/--no-sync", default=True, help="Wait for the disk before 250 (the default).")
@click.option("--discard", is_flag=True, help="Take all mail and keep none, for measuring.")
@click.option("--until-eof", is_flag=True, help="Stop when standard input ends.")
def main(
    host: str,
    port: int | None,
    listen: tuple[str, ...],
    domain: str,
    users: tuple[str, ...],
    anyone_at: tuple[str, ...],
    spool: Path | None,
    voice: str,
    fault: str | None,
    list_faults: bool,
    tls_self_signed: bool,
    max_size: int,
    sync: bool,
    discard: bool,
    until_eof: bool,
) -> None:
    """Run the reference server: mail for its users goes to Maildirs, all else is refused.

    It prints one line for each door when it listens there.  SIGTERM and Ctrl-C stop it.
    """
    if list_faults:
        for name, lie in LIES.items():
            click.echo(f"{name}\t{lie.what}")
        return
    with _directory(spool) as directory, hold(directory):
        config = Config(
            domain=_checked_domain(domain),
            doors=_doors(host, port, listen),
            users=dict(map(_user, users)),
            anyone_at=tuple(map(_checked_domain, anyone_at)),
            spool=directory,
            voice=voice,
            fault=_checked_fault(fault),
            tls_self_signed=tls_self_signed,
            sync=sync,
            discard=discard,
            max_size=max_size,
        )
        server = make_server(config)
        trio.run(partial(run_server, server, config.doors, until_eof=until_eof))


def _doors(host: str, port: int | None, listen: tuple[str, ...]) -> tuple[Door, ...]:
    """The plain SMTP door stands open unless other doors alone are asked for."""
    others = tuple(map(read_door, listen))
    if port is None and others:
        return others
    return (Door(Kind.SMTP, host, PORT if port is None else port), *others)


@contextlib.contextmanager
def _directory(directory: Path | None) -> Iterator[Path]:
    if directory is not None:
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="smtp-harness-") as temporary:
        yield Path(temporary)


def _user(text: str) -> tuple[str, str | None]:
    name, colon, password = text.partition(":")
    if not name or "/" in name or name.startswith("."):
        raise UsageError(f"--user {name!r}: a user's name is also the name of a mailbox directory")
    return name, password if colon else None


def _checked_domain(text: str) -> str:
    if not is_domain(text):
        raise UsageError(f"{text!r} is not a domain")
    return text


def _checked_fault(name: str | None) -> str | None:
    if name is None or name in LIES:
        return name
    near = difflib.get_close_matches(name, LIES, 1)
    hint = f"did you mean {near[0]!r}?" if near else "see --list-faults"
    raise UsageError(f"there is no fault {name!r} ({hint})")


def run() -> None:
    """The command with usage errors said in one line."""
    try:
        main(prog_name="python -m reference_server")
    except UsageError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    run()
