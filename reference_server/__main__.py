"""`smtp-harness serve`, and `python -m reference_server`: the server on the command line."""

from __future__ import annotations

import contextlib
import difflib
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import trio

from harness.errors import UsageError
from harness.protocol.addresses import is_domain
from harness.protocol.receiver import RULES
from reference_server.config import Config, make_server
from reference_server.crowd import HAS_EPOLL, Crowd
from reference_server.lies import LIES
from reference_server.listener import serve
from reference_server.server import Server
from reference_server.sockets import SocketStream, accept, listen
from reference_server.voices import VOICES


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=2525, show_default=True, metavar="N",
    help="Port; 0 takes a free one.",
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
    port: int,
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

    It prints one line when it listens.  SIGTERM and Ctrl-C stop it.
    """
    if list_faults:
        for name, lie in LIES.items():
            click.echo(f"{name}\t{lie.what}")
        return
    with _spool(spool) as directory:
        config = Config(
            domain=_checked_domain(domain),
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
        trio.run(_run, make_server(config), host, port, until_eof)


async def _run(server: Server, host: str, port: int, until_eof: bool) -> None:
    try:
        listener = listen(host, port)
    except OSError as problem:
        raise UsageError(f"cannot listen on {host}:{port}: {problem.strerror}") from problem
    with listener:
        address, bound = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        click.echo(f"listening on {shown}:{bound}")
        sys.stdout.flush()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_on_signal, nursery.cancel_scope)
            if until_eof:
                nursery.start_soon(_stop_on_eof, nursery.cancel_scope)
            await accept(listener, _welcome(server, nursery))


def _welcome(server: Server, tasks: trio.Nursery) -> Callable[[socket.socket, str], None]:
    """How a connection is served: in the crowd, or by a task of its own where there is no epoll."""
    if HAS_EPOLL:
        crowd = Crowd(server, tasks)
        tasks.start_soon(crowd.serve)
        tasks.start_soon(crowd.sweep)
        return crowd.join
    return lambda sock, peer: tasks.start_soon(serve, server, SocketStream(sock), peer)


async def _stop_on_signal(scope: trio.CancelScope) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()


async def _stop_on_eof(scope: trio.CancelScope) -> None:
    stdin = trio.lowlevel.FdStream(sys.stdin.fileno())
    while await stdin.receive_some(1_024):
        pass
    scope.cancel()


@contextlib.contextmanager
def _spool(directory: Path | None) -> Iterator[Path]:
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
