"""`smtp-harness run`: suites against a target, told while they run and reported at the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)

# What is chosen, how it is played, what is told of it, and what stands in for a target file.
OPTIONS = (
    click.argument("target", required=False),
    click.option(
        "-s", "--suite", "selectors", multiple=True, metavar="SUITE|FILE|ADDRESS",
        help="Only these; may be repeated. See smtp-harness list.",
    ),
    click.option("-k", "expression", metavar="EXPR", default="",
                 help="Only cases whose address or title holds these words (and, or, not)."),
    click.option("--list", "listing", is_flag=True, help="Say what would be run, and why not."),
    click.option("--level", type=click.Choice(["must", "should"]), default="must",
                 show_default=True, help="From which grade on an unmet case fails the run."),
    click.option("-j", "--jobs", type=int, metavar="N",
                 help="Cases side by side  [default: 8 against our own server, else 1]"),
    click.option("--known", type=_FILE, metavar="FILE", help="Deviations that are known."),
    click.option("--strict-known", is_flag=True, help="Fail if a known deviation is met now."),
    click.option("--write-known", type=_FILE, metavar="FILE",
                 help="Add a draft for each new deviation to FILE, for you to explain."),
    click.option("--fail-fast", is_flag=True, help="Stop at the first failure."),
    click.option("--last-failed", is_flag=True,
                 help="Only what was unmet the last time; all, if nothing was."),
    click.option("--watch", "watching", is_flag=True,
                 help="Run again whenever a suite has changed, until Ctrl-C."),
    click.option("--seed", type=int, metavar="N", help="The same seed makes the same octets."),
    click.option("--segment", default="whole", show_default=True,
                 metavar="whole|lines|bytes|random:SEED", help="How our writes are cut."),
    click.option("--as-written", is_flag=True, help="Leave the names of a dialogue as they are."),
    click.option("--slow", is_flag=True, help="Also cases that wait for more than 2 s."),
    click.option("--start", "starting", is_flag=True,
                 help="Start the target by its file's start:, stop it by its stop:."),
    click.option("--wait-for-target", metavar="30s", help="Until somebody listens there."),
    click.option("--fault", metavar="NAME",
                 help="Run our own server as this liar; see serve --list-faults."),
    click.option("--prove", is_flag=True, help="Each case on our server, honest and lying."),
    click.option("-v", "--verbose", is_flag=True, help="Show the dialogue of every case."),
    click.option("--junit", type=_FILE, metavar="FILE", help="Write a JUnit report."),
    click.option("--json", type=_FILE, metavar="FILE", help="Write all results as JSON."),
    click.option("--html", type=_FILE, metavar="FILE", help="Write a page of it."),
    click.option("--report", "reports", multiple=True, metavar="[FORMAT:]FILE",
                 help="Write a report: json jsonl junit html markdown github sarif tap; the "
                      "suffix may tell which, - is standard output. May be repeated."),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto",
                 show_default=True, help="NO_COLOR and FORCE_COLOR are honoured too."),
    click.option("--to", multiple=True, metavar="MAILBOX", help="A recipient; may be repeated."),
    click.option("--from", "sender", metavar="MAILBOX", help="The sender."),
    click.option("--unknown", metavar="MAILBOX", help="A recipient who does not exist."),
    click.option("--foreign", metavar="MAILBOX", help="A recipient who lives elsewhere."),
    click.option("--login", metavar="USER[:env:NAME|:file:PATH]", help="Who may log in."),
    click.option("--delivery", multiple=True, metavar="[MAILBOX=]URL",
                 help="Where delivered mail is read back: maildir:/path, imap://USER@HOST ... "
                 "(docs/delivery.md)."),
    click.option("--timeout", metavar="5s", help="How long to wait for the target."),
    click.option("--insecure", is_flag=True, help="Take any certificate."),
    click.option("--mine", multiple=True, metavar="HOST",
                 help="A host of yours, which hostile suites may touch."),
)  # fmt: skip


def _with_options(function: F) -> F:
    for option in reversed(OPTIONS):
        function = option(function)
    return function


@click.command(short_help="Run suites against a server, or against our own.")
@_with_options
def run(**options: Any) -> int:
    """Run suites against TARGET and say where it breaks the RFCs.

    TARGET is host[:port], a URL (smtp://, smtps://, lmtp://, submission://) or a YAML file (see
    smtp-harness init). Without TARGET our own reference server is started and judged.

    Exit status: 0 nothing wrong; 1 the target fails; 2 wrong use, a bad file, a selection that
    matches nothing; 3 the target cannot be reached, or some case could not be judged.
    """
    from harness.cli.performing import Wishes, perform

    return perform(Wishes(**options))
