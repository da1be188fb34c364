"""`smtp-harness load`: how much mail a server takes, what breaks, and was any lost."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.target import Target

F = TypeVar("F", bound=Callable[..., Any])


def _host(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    from harness.target.address import is_host_name

    if value and not is_host_name(value):  # Locust would break off with a traceback
        raise click.BadParameter(f"{value!r} is no host name")
    return value


_FILE = click.Path(dir_okay=False, path_type=Path)
_NUMBER = click.IntRange(min=1)
_PORT = click.IntRange(1, 65_535)

# What is sent, what is asked beyond it, by how many processes, what is told, and what stands in for
# a target file.
OPTIONS = (
    click.argument("target", required=False),
    click.option("--profile", "-p", default="smoke", show_default=True, metavar="NAME|FILE",
                 help="What to do."),
    click.option("--list", "listing", is_flag=True, help="List the profiles that there are."),
    click.option("--users", "-u", type=_NUMBER, metavar="N", help="So many, all the time."),
    click.option("--rate", metavar="500/s", help="So many messages, however long each takes."),
    click.option("--duration", "-t", metavar="30s", help="For so long."),
    click.option("--seed", type=click.IntRange(min=0), metavar="N",
                 help="The same seed sends the same octets."),
    click.option("--sink", type=_PORT, metavar="PORT",
                 help="Take there what the target relays, and account for every message."),
    click.option("--delivery", multiple=True, metavar="[MAILBOX=]URL",
                 help="Read there what was delivered, and account for every message."),
    click.option("--account", is_flag=True,
                 help="Read what was delivered where the target says, and account for it."),
    click.option("--conformance-under-load", "suites", is_flag=False, flag_value="", multiple=True,
                 metavar="[SUITE]", help="Run suites meanwhile: what breaks, and at what rate?"),
    click.option("--start", "starting", is_flag=True,
                 help="Start the target by its file's start:, stop it by its stop:."),
    click.option("--processes", type=_NUMBER, metavar="N", help="Share the work on this machine."),
    click.option("--master", is_flag=True, help="Wait for --expect-workers, and direct them."),
    click.option("--expect-workers", type=_NUMBER, metavar="N", show_default="1",
                 help="With --master: so many must have come before it begins."),
    click.option("--worker", is_flag=True, help="Work for a master elsewhere."),
    click.option("--master-host", metavar="HOST", show_default="127.0.0.1", callback=_host,
                 help="Where the master is; with --master, the address at which it listens."),
    click.option("--master-port", type=_PORT, metavar="PORT", show_default="5557",
                 help="The port there."),
    click.option("--web", type=_PORT, metavar="PORT", help="Locust's own page, on loopback."),
    click.option("--json", "path", type=_FILE, metavar="FILE",
                 help="Write the result to this file, as the run goes."),
    click.option("--html", type=_FILE, metavar="FILE", help="Write a page with charts."),
    click.option("--junit", type=_FILE, metavar="FILE", help="Write a JUnit report."),
    click.option("--report", "reports", multiple=True, metavar="[FORMAT:]FILE",
                 help="Write a report: json junit csv phases-csv troubles-csv html markdown "
                      "github; the suffix may tell which, - is standard output. May be repeated."),
    click.option("--to", multiple=True, metavar="MAILBOX", help="A recipient; may be repeated."),
    click.option("--from", "sender", metavar="MAILBOX", help="The sender; empty for bounces."),
    click.option("--unknown", metavar="MAILBOX", help="A recipient who does not exist."),
    click.option("--login", metavar="USER[:env:NAME]",
                 help="Who logs in; the password is in SMTP_HARNESS_PASSWORD, or where this says."),
    click.option("--timeout", metavar="5s", help="How long to wait for a reply."),
    click.option("--insecure", is_flag=True, help="Take any certificate."),
    click.option("--mine", multiple=True, metavar="HOST", help="This host off loopback is mine."),
)  # fmt: skip


def _options(command: F) -> F:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command(short_help="Send much mail, and measure.")
@_options
def load(target: str | None, listing: bool, **given: Any) -> int:
    """Send much mail to TARGET over persistent connections, and measure.

    Without TARGET, our own reference server is started and loaded.  Servers off loopback are
    refused unless --mine or the target file says that they are yours.

    Exit status: 0 nothing wrong; 1 a threshold of the profile is missed; 2 wrong use or a bad
    profile; 3 the target, or a worker's master, cannot be reached, or nothing was measured.
    """
    if listing:
        return _list()
    from harness.cli.loading import Wishes, run_load
    from loadtests.profile import read_profile

    if given["starting"] and target is None:
        raise UsageError("--start is for a target's file; our own server is started anyway")
    if given["worker"] and target is None:
        raise UsageError("--worker needs the TARGET that its master was told")
    if given["master"] and target is None:
        raise UsageError("--master needs a TARGET: workers must be told the same one")
    named = read_profile(given["profile"])
    wishes = Wishes.of(given)
    with _target(target, given) as (aim, lifelines):
        return run_load(aim, wishes.changed(named), wishes, lifelines)


def _list() -> int:
    from loadtests.profile import read_profile, shipped

    profiles = [read_profile(name) for name in shipped()]
    width = max(len(profile.name) for profile in profiles)
    for profile in profiles:
        click.echo(f"{profile.name:<{width}}  {profile.about}")
    return 0


@contextlib.contextmanager
def _target(word: str | None, given: dict[str, Any]) -> Iterator[tuple[Target, tuple[int, ...]]]:
    """The target, and what of ours it hangs on."""
    from harness.target import read_target, with_options

    names = ("to", "sender", "unknown", "login", "delivery", "timeout", "insecure", "mine")
    options = {name: given[name] for name in names}
    if word is not None:
        yield with_options(read_target(word), **options), ()
        return
    from harness.cli.embedded import embedded_with_lifeline

    with embedded_with_lifeline() as (target, lifeline):
        yield with_options(target, **options), (lifeline,)
