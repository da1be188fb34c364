"""What Locust runs: `locust -f loadtests/locustfile.py -H smtp://127.0.0.1:2525`.

`smtp-harness load` starts just this, and reads the result file that it leaves.  That file is ours
and written as the run goes: Locust's own is lost when a run is cut short.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import gevent
from gevent.event import Event
from locust import events, runners, stats
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import WorkerRunner

from harness.accounting import Receipts
from harness.errors import UsageError
from harness.target import Target, read_target, with_options
from loadtests.profile import Profile, read_profile
from loadtests.running.conducting import conduct
from loadtests.running.keeper import EVERY
from loadtests.running.load_run import LoadRun, prepare
from loadtests.running.pacing import FASTEST
from loadtests.running.prepared import met, take_over
from loadtests.smtp_user import SmtpUser

LOOPBACK: Final = "127.0.0.1"

runners.WORKER_REPORT_INTERVAL = EVERY  # Locust's own three seconds would make a coarse picture


_coarse = stats.bucket_response_time


def _bucket(milliseconds: float) -> float:
    """Two or three digits: in Locust's whole milliseconds a local server takes 0 or 1."""
    if milliseconds < 10:  # not by `round`, which takes thrice as long, twice for each message
        return int(milliseconds * 100 + 0.5) / 100
    if milliseconds < 100:
        return int(milliseconds * 10 + 0.5) / 10
    return _coarse(milliseconds)


stats.bucket_response_time = _bucket  # type: ignore[assignment]  # as its documentation does


_is_prepared: Final = Event()


class Sender(SmtpUser):
    """The sender of a profile."""

    def __init__(self, environment: Environment) -> None:
        # Who listens to Locust's `init` beside us may wait in there, while a master goes ahead.
        _is_prepared.wait()
        super().__init__(environment)


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]  # Locust's is
def _add_options(parser: LocustArgumentParser, **_: Any) -> None:
    parser.set_defaults(web_host=LOOPBACK, master_bind_host=LOOPBACK)  # Locust's own: everybody
    group = parser.add_argument_group("SMTP options (-H takes an address or a target file)")

    # Locust sends them all to its workers, as msgpack knows them: texts and numbers.
    def option(name: str, about: str, **more: Any) -> None:
        group.add_argument(name, help=about, **more)

    option("--smtp-profile", "A load profile: its name, or a YAML file", default="smoke")
    option("--smtp-seed", "The same seed sends the same octets", type=int)
    option("--smtp-to", "A recipient; may be repeated", action="append", default=[])
    option("--smtp-from", "The sender")
    option("--smtp-unknown", "A recipient who does not exist")
    option("--smtp-login", "Who logs in, and where the password is: alice:env:PASSWORD")
    option("--smtp-timeout", "How long to wait for a reply, such as 5s")
    option("--smtp-mine", "A host off loopback that is yours", action="append", default=[])
    option("--smtp-insecure", "Take any certificate", action="store_true")
    option("--smtp-prepared", argparse.SUPPRESS)
    option("--smtp-result", "Write the result to this file, as the run goes")
    option("--smtp-receipts", "Write what was accepted to this file, as the run goes")


@events.init.add_listener  # type: ignore[untyped-decorator]  # Locust's is
def _prepare(environment: Environment, **_: Any) -> None:
    options: Any = environment.parsed_options
    _open_as_many_as_we_may()
    try:
        _begin(environment, _run(options))
    except UsageError as wrong:
        sys.stderr.write(f"{wrong}\n")
        sys.exit(2)
    _is_prepared.set()
    if options.smtp_prepared:
        prepared = Path(options.smtp_prepared)
        if isinstance(environment.runner, WorkerRunner):
            met(prepared)  # Locust calls us no sooner
        gevent.spawn(_end_with, os.getppid(), prepared)


def _begin(environment: Environment, run: LoadRun) -> None:
    """Tell Locust how much and how long, and see the run through."""
    options: Any = environment.parsed_options
    options.num_users = run.plan.users_at(0.0)
    options.spawn_rate = options.spawn_rate or min(FASTEST, max(1, options.num_users))
    options.run_time = None  # the plan ends the run, and takes the time for its last words
    options.enable_rebalancing = True  # who is left takes over what a lost worker did
    gevent.get_hub().loop.update_now()  # else the time that importing took shortens the run
    if not isinstance(environment.runner, WorkerRunner):
        options.smtp_asked = run.asked  # Locust sends the master's to its workers
    if options.smtp_receipts:
        run.receipts = Receipts()
    result, receipts = (
        Path(name) if name else None for name in (options.smtp_result, options.smtp_receipts)
    )
    conduct(environment, run, result, receipts)


def _end_with(parent: int, prepared: Path) -> None:
    """Who started us was killed: nobody else would stop us, for hours maybe."""
    while os.getppid() == parent:
        gevent.sleep(EVERY)
    prepared.unlink(missing_ok=True)  # there may be a password in it
    os.kill(os.getpid(), signal.SIGTERM)


def _open_as_many_as_we_may() -> None:
    """Each connection is a descriptor: what limits us is what we may not change."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # macOS says that there is none, and has one
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _run(options: Any) -> LoadRun:
    if options.smtp_prepared:
        target, profile = take_over(Path(options.smtp_prepared))
    else:
        target, profile = _read(options)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return prepare(target, profile, started=started)


def _read(options: Any) -> tuple[Target, Profile]:
    if not options.host:
        raise UsageError("-H says which server: smtp://127.0.0.1:2525, or a target file")
    target = with_options(
        read_target(options.host),
        to=options.smtp_to,
        sender=options.smtp_from,
        unknown=options.smtp_unknown,
        login=options.smtp_login,
        timeout=options.smtp_timeout,
        mine=options.smtp_mine,
        insecure=options.smtp_insecure,
    )
    profile = read_profile(options.smtp_profile)
    return target, profile.changed(
        users=options.num_users, seconds=options.run_time, seed=options.smtp_seed
    )
