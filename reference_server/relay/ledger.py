"""The ledger: what has become of every recipient, on disk before anything else happens.

One commit takes in what a try came to and the notices about it, so a crash repeats neither: only
what was said between a 250 and its record may be said again (RFC 1047).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import trio

from reference_server.bounces import Notification, Office, Original, due, notify
from reference_server.queue.items import Change, Fate, Item, Queue, QueuedRecipient
from reference_server.relay.outcomes import Kind, Outcome
from reference_server.relay.schedule import Schedule
from reference_server.relay.settling import Settlement, meet_deadline, settle

Tell = Callable[[str, Mapping[str, object]], None]

_NOTHING: Final[Mapping[Item, bytes]] = {}
_FIRST_WAIT: Final = 1.0  # seconds until a disk that refused is asked again
_LONGEST_WAIT: Final = 60.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What a try came to for some recipients of an item."""

    id: str
    outcomes: Mapping[str, Outcome]  # by address
    next_try: float | None = None  # of those who are postponed, where their host decides it


@dataclass(slots=True)
class _Batch:
    """What is to be written as one."""

    settlements: Sequence[Settlement]
    items: Mapping[Item, bytes]
    is_written: bool = False


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The items that wait, and the one way to change them."""

    queue: Queue
    schedule: Schedule
    office: Office
    now: Callable[[], float]
    new_id: Callable[[], str]
    chance: Callable[[], float]
    take: Callable[[Item], None]  # who sees to notices
    tell: Tell
    items: dict[str, Item] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)  # of recipients, by what they came to
    _unsettled: Counter[str] = field(default_factory=Counter)  # ids: settled, and not on disk yet
    _unwritten: list[_Batch] = field(default_factory=list)
    _turn: trio.Lock = field(default_factory=trio.Lock)

    async def record(
        self, decisions: Iterable[Decision], items: Mapping[Item, bytes] = _NOTHING
    ) -> list[Settlement]:
        """Write down what tries came to, and tell whom it concerns; who has been dropped is not.

        The items are what came of it, for the queue too.
        """
        settlements: list[Settlement] = []
        for decision in decisions:
            item = self.items.get(decision.id)
            if item is None:
                continue
            settled = settle(
                item, decision.outcomes, self.schedule, self.now(),
                next_try=decision.next_try, chance=self.chance(),
            )  # fmt: skip
            settlements.append(self._keep(settled))
            self._tell_of(settled, decision.outcomes)
        await self._write(settlements, items)
        return settlements

    async def meet_deadline(self, id: str) -> None:
        """Tell of what should have been delivered by now."""
        settled = meet_deadline(self.items[id], self.schedule)
        if settled.changed:
            await self._write([self._keep(settled)])

    def waiting(self, settled: Settlement) -> tuple[QueuedRecipient, ...]:
        """Those of the changed who are to be tried again."""
        if settled.item.id not in self.items:
            return ()
        return tuple(one for one in settled.changed if one.fate is Fate.WAITING)

    def _keep(self, settled: Settlement) -> Settlement:
        # At once: while the disk is busy, nobody else may send to the same recipients.
        self.items[settled.item.id] = settled.item
        self._unsettled[settled.item.id] += 1
        return settled

    # --- writing -------------------------------------------------------------------------------

    async def _write(
        self, settlements: Sequence[Settlement], items: Mapping[Item, bytes] = _NOTHING
    ) -> None:
        if not settlements:
            return
        notices: dict[Item, bytes] = {}
        for settled in settlements:
            for notice in await self._notices(settled):
                notices[notice.as_item(self.now())] = notice.content
        await self._commit(_Batch(settlements, {**items, **notices}))
        self.counts["notices"] += len(notices)
        for item in (*items, *notices):
            self.take(item)

    async def _notices(self, settled: Settlement) -> Sequence[Notification]:
        item = settled.item
        if not due(item.reverse_path, settled.findings, self.office):
            return ()
        try:
            content = await self.queue.content(item.id)
        except KeyError:
            return ()  # it has been dropped, and whoever drops a message tells nobody
        except OSError:
            content = b""  # better a notice without the header than none
        original = Original(
            reverse_path=item.reverse_path,
            parameters=item.parameters,
            arrived=item.arrived,
            content=content,
        )
        return notify(original, settled.findings, self.office, now=self.now(), new_id=self.new_id)

    async def _commit(self, batch: _Batch) -> None:
        """Written when it returns, in the order in which it was asked for."""
        self._unwritten.append(batch)
        async with self._turn:
            if batch.is_written:
                return  # by whoever had the turn before us
            batches, self._unwritten = self._unwritten, []
            await self._write_all(batches)
            for one in batches:
                one.is_written = True

    async def _write_all(self, batches: Sequence[_Batch]) -> None:
        settlements = [settled for batch in batches for settled in batch.settlements]
        new = {item: content for batch in batches for item, content in batch.items.items()}
        written = Counter(settled.item.id for settled in settlements)
        # Not before the last word about an item is written: it may come with a notice.
        over = {id for id, count in written.items() if self._is_over(id, count)}
        changes = [
            Change(id=settled.item.id, recipient=recipient)
            for settled in settlements
            if settled.item.id not in over
            for recipient in settled.changed
        ]
        await self._insist(new, changes, over)
        self._unsettled -= written
        for id in over:
            self.items.pop(id, None)

    def _is_over(self, id: str, written: int) -> bool:
        item = self.items.get(id)
        return item is None or (item.is_over and self._unsettled[id] == written)

    async def _insist(
        self, new: Mapping[Item, bytes], changes: Sequence[Change], over: Collection[str]
    ) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                await self.queue.commit(new=new, changes=changes, done=over)
            except OSError as problem:
                # What has been delivered stays delivered; until that is on disk nothing goes on.
                self.tell("queue-refused", {"why": str(problem)})
                await trio.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
            else:
                return

    def _tell_of(self, settled: Settlement, outcomes: Mapping[str, Outcome]) -> None:
        for recipient in settled.changed:
            outcome = outcomes[recipient.address]
            # Who is given up has been postponed once too often.
            kind = Kind.FAILED if recipient.fate is Fate.FAILED else outcome.kind
            self.counts[kind.value] += 1
            self.tell(
                kind.value,
                {
                    "id": settled.item.id,
                    "from": settled.item.reverse_path,
                    "to": recipient.address,
                    "fate": recipient.fate.value,
                    "tries": recipient.tries,
                    "status": outcome.status,
                    "what": recipient.last,
                },
            )
