"""`smtp-harness fetch`: read a mailbox by POP3, and show what is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)

OPTIONS = (
    click.argument("server", metavar="pop3://USER@HOST[:PORT]"),
    click.option("--login", metavar="USER[:env:NAME|:file:PATH]",
                 help="Who; the password is asked for if the environment has none."),
    click.option("--mechanism", metavar="NAME",
                 help="How: a SASL mechanism, APOP or USER; else the best that both ends know."),
    click.option("--clear-auth", is_flag=True, help="Log in although everybody can listen."),
    click.option("--tls", type=click.Choice(["auto", "required", "none"]), default="auto",
                 show_default=True, help="auto: STLS where it is offered."),
    click.option("--insecure", is_flag=True, help="Take any certificate."),
    click.option("--ca", type=_FILE, metavar="FILE", help="Who vouches for the certificate."),
    click.option("--server-name", metavar="NAME", help="Whose certificate it must be."),
    click.option("--list", "list_only", is_flag=True, help="List what waits, and fetch nothing."),
    click.option("--to", metavar="DIR|-", default="-", show_default=True,
                 help="A file each in this directory; - is standard output."),
    click.option("--keep/--delete", default=True,
                 help="Leave them on the server (the default), or delete what was fetched."),
    click.option("--timeout", metavar="5s", default="5s", show_default=True,
                 help="How long to wait for each answer."),
    click.option("-v", "--verbose", is_flag=True, help="Show the dialogue, on standard error."),
    click.option("--json", is_flag=True, help="Tell everything as JSON."),
)  # fmt: skip


def _with_options(function: F) -> F:
    for option in reversed(OPTIONS):
        function = option(function)
    return function


@click.command(short_help="Read a mailbox by POP3.")
@_with_options
def fetch(**options: Any) -> int:
    """Fetch the messages of a mailbox, by POP3 (pop3s:// is inside TLS from the first octet).

    A message that is deleted is in its file, and the file on disk, before the server is told.

    Exit status: 0 all is well; 1 the server refused; 2 wrong use; 3 it cannot be reached, went away
    or said nothing.
    """
    from harness.cli.fetching import Wishes, perform

    return perform(Wishes(**options))
