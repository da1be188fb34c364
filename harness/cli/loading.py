"""A load run from its wishes to its exit status: Locust as a child, and what we do beside it.

Locust counts and writes its result as it goes.  Here that is shown; the mail is accounted for, the
suites are run meanwhile, and the promises that hang on these are judged at the end.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import click

from harness.cli.accounting import Account, accounting
from harness.cli.generator import HEADLESS, INTERRUPTED, Look, broken, generate, last_words
from harness.cli.reporting import wanted_reports, write_report
from harness.cli.starting import started
from harness.cli.under_load import Sampler, under_load
from harness.cli.working import work
from harness.errors import HarnessError, TargetUnreachable, UsageError
from harness.load_results import End, Follower, Judged, LoadResult, read, to_document
from harness.load_results.quantities import many
from harness.reports.files import check_writable, is_replaceable, write_whole
from harness.reports.load import FORMATS, progress, summary
from harness.reports.status_line import StatusLine
from harness.reports.wanted import STDOUT, Report

if TYPE_CHECKING:
    from harness.target import Target
    from loadtests.profile import Profile

_WHO: Final = "the load generator"
_GRACE: Final = 60.0  # seconds behind plan and patience until the generator has hung
_UNACCOUNTED: Final = Judged(
    threshold="all mail is accounted for", met=False, found="it could not be looked for"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line says beyond target and profile."""

    users: int | None = None
    rate: float | None = None
    seconds: float | None = None
    seed: int | None = None
    sink: int | None = None
    delivery: tuple[str, ...] = ()
    account: bool = False
    suites: tuple[str, ...] = ()
    starting: bool = False
    processes: int | None = None
    master: bool = False
    expect_workers: int | None = None
    worker: bool = False
    master_host: str | None = None
    master_port: int | None = None
    web: int | None = None
    path: Path | None = None  # may be STDOUT
    html: Path | None = None
    junit: Path | None = None
    reports: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Wishes:
        """The options of the command, read."""
        from loadtests.profile.quantities import DURATION, RATE

        known = {name: given[name] for name in cls.__slots__ if name in given}
        if (rate := given["rate"]) is not None:
            known["rate"] = RATE.of_option(rate, "--rate")
        if (duration := given["duration"]) is not None:
            known["seconds"] = DURATION.of_option(duration, "--duration")
        return cls(**known)

    def __post_init__(self) -> None:
        roles = {
            "--processes": self.processes is not None,
            "--master": self.master,
            "--worker": self.worker,
        }
        if sum(roles.values()) > 1:
            taken = " and ".join(name for name, is_given in roles.items() if is_given)
            raise UsageError(f"{taken}: one of them")
        told = {"--json": self.path, "--html": self.html, "--junit": self.junit,
                "--report": self.reports, "--web": self.web, "--sink": self.sink,
                "--delivery": self.delivery, "--account": self.account,
                "--conformance-under-load": self.suites, "--start": self.starting}  # fmt: skip
        if self.worker and (wrong := [name for name, value in told.items() if value]):
            raise UsageError(f"{wrong[0]} is for the master: a worker only sends")
        if self.expect_workers is not None and not self.master:
            raise UsageError("--expect-workers is for --master")
        if (self.master_host or self.master_port) and not (self.master or self.worker):
            word = "--master-host" if self.master_host else "--master-port"
            raise UsageError(f"{word} is for --master and --worker")

    @property
    def workers(self) -> int:
        """How many a master waits for."""
        return self.expect_workers or 1

    @property
    def rendezvous(self) -> tuple[str, int]:
        """Where master and workers meet."""
        return self.master_host or "127.0.0.1", self.master_port or 5557

    @property
    def file(self) -> Path | None:
        """Where the result is written as the run goes."""
        return None if self.path == STDOUT else self.path

    def wanted(self) -> Sequence[Report[LoadResult]]:
        """What is told in the end, each place checked; to standard output goes no part of it."""
        shown = STDOUT if self.path == STDOUT else None
        return wanted_reports(FORMATS, self.reports, json=shown, html=self.html, junit=self.junit)

    @property
    def is_open_ended(self) -> bool:
        """Whether nobody knows how long it will take: there are people, or a master elsewhere."""
        return self.web is not None or self.master or self.worker

    def listening(self) -> Iterator[tuple[str, int]]:
        """Where Locust is to listen."""
        if self.web is not None:
            yield "127.0.0.1", self.web
        if self.master:
            yield self.rendezvous

    def changed(self, profile: Profile) -> Profile:
        """The profile with the numbers that were given beside it."""
        return profile.changed(
            users=self.users, seconds=self.seconds, rate=self.rate, seed=self.seed
        )


def run_load(
    target: Target, profile: Profile, wishes: Wishes, lifelines: Sequence[int] = ()
) -> int:
    """Put the load on the target, tell what was found, and give back the exit status.

    A target of ours hangs on the `lifelines`.
    """
    from loadtests.admission import admit

    admit(target, profile)
    wanted = wishes.wanted()
    if wishes.file is not None:
        check_writable(wishes.file)
    for place in wishes.listening():
        _check_free(*place)
    try:
        with (
            _terminable(),
            started(target) if wishes.starting else contextlib.nullcontext(),
            tempfile.TemporaryDirectory(prefix="smtp-harness-load-") as name,
        ):
            if not wishes.master:
                _reach(target)
            run = _Run(target, profile, wishes, Path(name), lifelines)
            return run.work() if wishes.worker else _load(run, wanted)
    except _Terminated:
        return 128 + signal.SIGTERM


def _load(run: _Run, wanted: Sequence[Report[LoadResult]]) -> int:
    result = run.result()
    with contextlib.ExitStack() as told:  # a disk that is full costs a report, not what we measured
        told.callback(_sum_up, result, err=any(report.path == STDOUT for report in wanted))
        for report in reversed(wanted):
            told.callback(_write, report, result)
        if run.wishes.file is not None:
            write_whole(run.wishes.file, to_document(result))
    if run.problem is not None:
        raise run.problem
    if result.end is End.RUNNING:
        raise broken(_WHO, run.status, run.folder)
    return _status(result, run.status)


class _Terminated(KeyboardInterrupt):
    """SIGTERM has come: what Ctrl-C is to a person."""


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends what we do beside the generator, too, in good order."""

    def end(number: int, frame: FrameType | None) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass(slots=True)
class _Run:
    """One run and its scratch directory."""

    target: Target
    profile: Profile
    wishes: Wishes
    folder: Path
    lifelines: Sequence[int] = ()
    status: int = 0
    problem: HarnessError | KeyboardInterrupt | None = None  # that kept it from being whole

    def result(self) -> LoadResult:
        """Run it, account for its mail, and judge it."""
        from loadtests.running.prepared import hand_over
        from loadtests.thresholds import judge_all

        prepared = self.folder / "prepared"
        hand_over(prepared, self.target, self.profile)
        with self._account() as account, self._suites() as sampler:
            file = self._file()  # only now: what was there stays where one cannot begin
            options = [f"--smtp-prepared={prepared}", f"--smtp-result={file}", *_how(self.wishes)]
            if account is not None:
                options.append(f"--smtp-receipts={self._receipts}")
            self.status = self._generate(options, file)
            result = self._read(file)
            if result.end is End.RUNNING and self.status in INTERRUPTED:
                result = replace(
                    result, end=End.INTERRUPTED
                )  # a master that waited, or who insists
            if sampler is not None:
                result = replace(result, under_load=sampler.result(result))
            if account is not None:
                try:
                    result = replace(result, accounting=account.finish(self._receipts))
                except (HarnessError, KeyboardInterrupt) as error:  # the rest is told all the same
                    self.problem = error
        verdicts = judge_all(self.profile.thresholds, result)
        if self.problem is not None:
            verdicts = (*verdicts, _UNACCOUNTED)
        return replace(result, thresholds=verdicts)

    def work(self) -> int:
        """Send what a master elsewhere says, until it says no more."""
        from loadtests.running.prepared import hand_over

        prepared = self.folder / "prepared"
        hand_over(prepared, self.target, self.profile)
        return work(prepared, _how(self.wishes), at=self.wishes.rendezvous)

    @property
    def _receipts(self) -> Path:
        """Where the generator notes what was accepted."""
        return self.folder / "receipts"

    @contextlib.contextmanager
    def _account(self) -> Iterator[Account | None]:
        """What watches where the mail arrives, if that was wished."""
        wishes = self.wishes
        reads = wishes.account or bool(wishes.delivery)
        if not reads and wishes.sink is None:
            yield None
            return
        with accounting(self.target, self.profile, sink=wishes.sink, reads=reads) as account:
            yield account

    @contextlib.contextmanager
    def _suites(self) -> Iterator[Sampler | None]:
        """What plays suites meanwhile, if that was wished."""
        if not self.wishes.suites:
            yield None
            return
        with under_load(self.target, self.wishes.suites) as sampler:
            yield sampler

    def _generate(self, options: list[str], file: Path) -> int:
        if self.wishes.web is not None:
            click.echo(f"Locust's own page: http://127.0.0.1:{self.wishes.web}", err=True)
        if self.wishes.master:
            who = many(self.wishes.workers, "worker")
            host, port = self.wishes.rendezvous
            click.echo(f"waiting for {who} at {host}:{port}", err=True)
        ends = self.profile.duration + self.target.timeouts.reply + _GRACE
        patience = None if self.wishes.is_open_ended else ends
        with self._live(Follower(file)) as look:
            return generate(options, self.folder, patience=patience, look=look,
                            how=_face(self.wishes), lifelines=self.lifelines)  # fmt: skip

    @contextlib.contextmanager
    def _live(self, follower: Follower) -> Iterator[Look]:
        """Shows how far it is, on a terminal; the line is gone when something else is said."""
        from loadtests.smtp_source import FOR_EVER

        line = StatusLine(sys.stderr)
        # People at Locust's page end it when they like.
        is_open = self.wishes.web is not None or self.profile.duration >= FOR_EVER
        ends = None if is_open else self.profile.duration

        def show() -> None:
            known = follower.look() if line.is_seen else None
            if known is not None:
                line.show(progress(known, ends=ends, wanted=self.profile.messages))

        try:
            yield show
        finally:
            line.clear()

    def _file(self) -> Path:
        """Where the generator leaves its result: where it is wanted, unless that is a pipe."""
        path = self.wishes.file
        if path is None or not is_replaceable(path.resolve()):
            return self.folder / "result.json"
        path.resolve().unlink(missing_ok=True)  # another run's must not be taken for ours
        return path.resolve()

    def _read(self, file: Path) -> LoadResult:
        if not file.is_file():
            if self.status == 2:  # it says what is wrong with what we gave it
                raise UsageError(last_words(self.folder))
            raise broken(_WHO, self.status, self.folder)
        return read(file)


def _reach(target: Target) -> None:
    """Raises TargetUnreachable at once where the run would find that out for ten seconds."""
    address = target.address
    try:
        if address.is_path:
            _knock(address.host)
        else:
            place = (address.host, address.port)
            socket.create_connection(place, target.timeouts.greeting).close()
    except OSError as problem:
        raise TargetUnreachable(f"{target}: {problem.strerror or problem}") from None


def _check_free(host: str, port: int) -> None:
    """Raises UsageError where Locust would break off with a traceback, or in silence."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host.replace("*", ""), port))
    except OSError as problem:
        raise UsageError(f"cannot listen on {host}:{port}: {problem.strerror}") from None


def _knock(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.connect(path)


def _face(wishes: Wishes) -> Sequence[str]:
    """How Locust shows itself: not at all, or as a page on loopback."""
    if wishes.web is None:
        return HEADLESS
    return ("--autostart", "--web-host", "127.0.0.1", "--web-port", str(wishes.web),
            "--only-summary", "--loglevel", "WARNING")  # fmt: skip


def _how(wishes: Wishes) -> list[str]:
    """By how many processes, on which machines; in Locust's own words."""
    if wishes.processes is not None and wishes.processes > 1:
        port = _free_port()
        return [f"--processes={wishes.processes}", "--master-bind-host=127.0.0.1",
                f"--master-bind-port={port}", f"--master-port={port}"]  # fmt: skip
    host, port = wishes.rendezvous
    if wishes.master:
        return ["--master", f"--expect-workers={wishes.workers}",
                f"--master-bind-host={host}", f"--master-bind-port={port}"]  # fmt: skip
    if wishes.worker:
        return ["--worker", f"--master-host={host}", f"--master-port={port}"]
    return []


def _free_port() -> int:
    """A port of loopback where nobody listens just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _write(report: Report[LoadResult], result: LoadResult) -> None:
    write_report(report.path, report.tell(result))


def _sum_up(result: LoadResult, *, err: bool) -> None:
    """The summary; to stderr where a report goes to standard output."""
    for line in summary(result):
        click.echo(line, err=err)


def _status(result: LoadResult, status: int) -> int:
    # Who cancels a run must not get a green light for the part of it that was measured.
    return status if result.end is End.INTERRUPTED else result.exit_status
