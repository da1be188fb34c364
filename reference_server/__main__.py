"""`smtp-harness serve`, and `python -m reference_server`: the server on the command line."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
import trio

from harness.errors import UsageError
from harness.protocol.receiver import RULES
from reference_server.configuration import (
    STANDARD,
    Config,
    make_faults,
    make_server,
    read_config,
)
from reference_server.configuration.checking import (
    check_domain,
    check_fault,
    check_user,
    read_control,
)
from reference_server.configuration.renewing import Renewal
from reference_server.doors.descriptors import raise_limit
from reference_server.doors.door import Door, Kind, read_door, read_endpoint
from reference_server.faults.reading import read_table
from reference_server.lies import LIES
from reference_server.running import run as run_server
from reference_server.storage.spool import hold
from reference_server.talks.sink import Sink
from reference_server.talks.voices import VOICES
from reference_server.watching.log import Logging, log_path
from reference_server.workers.supervisor import Supervisor

T = TypeVar("T")


@click.command()
@click.option(
    "--config", "file", type=click.Path(path_type=Path), metavar="FILE",
    help="A configuration in YAML (docs/serve.md); what is said here wins over it.",
)  # fmt: skip
@click.option("--host", help=f"Address to listen on.  [default: {STANDARD.host}]")
@click.option(
    "--port", type=click.IntRange(0, 65_535), metavar="N",
    help=f"Port for plain SMTP; 0 takes a free one.  [default: {STANDARD.port}]",
)  # fmt: skip
@click.option(
    "--listen", "doors", multiple=True, metavar="KIND://HOST:PORT",
    help="A door, such as submission://127.0.0.1:2587, beside --port or instead of it; may be "
         f"repeated. Kinds: {', '.join(Kind)}.",
)  # fmt: skip
@click.option("--domain", help=f"Our domain.  [default: {Config().domain}]")
@click.option(
    "--user", "users", multiple=True, metavar="NAME[:PASSWORD]",
    help="A user with a mailbox, and a log-in if there is a password; may be repeated.",
)  # fmt: skip
@click.option(
    "--users", "users_file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="More users, of `smtp-harness user add`  [default: SPOOL/users, if it is there]",
)  # fmt: skip
@click.option(
    "--anyone-at", multiple=True, metavar="DOMAIN",
    help="A domain where every user exists; their mail goes into the mailbox 'many'.",
)  # fmt: skip
@click.option(
    "--spool", type=click.Path(file_okay=False, path_type=Path),
    help="Directory for mailboxes (Maildirs in mail/) and certificate  [default: a temporary one]",
)  # fmt: skip
@click.option("--voice", type=click.Choice(list(VOICES)), help="Reply texts.")
@click.option("--fault", metavar="NAME", help="Be wrong in this one way; see --list-faults.")
@click.option("--list-faults", is_flag=True, help="Name the faults and leave.")
@click.option(
    "--faults", "faults_file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Accidents between policy and wire, in YAML (docs/faults.md).",
)  # fmt: skip
@click.option(
    "--control", metavar="PORT",
    help="A port on loopback where faults are changed, and what was received is told, by HTTP.",
)  # fmt: skip
@click.option(
    "--tls-self-signed", is_flag=True, default=None, help="Offer STARTTLS (and AUTH inside it)."
)
@click.option(
    "--auth-in-clear",
    is_flag=True,
    default=None,
    help="Offer AUTH outside TLS too.",
)
@click.option(
    "--max-size", type=click.IntRange(min=1), metavar="OCTETS",
    help=f"The largest message that is taken.  [default: {RULES.limits.message}]",
)  # fmt: skip
@click.option("--sync/--no-sync", default=None, help="Wait for the disk before 250 (the default).")
@click.option(
    "--discard", is_flag=True, default=None, help="Take all mail and keep none, for measuring."
)
@click.option(
    "--sink", is_flag=True, default=None,
    help="Take all mail for anybody, count it and keep none, as fast as can be.",
)  # fmt: skip
@click.option("--log", metavar="FILE", help="Write a log there, one JSON object a line; or stderr.")
@click.option(
    "--metrics", metavar="[HOST:]PORT", help="Tell Prometheus there, on loopback if it is a port."
)
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N",
    help="Processes that share the doors; with --discard, or for mailboxes alone.  [default: 1]",
)  # fmt: skip
@click.option("--until-eof", is_flag=True, help="Stop when standard input ends.")
def main(file: Path | None, list_faults: bool, until_eof: bool, **said: Any) -> None:
    """Run the reference server: mail for its users goes to Maildirs, all else is refused.

    It prints one line for each door when it listens there.  SIGTERM and Ctrl-C stop it when
    the transactions under way are over; a second one stops it at once.
    """
    if list_faults:
        for name, lie in LIES.items():
            click.echo(f"{name}\t{lie.what}")
        return

    def read() -> Config:
        return with_options(Config() if file is None else read_config(file), **said)

    told = read()
    with _directory(told.spool) as spool, hold(spool):
        raise_limit()
        if told.workers > 1:
            supervisor = Supervisor(told, spool)
            _live(partial(supervisor.run, read, until_eof=until_eof, renews=file is not None))
            if told.sink:
                click.echo(f"taken: {supervisor.takings}")
            return
        config = replace(told, spool=spool)
        server, faults = make_server(config), make_faults(config)
        _live(
            partial(
                run_server,
                server,
                config.doors,
                until_eof=until_eof,
                faults=faults,
                control=config.control,
                metrics=config.metrics,
                renew=None if file is None else Renewal(server, told, read, spool),
            )
        )
        if isinstance(server.intake, Sink):
            click.echo(f"taken: {server.intake.takings}")


def _live(start: Callable[[], Awaitable[None]]) -> None:
    """Run it to its end.  A nursery raises groups; wrong use is told as what it is."""
    try:
        trio.run(start)
    except BaseExceptionGroup as group:
        if group.split(UsageError)[1] is not None:
            raise
        raise _first(group) from None


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def with_options(
    config: Config,
    *,
    host: str | None = None,
    port: int | None = None,
    doors: Sequence[str] = (),
    domain: str | None = None,
    users: Sequence[str] = (),
    anyone_at: Sequence[str] = (),
    fault: str | None = None,
    faults_file: Path | None = None,
    control: str | None = None,
    max_size: int | None = None,
    log: str | None = None,
    metrics: str | None = None,
    **others: object,
) -> Config:
    """The configuration as these options change it; what is not said (None) stays."""
    changes = {
        **others,  # those that are values of a configuration as they are
        "doors": _doors(host, port, doors),
        "domain": _made(domain, check_domain),
        "users": {**config.users, **dict(map(_user, users))},
        "anyone_at": (*config.anyone_at, *map(check_domain, anyone_at)),
        "fault": _made(fault, check_fault),
        "faults": _made(faults_file, read_table),
        "control": _made(control, read_control),
        "log": _made(log, lambda to: replace(config.log or Logging(), path=log_path(to))),
        "metrics": _made(metrics, read_endpoint),
        "limits": _made(max_size, lambda octets: replace(config.limits, message=octets)),
    }
    said: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
    return replace(config, **said)


def _made(value: Any, make: Callable[[Any], T]) -> T | None:
    return None if value is None else make(value)


def _doors(host: str | None, port: int | None, others: Sequence[str]) -> tuple[Door, ...] | None:
    """Those that are asked for; None if none is."""
    doors = tuple(map(read_door, others))
    if port is None and (doors or host is None):
        return doors or None
    return (Door(Kind.SMTP, host or STANDARD.host, STANDARD.port if port is None else port), *doors)


def _user(text: str) -> tuple[str, str | None]:
    name, colon, password = text.partition(":")
    try:
        return check_user(name), password if colon else None
    except UsageError as error:
        raise UsageError(f"--user {error}") from None


@contextlib.contextmanager
def _directory(directory: Path | None) -> Iterator[Path]:
    if directory is not None:
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="smtp-harness-") as temporary:
        yield Path(temporary)


def run() -> None:
    """The command with usage errors said in one line."""
    try:
        main(prog_name="python -m reference_server")
    except UsageError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    run()
