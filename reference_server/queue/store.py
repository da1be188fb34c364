"""The queue on disk: an SQLite file under the spool, content and rows in one transaction.

Content stands in the file too, not beside it: one sync then covers both.  With a file for each
content the same message costs its own sync and its directory's (the commit that brought this
module has the figures).
"""

from __future__ import annotations

import errno
import functools
import sqlite3
import threading
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import trio

from reference_server.queue import rows, schema
from reference_server.queue.items import Change, Item, Wishes
from reference_server.storage.commit import GroupCommit, Outcome

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Transaction:
    new: Mapping[Item, bytes]
    changes: Sequence[Change]
    done: Collection[str]


class StoredQueue:
    """The `Queue` that survives.

    Its work is done in threads, one call at a time.  `inline` does it at once instead, for tests
    on virtual time: that clock jumps ahead while a thread works.
    """

    def __init__(self, path: Path, *, sync: bool = True, inline: bool = False) -> None:
        self._connection = schema.open_file(path, sync=sync)
        self._close = weakref.finalize(self, self._connection.close)  # at the latest
        self._inline = inline
        self._turn = threading.Lock()
        self._commits = GroupCommit(self._write_all, inline=inline)
        self._seen = -1  # the data version that our last look for wishes met

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._close()

    async def load(self) -> Sequence[Item]:
        """Everything that waits, the oldest first."""
        return await self._run(self._load)

    async def content(self, id: str) -> bytes:
        """The content of an item; KeyError if it is not there any more."""
        return await self._run(functools.partial(self._content, id))

    async def commit(
        self,
        *,
        new: Mapping[Item, bytes] | None = None,
        changes: Sequence[Change] = (),
        done: Collection[str] = (),
    ) -> None:
        """All of it or nothing, as one: new items, changed recipients, items to forget."""
        await self._commits.keep(_Transaction(new or {}, changes, done))

    async def wishes(self) -> Wishes:
        """What has been asked for since the last look."""
        return await self._run(self._wishes)

    def write(
        self,
        new: Mapping[Item, bytes],
        changes: Sequence[Change] = (),
        done: Collection[str] = (),
    ) -> None:
        """`commit` for who is in a thread already."""
        (outcome,) = self._write_all([_Transaction(new, changes, done)])
        if outcome is not None:
            raise outcome

    # --- in a thread -----------------------------------------------------------------------------

    async def _run(self, work: Callable[[], T]) -> T:
        if self._inline:
            await trio.lowlevel.checkpoint()
            return work()
        return await trio.to_thread.run_sync(work)

    def _write_all(self, several: Sequence[_Transaction]) -> Sequence[Outcome]:
        """Write them as one; where that is refused, each of them alone."""
        try:
            with self._transaction():
                for one in several:
                    rows.write(self._connection, one.new, one.changes, one.done)
        except OSError as problem:
            if len(several) == 1:
                return [problem]
            return [outcome for one in several for outcome in self._write_all([one])]
        return [None] * len(several)

    def _load(self) -> Sequence[Item]:
        with self._reading():
            return rows.read_items(self._connection)

    def _content(self, id: str) -> bytes:
        with self._reading():
            return rows.read_content(self._connection, id)

    def _wishes(self) -> Wishes:
        with self._reading():
            # This number changes when another connection has written, and only then.
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            if version == self._seen or not rows.has_wishes(self._connection):
                self._seen = version
                return Wishes()
        with self._transaction():
            return rows.grant_wishes(self._connection)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._reading():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk may have rolled back already
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._turn:
            try:
                yield
            except sqlite3.Error as problem:
                raise _as_os_error(problem) from problem


def _as_os_error(problem: sqlite3.Error) -> OSError:
    if isinstance(problem, sqlite3.IntegrityError):
        number = errno.EEXIST  # an id that is there: a clock that has been set back may do that
    else:
        full = getattr(problem, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        number = errno.ENOSPC if full else errno.EIO
    return OSError(number, f"queue: {problem}")
