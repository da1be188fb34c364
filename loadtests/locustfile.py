"""What Locust runs: `locust -f loadtests/locustfile.py -H smtp://127.0.0.1:2525`.

`smtp-harness load` starts just this, and reads the result file that it leaves.  That file is ours
and written as the run goes: Locust's own is lost when a run is cut short.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import STATE_RUNNING, STATE_SPAWNING

from harness.errors import UsageError
from harness.load_results import End, write
from harness.target import read_target, with_options
from loadtests.load_run import LoadRun, prepare
from loadtests.profile import read_profile
from loadtests.smtp_user import SmtpUser, share

EVERY = 1.0  # seconds between two writings of the result


class Sender(SmtpUser):
    """The sender of a profile."""


class Keeper:
    """Writes what a run measured, while it goes on and at its end."""

    def __init__(self, run: LoadRun, path: Path | None) -> None:
        self._run = run
        self._path = path
        self._end: End | None = None
        self._writing = gevent.spawn(self._keep_writing)

    def finish(self, environment: Environment, **_: Any) -> None:
        """Stop the users, write the last word, decide the exit status.

        Locust calls this before it stops its users when a signal ended the run, after it when time
        did, and twice where the first call lets its main greenlet run.
        """
        runner = environment.runner
        assert runner is not None, "a run has a runner"
        if self._end is None:
            cut_short = runner.state in (STATE_RUNNING, STATE_SPAWNING)
            self._end = End.INTERRUPTED if cut_short else End.COMPLETE
        runner.quit()
        self._writing.kill()
        result = self._run.recorder.result(self._end)
        environment.process_exit_code = result.exit_status
        if self._path:
            write(result, self._path)

    def _keep_writing(self) -> None:
        while self._path:
            gevent.sleep(EVERY)
            write(self._run.recorder.result(), self._path)


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]  # Locust's is
def _add_options(parser: LocustArgumentParser, **_: Any) -> None:
    group = parser.add_argument_group("SMTP options (-H takes an address or a target file)")

    def option(name: str, about: str, **more: Any) -> None:
        group.add_argument(name, help=about, **more)

    option("--smtp-profile", "A load profile: its name, or a YAML file", default="smoke")
    option("--smtp-seed", "The same seed sends the same octets", type=int)
    option("--smtp-to", "A recipient; may be repeated", action="append", default=[])
    option("--smtp-from", "The sender")
    option("--smtp-timeout", "How long to wait for a reply, such as 5s")
    option("--smtp-mine", "A host off loopback that is yours", action="append", default=[])
    option("--smtp-result", "Write the result to this file, as the run goes", type=Path)


@events.init.add_listener  # type: ignore[untyped-decorator]  # Locust's is
def _prepare(environment: Environment, **_: Any) -> None:
    options: Any = environment.parsed_options
    try:
        run = _run(options)
    except UsageError as wrong:
        sys.stderr.write(f"{wrong}\n")
        sys.exit(2)
    share(run, environment)
    _use_as_defaults(run, options)
    gevent.get_hub().loop.update_now()  # else the time that importing took shortens the run
    keeper = Keeper(run, options.smtp_result)
    quitting = environment.events.quitting
    quitting.add_listener(keeper.finish)  # type: ignore[no-untyped-call]  # Locust's is


def _run(options: Any) -> LoadRun:
    if not options.host:
        raise UsageError("-H says which server: smtp://127.0.0.1:2525, or a target file")
    target = with_options(
        read_target(options.host),
        to=options.smtp_to,
        sender=options.smtp_from,
        timeout=options.smtp_timeout,
        mine=options.smtp_mine,
    )
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return prepare(
        target, read_profile(options.smtp_profile), started=started, seed=options.smtp_seed
    )


def _use_as_defaults(run: LoadRun, options: Any) -> None:
    """What the profile says counts, unless Locust's own options say something else."""
    profile = run.profile
    options.num_users = options.num_users or profile.users
    options.spawn_rate = options.spawn_rate or min(options.num_users, 100)  # Locust warns above
    options.run_time = options.run_time or profile.duration
