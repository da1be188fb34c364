"""`smtp-harness load`: how much mail a server takes, over connections that stay."""

from __future__ import annotations

import contextlib
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import HarnessError, TargetUnreachable
from harness.load_results import End, LoadResult, read
from harness.reports.files import check_writable, is_replaceable, write_whole
from harness.reports.load import progress, summary

if TYPE_CHECKING:
    from harness.target import Target
    from loadtests.profile import Profile

_GRACE = 60.0  # seconds behind the profile's duration until the generator has hung


@click.command(short_help="Send much mail, and measure.")
@click.argument("target", required=False)
@click.option(
    "--profile", "-p", default="smoke", show_default=True, metavar="NAME|FILE", help="What to do.",
)  # fmt: skip
@click.option("--list", "listing", is_flag=True, help="List the profiles that there are.")
@click.option("--to", multiple=True, metavar="MAILBOX", help="A recipient; may be repeated.")
@click.option("--from", "sender", metavar="MAILBOX", help="The sender; empty for bounces.")
@click.option("--timeout", metavar="5s", help="How long to wait for a reply.")
@click.option("--mine", multiple=True, metavar="HOST", help="This host off loopback is mine.")
@click.option("--seed", type=click.IntRange(min=0), help="The same seed sends the same octets.")
@click.option(
    "--json", "path", help="Write the result to this file, as the run goes.", metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
)  # fmt: skip
def load(
    target: str | None,
    profile: str,
    listing: bool,
    to: tuple[str, ...],
    sender: str | None,
    timeout: str | None,
    mine: tuple[str, ...],
    seed: int | None,
    path: Path | None,
) -> int:
    """Send much mail to TARGET over persistent connections, and measure.

    Without TARGET, our own reference server is started and loaded.  Servers off loopback are
    refused unless --mine or the target file says that they are yours.

    Exit status: 0 nothing wrong; 1 a threshold of the profile is missed; 2 wrong use or a bad
    profile; 3 the target cannot be reached, or nothing was measured.
    """
    from loadtests.admission import admit
    from loadtests.profile import read_profile

    if listing:
        return _list()
    shape = read_profile(profile)
    with _target(target, to, sender, timeout, mine) as aim:
        admit(aim, shape)
        _reach(aim)
        with tempfile.TemporaryDirectory(prefix="smtp-harness-load-") as folder:
            options = _options(aim, shape, profile, seed, timeout)
            return _run(options, shape, Path(folder), path)


def _list() -> int:
    from loadtests.profile import read_profile, shipped

    profiles = [read_profile(name) for name in shipped()]
    width = max(len(profile.name) for profile in profiles)
    for profile in profiles:
        click.echo(f"{profile.name:<{width}}  {profile.about}")
    return 0


@contextlib.contextmanager
def _target(
    word: str | None,
    to: tuple[str, ...],
    sender: str | None,
    timeout: str | None,
    mine: tuple[str, ...],
) -> Iterator[Target]:
    from harness.target import read_target, with_options

    def changed(target: Target) -> Target:
        return with_options(target, to=to, sender=sender, timeout=timeout, mine=mine)

    if word is not None:
        yield changed(read_target(word))
        return
    from harness.cli.embedded import embedded

    with embedded() as target:
        yield changed(target)


def _reach(target: Target) -> None:
    """Raises TargetUnreachable at once where the run would find that out for ten seconds."""
    address = target.address
    try:
        socket.create_connection((address.host, address.port), target.timeouts.greeting).close()
    except OSError as problem:
        raise TargetUnreachable(f"{target}: {problem.strerror or problem}") from None


def _options(
    target: Target, shape: Profile, profile: str, seed: int | None, timeout: str | None
) -> list[str]:
    """The same run in Locust's own form; paths are absolute, for Locust works elsewhere."""
    from loadtests.admission import recipients_of
    from loadtests.profile import shipped

    file = Path(target.arguments[0]) if target.arguments else Path()
    return [
        *("-H", str(file.resolve()) if file.is_file() else str(target.address)),
        f"--smtp-profile={profile if profile in shipped() else Path(profile).resolve()}",
        *(f"--smtp-to={mailbox}" for mailbox in recipients_of(target, shape)),
        f"--smtp-from={target.sender}",
        *([f"--smtp-timeout={timeout}"] if timeout else []),
        *(f"--smtp-mine={host}" for host in target.mine),
        *([f"--smtp-seed={seed}"] if seed is not None else []),
    ]


def _run(options: list[str], shape: Profile, folder: Path, path: Path | None) -> int:
    from harness.cli.generator import generate, last_words

    file = _result_file(path, folder)
    options = [*options, f"--smtp-result={file}"]
    status = generate(
        options, folder, patience=shape.duration + _GRACE, look=lambda now: _show(file, now)
    )
    if not file.is_file():
        words = last_words(folder) or "it said nothing"
        raise HarnessError(f"the load generator broke (status {status}): {words}")
    if path and file != path.resolve():
        write_whole(path, file.read_text("utf-8"))
    return _tell(read(file), status, last_words(folder))


def _result_file(path: Path | None, folder: Path) -> Path:
    """Where the generator leaves its result: where it is wanted, unless that is a pipe."""
    ours = folder / "result.json"
    if path is None:
        return ours
    check_writable(path)
    wanted = path.resolve()
    if not is_replaceable(wanted):
        return ours
    wanted.unlink(missing_ok=True)  # the result of another run must not be taken for ours
    return wanted


def _show(file: Path, seconds: float) -> None:
    if sys.stderr.isatty() and file.is_file():
        click.echo(f"\r\x1b[2K{progress(read(file), seconds)}", nl=False, err=True)


def _tell(result: LoadResult, status: int, words: str) -> int:
    if sys.stderr.isatty():
        click.echo("\r\x1b[2K", nl=False, err=True)
    for line in summary(result):
        click.echo(line)
    if result.end is End.RUNNING:
        raise HarnessError(f"the load generator broke off (status {status}): {words}")
    # Who cancels a run must not get a green light for the part of it that was measured.
    return status if result.end is End.INTERRUPTED else result.exit_status
