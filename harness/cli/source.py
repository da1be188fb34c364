"""`smtp-harness source`: the letters of Postfix's smtp-source, as they are.

As with `sink`, who has scripts for smtp-source changes one word in them.  Only what smtp-source
has not (--mine, --json) has long names.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from loadtests.smtp_source import Letters

F = TypeVar("F", bound=Callable[..., Any])

_ONE = click.IntRange(min=1)
# The generator works elsewhere, so the path must be whole.
_FILE = click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path)


def _flag(letter: str, name: str, about: str) -> Callable[[F], F]:
    return click.option(f"-{letter}", name, is_flag=True, help=about)


def _number(
    letter: str, name: str, default: int | None, metavar: str, about: str
) -> Callable[[F], F]:
    return click.option(f"-{letter}", name, type=_ONE, default=default, metavar=metavar, help=about)


@click.command(
    short_help="Send mail by the letters of smtp-source.",
    context_settings={"help_option_names": ["--help"]},
)
@_flag("4", "ipv4", "Connect by IPv4 alone.")
@_flag("6", "ipv6", "Connect by IPv6 alone.")
@_flag("A", "goes_on", "Go on whatever the server says, and end with status 0.")
@_flag("c", "counts", "Show a counter: there is one on a terminal anyway.")
@_number("C", "retries", 1, "N", "Tries to connect: not honoured, see docs/load.md.")
@_flag("d", "stays", "Stay connected for the next message.")
@click.option("-f", "sender", metavar="MAILBOX", help="The sender; foo@NAME if nobody says.")
@click.option("-F", "file", type=_FILE, metavar="FILE", help="Send this message, as it is.")
@_number("l", "length", None, "OCTETS", "So much text behind the header.")
@_flag("L", "lmtp", "Speak LMTP.")
@_number("m", "messages", 1, "N", "Send so many messages; 1 if nobody says.")
@click.option("-M", "name", metavar="NAME", help="What we call ourselves; else this machine.")
@_flag("N", "numbered", "Put a number before each recipient.")
@_flag("o", "old", "No header; EHLO is said all the same.")
@_number("r", "recipients", 1, "N", "So many recipients of each message.")
@_number("R", "random", None, "SECONDS", "Wait up to so long between messages.")
@_number("s", "sessions", 1, "N", "So many sessions at once.")
@click.option("-S", "subject", metavar="TEXT", help="The subject.")
@click.option("-t", "recipient", metavar="MAILBOX", help="The recipient; foo@NAME if nobody says.")
@_number("T", "window", None, "OCTETS", "The TCP window: not honoured.")
@_flag("v", "verbose", "Show dialogues: not honoured, `sink -v` shows them.")
@_number("w", "wait", None, "SECONDS", "Wait so long between messages.")
@click.option("--mine", multiple=True, metavar="HOST", help="This host off loopback is mine.")
@click.option(
    "--json", "path", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write the result to this file, as the run goes.",
)  # fmt: skip
@click.argument("where", metavar="[inet:]HOST[:PORT]|unix:PATH")
def source(mine: tuple[str, ...], path: Path | None, **said: Any) -> int:
    """Send messages to HOST, by default one, and say how long each step took and what went wrong.

    The letters are those of Postfix's smtp-source; docs/load.md says where the two differ.  Servers
    off loopback are refused unless --mine says that they are yours.

    Exit status: 0 all messages were accepted, or -A; 1 one was not; 2 wrong use; 3 the server
    cannot be reached.
    """
    from harness.cli.loading import Wishes, run_load
    from loadtests.smtp_source import make_profile, make_target, message, notes

    letters = letters_of(said)
    target = make_target(letters, mine)
    for note in notes(letters):
        click.echo(note, err=True)
    with tempfile.TemporaryDirectory(prefix="smtp-harness-source-") as folder:
        content = Path(folder) / "message.eml"
        profile = make_profile(letters, content)
        content.write_bytes(message(letters, formatdate(localtime=True)))
        return run_load(target, profile, Wishes(path=path))


def letters_of(said: dict[str, Any]) -> Letters:
    """The letters that click has read, as the value that they are."""
    from loadtests.smtp_source import Letters

    return Letters(**{**said, "name": said["name"] or socket.gethostname()})
