"""The account of one run, from before the load until the last copy is found or given up."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import trio

from harness.accounting import Accepted, Arrivals, Mail, Waiting, account, read_receipts
from harness.cli.accounting.mailboxes import mailboxes
from harness.cli.accounting.pace import Pace
from harness.cli.accounting.queued import queued
from harness.cli.accounting.sources import Sink, Source, sources_of
from harness.errors import HarnessError, PeerError, UsageError
from harness.load_results import Accounting
from harness.reports.status_line import StatusLine
from harness.target import Address, Target

if TYPE_CHECKING:
    from loadtests.profile import Profile

_LINGER: Final = 1.0  # seconds of quiet after all is there: a second copy may still come
_WHILE_QUEUED: Final = 12  # times our patience, while the target has mail in its queue: 60 s
_SKEW: Final = 60  # seconds that the clock of another machine may be behind ours
_LOOPBACK: Final = "127.0.0.1"


@contextlib.contextmanager
def accounting(
    target: Target, profile: Profile, *, sink: int | None = None, reads: bool = False
) -> Iterator[Account]:
    """An account that notes what arrives from now on, until the context ends.

    With `sink`, what the target relays arrives at that port of ours; with `reads`, it is read back
    where the target says.  Raises UsageError or PeerError if that cannot be.
    """
    from loadtests import mail

    sources: tuple[Source, ...] = ()
    if sink is not None:
        sources = (Sink(Address(_LOOPBACK, sink)),)
    if reads:
        sources = (*sources, *sources_of(target, *mailboxes(profile, target)))
    kept = Account(target, mail.Mail(profile, target), sources)
    kept.begin()
    try:
        yield kept
    finally:
        kept.end()


class Account:
    """Notes what arrives in a thread of its own; `finish` says where every accepted copy is."""

    def __init__(self, target: Target, mail: Mail, sources: tuple[Source, ...]) -> None:
        self._target = target
        self._mail = mail
        self._sources = sources
        self._arrivals = Arrivals(mail, heard=self._hear, since=_beginning(target))
        self._status = StatusLine(sys.stderr)
        self._heard = 0.0  # when something new arrived
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._thread = threading.Thread(target=self._run, name="accounting", daemon=True)

    @property
    def where(self) -> str:
        """Where the mail is looked for."""
        return ", ".join(source.where for source in self._sources)

    def begin(self) -> None:
        """Look from now on."""
        self._thread.start()
        self._ready.wait()
        self._raise()

    def finish(self, receipts: Path) -> Accounting:
        """Wait until all is there, or nothing more comes; then say what was found."""
        accepted = Accepted()
        if receipts.is_file():
            with receipts.open(encoding="utf-8") as lines:
                accepted = read_receipts(lines)
        assert self._token is not None, "it has begun"
        try:
            found = trio.from_thread.run(self._settle, accepted, trio_token=self._token)
            self._tell_of_earlier()
            return found
        except trio.RunFinishedError:
            self._raise()
            raise
        finally:
            self._status.clear()

    def _tell_of_earlier(self) -> None:
        earlier = self._arrivals.earlier
        if earlier:
            self._status.clear()
            click.echo(
                f"smtp-harness: {earlier:,} of what arrived is of an earlier run, and counts as "
                "other mail: by its clock the target had taken it before this run began",
                err=True,
            )

    def end(self) -> None:
        """Look no more."""
        if self._token is not None:
            with contextlib.suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._stop.set)
        self._thread.join()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    # --- in the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            trio.run(self._watch)
        except BaseException as failure:
            self._failure = failure
        finally:
            self._ready.set()

    async def _watch(self) -> None:
        self._stop = trio.Event()
        await queued(self._target)  # that it can be told is to be known before the load
        failures: list[HarnessError] = []
        async with trio.open_nursery() as tasks:
            for source in self._sources:
                try:
                    await tasks.start(self._note, source, failures)
                except RuntimeError:
                    break  # it did not start, and has said why
            if not failures:
                self._token = trio.lowlevel.current_trio_token()
                self._ready.set()
                await self._stop.wait()
            tasks.cancel_scope.cancel()
        if failures:
            raise failures[0]

    async def _note(
        self,
        source: Source,
        failures: list[HarnessError],
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        try:
            await source.run(self._arrivals, task_status=task_status)
        except HarnessError as failure:
            failures.append(failure)
            self._stop.set()

    def _hear(self) -> None:
        self._heard = trio.current_time()

    def _show(self, found: Accounting) -> None:
        """How far it is, for who looks on."""
        there = found.delivered + found.bounced
        self._status.show(f"waiting for mail: {there:,} of {found.accepted:,} copies are there")

    async def _settle(self, accepted: Accepted) -> Accounting:
        self._heard = trio.current_time()
        patience = max(self._target.timeouts.delivery, _LINGER)
        longest = self._target.timeouts.delivery * _WHILE_QUEUED
        pace, looked = Pace(), 0.0
        while True:
            began = trio.current_time()
            problem = await self._look()
            found = self._account(accepted, Waiting())
            self._show(found)
            quiet = trio.current_time() - self._heard
            if not (found.lost or problem) and quiet >= _LINGER:
                return found
            if quiet >= patience:
                if problem is not None:
                    raise problem
                waiting = await self._queued()
                if not waiting or quiet >= max(patience, longest):
                    return self._account(accepted, waiting)
            now = trio.current_time()
            is_new, looked = self._heard > looked, now
            await trio.sleep(pace.after(now - began, is_new=is_new))

    async def _look(self) -> PeerError | None:
        """Look everywhere; what went wrong, if anything did."""
        problem = None
        for source in self._sources:
            try:
                await source.look(self._arrivals)
            except PeerError as error:
                problem = error
        return problem

    async def _queued(self) -> Waiting:
        try:
            return await queued(self._target)
        except UsageError as problem:  # it could be told before the load: what we have is of use
            click.echo(f"smtp-harness: {problem}; nothing is taken for queued", err=True)
            return Waiting()

    def _account(self, accepted: Accepted, waiting: Waiting) -> Accounting:
        return account(self.where, accepted, self._arrivals, self._mail, waiting=waiting)


def _beginning(target: Target) -> int:
    """The moment before which the target can have taken nothing of this run, by its own clock."""
    return int(time.time()) - (0 if target.address.is_loopback else _SKEW)
