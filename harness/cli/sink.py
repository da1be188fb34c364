"""`smtp-harness sink`: the letters of Postfix's smtp-sink, as they are.

Only here do options have no long names: who has scripts for smtp-sink changes one word in them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.errors import UsageError

if TYPE_CHECKING:
    from reference_server.smtp_sink.letters import Letters

F = TypeVar("F", bound=Callable[..., Any])

_ONE = click.IntRange(min=1)
_COMMANDS = "COMMAND,..."
# flag -> the extension that is not announced then
_WITHOUT = {"8": "8BITMIME", "a": "AUTH", "E": "ENHANCEDSTATUSCODES", "N": "DSN", "p": "PIPELINING"}


def _flag(letter: str, name: str, about: str) -> Callable[[F], F]:
    return click.option(f"-{letter}", name, is_flag=True, help=about)


@click.command(
    short_help="Take mail and keep none, by the letters of smtp-sink.",
    context_settings={"help_option_names": ["--help"]},
)
@_flag("4", "ipv4", "Listen on IPv4 alone.")
@_flag("6", "ipv6", "Listen on IPv6 alone.")
@_flag("8", "no_8", "Do not announce 8BITMIME.")
@_flag("a", "no_a", "Do not announce AUTH.")
@click.option(
    "-A", "abort", type=click.IntRange(min=0), metavar="SECONDS",
    help="So long after 354, answer 550 and hang up.",
)  # fmt: skip
@click.option("-b", "soft", metavar="REPLY", help="What -r answers.")
@click.option("-B", "hard", metavar="REPLY", help="What -f answers.")
@_flag("c", "counts", "Show how many sessions, QUITs and messages there were.")
@_flag("C", "no_xclient", "No XCLIENT: there never is.")
@click.option(
    "-d", "one_file_each", metavar="TEMPLATE", help="Write each message to a file (strftime)."
)
@click.option("-D", "one_file", metavar="TEMPLATE", help="Write all messages to one file.")
@_flag("e", "plain", "No EHLO.")
@_flag("E", "no_E", "Do not announce ENHANCEDSTATUSCODES, and have none.")
@click.option("-f", "fails", multiple=True, metavar=_COMMANDS, help="Answer these with 5yz; -p.")
@_flag("F", "no_xforward", "No XFORWARD: there never is.")
@click.option("-h", "name", default="smtp-sink", metavar="NAME", help="What we call ourselves.")
@click.option(
    "-H", "late", type=click.IntRange(min=0), default=0, metavar="SECONDS",
    help="So long after 354, begin to read.",
)  # fmt: skip
@_flag("L", "lmtp", "Speak LMTP.")
@click.option("-m", "clients", type=_ONE, default=256, metavar="N", help="Clients at once.")
@click.option("-M", "messages", type=_ONE, metavar="N", help="End after so many messages.")
@click.option("-n", "sessions", type=_ONE, metavar="N", help="End after so many sessions.")
@_flag("N", "no_N", "Do not announce DSN.")
@_flag("p", "no_p", "Do not announce PIPELINING.")
@_flag("P", "pix", "Greet like somebody behind a firewall that hides it; -e.")
@click.option("-q", "drops", multiple=True, metavar=_COMMANDS, help="Hang up at these.")
@click.option("-Q", "closes", multiple=True, metavar=_COMMANDS, help="Answer these with 421.")
@click.option("-r", "defers", multiple=True, metavar=_COMMANDS, help="Answer these with 4yz; -p.")
@click.option("-R", "root", type=click.Path(path_type=Path), metavar="DIR", help="chroot; as root.")
@click.option("-s", "logged", multiple=True, metavar=_COMMANDS, help="These go to syslog.")
@click.option("-S", "start", default="", metavar="TEXT", help="What each dump begins with.")
@click.option(
    "-t", "patience", type=_ONE, default=100, metavar="SECONDS", help="Time for a command."
)
@click.option("-T", "window", type=_ONE, metavar="OCTETS", help="The TCP window.")
@click.option("-u", "user", metavar="USER", help="Go on as this user; as root.")
@_flag("v", "shows", "Show conversations on standard error.")
@click.option("-w", "fixed", type=_ONE, metavar="SECONDS", help="Wait before answering DATA.")
@click.option(
    "-W", "waits", multiple=True, metavar="COMMAND:SECONDS[:ODDS]",
    help="Wait before answering; with odds (in 100) once more, and again.",
)  # fmt: skip
@click.argument("where", metavar="[inet:][HOST]:PORT|unix:PATH")
@click.argument("backlog", type=_ONE)
def sink(**said: Any) -> None:
    """Take any mail for anybody and keep none of it: for measuring and trying clients.

    The letters are those of Postfix's smtp-sink; docs/sink.md says where the two differ.  BACKLOG
    is how many clients may wait to be let in.  Without a HOST it listens on loopback alone.
    """
    from reference_server.smtp_sink.running import run_sink

    run_sink(letters_of(said))


def letters_of(said: dict[str, Any]) -> Letters:
    """The letters that click has read, as the value that they are."""
    from reference_server.smtp_sink.letters import (
        Letters,
        read_commands,
        read_refusal,
        read_start,
        read_waits,
    )

    known = {name: value for name, value in said.items() if not name.startswith("no_")}
    waits = read_waits(known.pop("fixed"), known["waits"])
    commands = {
        name: read_commands(said[name]) for name in ("fails", "drops", "closes", "defers", "logged")
    }
    without = {word for letter, word in _WITHOUT.items() if said[f"no_{letter}"]}
    if commands["fails"] or commands["defers"]:
        without.add("PIPELINING")
    if said["one_file_each"] and said["one_file"]:
        raise UsageError("-d and -D: one of them")
    made = {
        **known,
        **commands,
        "without": frozenset(without),
        "soft": read_refusal("b", said["soft"]),
        "hard": read_refusal("B", said["hard"]),
        "start": read_start(said["start"]),
        "waits": waits,
    }
    return Letters(**{name: value for name, value in made.items() if value is not None})
