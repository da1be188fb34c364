"""`smtp-harness send`: be a mail client, and show what is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)
_CHUNK = 131_072  # octets of a BDAT where --bdat names none

# Who, what, TLS and log-in, how, how far, and what is told of it.
OPTIONS = (
    click.argument("target", required=False),
    click.option("--to", multiple=True, metavar="MAILBOX", help="A recipient; may be repeated."),
    click.option("--from", "sender", metavar="MAILBOX", help="The sender; empty for bounces."),
    click.option("--helo", metavar="NAME", help="What we call ourselves."),
    click.option("--body", metavar="TEXT", help="The text; - reads standard input."),
    click.option("--file", type=_FILE, metavar="FILE", help="A whole message (.eml), as it is."),
    click.option("--template", type=_FILE, metavar="FILE",
                 help="The same, with {token} {number} {date} {from} {to} {message-id} {helo}."),
    click.option("--raw", is_flag=True, help="--file without a look at its line ends."),
    click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'",
                 help="A header field; may be repeated."),
    click.option("--subject", metavar="TEXT", help="The subject."),
    click.option("--attach", "attachments", multiple=True, type=_FILE, metavar="FILE",
                 help="An attachment; may be repeated."),
    click.option("-n", "--count", type=click.IntRange(min=1), default=1, metavar="N",
                 help="So many messages, over one connection."),
    click.option("--tls", type=click.Choice(["auto", "starttls", "implicit", "none"]),
                 default="auto", show_default=True, help="auto: STARTTLS where it is offered."),
    click.option("--insecure", is_flag=True, help="Take any certificate."),
    click.option("--ca", type=_FILE, metavar="FILE", help="Who vouches for the certificate."),
    click.option("--server-name", metavar="NAME", help="Whose certificate it must be."),
    click.option("--cert", type=_FILE, metavar="FILE", help="A certificate of our own."),
    click.option("--key", type=_FILE, metavar="FILE", help="Its key, if that is elsewhere."),
    click.option("--login", metavar="USER[:env:NAME|:file:PATH]",
                 help="Log in; the password is asked for if the environment has none."),
    click.option("--mechanism", metavar="NAME", help="How; else the best that both ends know."),
    click.option("--clear-auth", is_flag=True, help="Log in although everybody can listen."),
    click.option("--lmtp", is_flag=True, help="Speak LMTP: one answer for each recipient."),
    click.option("--helo-only", is_flag=True, help="Say HELO, not EHLO."),
    click.option("--pipelining", type=click.Choice(["auto", "on", "off"]), default="auto",
                 show_default=True, help="auto: where it is offered."),
    click.option("--bdat", type=click.IntRange(min=1), is_flag=False, flag_value=_CHUNK,
                 metavar="[SIZE]", help="Send by BDAT, in chunks of SIZE octets."),
    click.option("--smtputf8", is_flag=True, help="Say SMTPUTF8, needed or not."),
    click.option("--notify", metavar="never|success,failure,delay", help="When to send a DSN."),
    click.option("--ret", type=click.Choice(["full", "hdrs"], case_sensitive=False),
                 help="What a DSN returns."),
    click.option("--envid", metavar="TEXT", help="What a DSN calls the envelope."),
    click.option("--orcpt", multiple=True, metavar="[TYPE;]ADDRESS",
                 help="The original recipient; one for each --to."),
    click.option("--requiretls", is_flag=True, help="TLS all the way, or back to the sender."),
    click.option("--priority", type=int, metavar="N", help="-9 to 9."),
    click.option("--by", metavar="SECONDS[;R|N]", help="Deliver within; else return or notify."),
    click.option("--hold-for", type=click.IntRange(min=0), metavar="SECONDS",
                 help="Do not deliver before."),
    click.option("--hold-until", metavar="DATE", help="The same, as a date."),
    click.option("--mail-parameter", "mail_parameters", multiple=True, metavar="NAME[=VALUE]",
                 help="Any parameter of MAIL; may be repeated."),
    click.option("--rcpt-parameter", "rcpt_parameters", multiple=True, metavar="NAME[=VALUE]",
                 help="Any parameter of every RCPT; may be repeated."),
    click.option("--line", "lines", multiple=True, metavar="after-STAGE:LINE",
                 help="Say this line there and hear its answer; may be repeated."),
    click.option("--stop-after", metavar="STAGE", help="Say QUIT after this stage."),
    click.option("--drop-after", metavar="STAGE", help="Let the connection go after it."),
    click.option("--timeout", metavar="5s", help="How long to wait for each answer."),
    click.option("--mine", multiple=True, metavar="HOST", help="This host off loopback is mine."),
    click.option("--times", is_flag=True, help="How long each step took."),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but what went wrong."),
    click.option("--json", is_flag=True, help="Tell everything as JSON."),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto",
                 show_default=True, help="NO_COLOR and FORCE_COLOR are honoured too."),
)  # fmt: skip


def _with_options(function: F) -> F:
    for option in reversed(OPTIONS):
        function = option(function)
    return function


@click.command(short_help="Be a mail client, and show what is said.")
@_with_options
def send(**options: Any) -> int:
    """Send a message to TARGET and show the dialogue.

    TARGET is host[:port], a URL (smtp://, smtps://, lmtp://, submission://user@host) or a target
    file.  Without TARGET our own reference server is started and sent to.

    Stages: connect greeting hello tls auth mail rcpt data message quit.

    Exit status: 0 somebody has it; 2 wrong use; 3 the server cannot be reached, went away or said
    nothing; 20 it offers less than the message needs; refused: 21 greeting, 22 hello, 23 mail,
    24 rcpt (all of them), 25 data, 26 message, 28 auth, 29 tls.
    """
    from harness.cli.sending import Wishes, perform

    return perform(Wishes(**options))
