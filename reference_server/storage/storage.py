"""Storage: accepted messages to disk, many at once: mailboxes and queue, in an order that is safe.

Drafts are written and synced, then the queue's rows are committed, then the drafts get their names
and those are synced.  So a crash loses nothing that was promised.  It may leave a message in the
queue that was never promised, which its sender will send again: RFC 1047's duplicate.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reference_server.queue import Change, Item
from reference_server.storage.commit import Outcome
from reference_server.storage.mailboxes import Draft, Drafts, Mailboxes, discard


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What has to be on disk before one message's 250: copies by mailbox, items for the queue."""

    copies: Mapping[str, bytes] = field(default_factory=dict)
    items: Mapping[Item, bytes] = field(default_factory=dict)
    identity: str | None = None  # of the copies, where the same may be delivered once more


class Storage(Protocol):
    """Where deliveries are kept."""

    @property
    def waits(self) -> bool:
        """Whether keeping waits for the disk, and so had better not block the event loop."""

    def keep_all(self, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        """Keep each of them whole or not at all; what has become of each."""


class Nowhere:
    """Takes everything and keeps nothing: for measuring what the disk does not do."""

    waits = False

    def keep_all(self, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        """There is nothing to keep."""
        return [None] * len(deliveries)


class Rows(Protocol):
    """The queue, for who may block; raises OSError, and then nothing has changed."""

    def write(
        self,
        new: Mapping[Item, bytes],
        changes: Sequence[Change] = (),
        done: Collection[str] = (),
    ) -> None:
        """All of it or nothing, synced."""


class NoQueue:
    """The queue of a process that is not to have one: what would wait is not taken at all."""

    def write(
        self,
        new: Mapping[Item, bytes],
        changes: Sequence[Change] = (),
        done: Collection[str] = (),
    ) -> None:
        """Nothing to write is written; else OSError, and the sender tries again elsewhere."""
        if new or changes or done:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


class DiskStorage:
    """Mailboxes and a queue on one disk."""

    def __init__(self, mailboxes: Mailboxes, queue: Rows) -> None:
        self._mailboxes = mailboxes
        self._queue = queue
        self.waits = mailboxes.disk.waits

    def keep_all(self, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        """Keep each of them whole or not at all; what has become of each."""
        batch = _Batch(self._queue, self._mailboxes.drafts(), deliveries)
        for step in (batch.write, batch.enqueue, batch.publish, batch.clean_up):
            step()
        return batch.outcomes


class _Batch:
    """Deliveries on their way, step by step; whoever fails at a step takes no part in the next."""

    def __init__(self, queue: Rows, drafts: Drafts, deliveries: Sequence[Delivery]) -> None:
        self.outcomes: list[Outcome] = [None] * len(deliveries)
        self._queue = queue
        self._drafts = drafts
        self._deliveries = deliveries
        self._written: list[Sequence[Draft]] = [()] * len(deliveries)

    def write(self) -> None:
        """Drafts, synced."""
        for n, delivery in enumerate(self._deliveries):
            if delivery.copies:
                try:
                    self._written[n] = self._drafts.write(delivery.copies, delivery.identity)
                except OSError as problem:
                    self.outcomes[n] = problem
        self._for_all(self._drafts.sync)

    def enqueue(self) -> None:
        """The queue's rows in one transaction; where that is refused, each message in its own."""
        queued = [n for n in self._left() if self._deliveries[n].items]
        try:
            self._queue_up(queued)
        except OSError:
            for n in queued:
                try:
                    self._queue_up([n])
                except OSError as problem:
                    self.outcomes[n] = problem

    def publish(self) -> None:
        """Names for the drafts, synced."""
        for n in self._left():
            try:
                self._drafts.publish(self._written[n])
            except OSError as problem:
                self.outcomes[n] = problem
        self._for_all(self._drafts.sync_names)

    def clean_up(self) -> None:
        """Leave nothing of those who failed."""
        failed = [n for n, outcome in enumerate(self.outcomes) if outcome is not None]
        for n in failed:
            discard(self._written[n])
        queued = [item.id for n in failed for item in self._deliveries[n].items]
        if queued:
            with contextlib.suppress(OSError):  # it is said already that this disk refuses
                self._queue.write({}, done=queued)

    def _left(self) -> list[int]:
        return [n for n, outcome in enumerate(self.outcomes) if outcome is None]

    def _for_all(self, sync: Callable[[], None]) -> None:
        """A sync that fails has failed for all who have drafts."""
        try:
            sync()
        except OSError as problem:
            for n in self._left():
                if self._written[n]:
                    self.outcomes[n] = problem

    def _queue_up(self, which: Sequence[int]) -> None:
        items: dict[Item, bytes] = {}
        for n in which:
            items |= self._deliveries[n].items
        if items:
            self._queue.write(items)
