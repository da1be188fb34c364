"""A relay with a queue in memory and hosts on memory streams, on virtual time."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import trio

from harness.protocol.commands import Parameters
from harness.target import read_address
from reference_server.queue.items import (
    Change,
    Fate,
    Item,
    QueuedRecipient,
    Submitted,
    Wishes,
)
from reference_server.relay import Caps, Relay, Route, Routes, Schedule, Settings
from tests.reference_server.bounces.reading import Report, read
from tests.reference_server.relay.hosts import Host, Net

EPOCH = 1_750_000_000.0
CONTENT = b"Received: by mx.us.test; now\r\nSubject: hi\r\n\r\nhello\r\n"
HOUR = 3_600.0
DAY = 24 * HOUR


def now() -> float:
    return EPOCH + trio.current_time()


@dataclass
class MemoryQueue:
    """What is on disk, as far as a test is concerned."""

    items: dict[str, Item] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    commits: int = 0
    asked: Wishes = field(default_factory=Wishes)
    refusals: list[OSError] = field(default_factory=list)  # of the next commits
    think: Callable[[], float] = lambda: 0.0  # seconds of a commit

    async def load(self) -> Sequence[Item]:
        await trio.lowlevel.checkpoint()
        return sorted(self.items.values(), key=lambda item: item.arrived)

    async def content(self, id: str) -> bytes:
        await trio.lowlevel.checkpoint()
        return self.contents[id]

    async def commit(
        self,
        *,
        new: Mapping[Item, bytes] | None = None,
        changes: Sequence[Change] = (),
        done: Collection[str] = (),
    ) -> None:
        await trio.sleep(self.think())
        if self.refusals:
            raise self.refusals.pop(0)
        self.commits += 1
        for item, content in (new or {}).items():
            assert item.id not in self.items
            self.items[item.id], self.contents[item.id] = item, content
        for change in changes:
            if change.id in self.items:
                self._apply(change)
        for id in done:
            self.items.pop(id, None)
            self.contents.pop(id, None)

    def _apply(self, change: Change) -> None:
        item = self.items[change.id]
        assert change.recipient.address in {one.address for one in item.recipients}
        recipients = tuple(
            change.recipient if one.address == change.recipient.address else one
            for one in item.recipients
        )
        self.items[change.id] = replace(item, recipients=recipients)

    async def wishes(self) -> Wishes:
        await trio.lowlevel.checkpoint()
        asked, self.asked = self.asked, Wishes()
        return asked


@dataclass
class World:
    net: Net
    queue: MemoryQueue
    routes: Routes
    settings: Settings
    options: dict[str, Any]
    submitted: list[tuple[str, tuple[str, ...], bytes]] = field(default_factory=list)
    told: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    notices: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    submit_problem: OSError | None = None

    def make_relay(self) -> Relay:
        return Relay(
            self.queue, self.routes, self.settings, self.submit, dial=self.net.dial, now=now,
            new_id=lambda: f"notice{next(self.notices)}", chance=lambda: 0.0,
            tell=lambda what, facts: self.told.append((what, facts)), **self.options,
        )  # fmt: skip

    async def submit(self, item: Item, recipients: Sequence[str], content: bytes) -> Submitted:
        await trio.lowlevel.checkpoint()
        if self.submit_problem is not None:
            raise self.submit_problem
        self.submitted.append((item.reverse_path, tuple(recipients), content))
        return Submitted()

    async def put(
        self,
        *to: str | tuple[str, Parameters],
        sender: str = "alice@us.test",
        content: bytes = CONTENT,
        **parameters: str | None,
    ) -> Item:
        """A message into the queue; the relay has yet to be told."""
        item = Item(
            id=f"m{next(self.serial)}",
            reverse_path=sender,
            parameters=tuple((name.replace("_", "-"), value) for name, value in parameters.items()),
            arrived=now(),
            size=len(content),
            recipients=tuple(
                QueuedRecipient(address=one) if isinstance(one, str)
                else QueuedRecipient(address=one[0], parameters=one[1])
                for one in to
            ),
        )  # fmt: skip
        await self.queue.commit(new={item: content})
        return item

    @property
    def reports(self) -> list[Report]:
        """The notices that came back to users here."""
        return [read(content) for _, _, content in self.submitted]

    @property
    def bounced(self) -> list[str]:
        """Every recipient whose failure was told, as often as it was."""
        return [
            fields["Final-Recipient"].partition("; ")[2]
            for report in self.reports
            for fields in report.recipients
            if fields["Action"] == "failed"
        ]

    def waiting(self) -> list[str]:
        return [
            one.address
            for item in self.queue.items.values()
            for one in item.recipients
            if one.fate is Fate.WAITING
        ]


@asynccontextmanager
async def world(
    routes: Mapping[str, str | Sequence[str]] | None = None,
    hosts: Mapping[str, Host] | None = None,
    *,
    schedule: Schedule | None = None,
    caps: Caps | None = None,
    settings: Mapping[str, Any] | None = None,
    more_routes: Sequence[Route] = (),
    dns: bool = False,
    **options: Any,
) -> AsyncIterator[World]:
    """A world in which no relay runs yet.  Routes and hosts have names like `b.test`."""
    async with trio.open_nursery() as nursery:
        rows = [
            Route(
                domains=(domain,),
                hosts=tuple(map(read_address, [to] if isinstance(to, str) else to)),
            )
            for domain, to in (routes or {}).items()
        ]
        yield World(
            Net(nursery, dict(hosts or {})),
            MemoryQueue(),
            Routes([*rows, *more_routes], dns=dns, is_ours="us.test".__eq__),
            Settings(
                name="mx.us.test",
                schedule=schedule or Schedule(jitter=0.0),
                caps=caps or Caps(),
                **{"ask_every": None, **(settings or {})},
            ),
            options,
        )
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def running(a_world: World) -> AsyncIterator[Relay]:
    """A relay that runs until the end of the block, and stops gracefully then."""
    relay = a_world.make_relay()
    async with trio.open_nursery() as nursery:
        await nursery.start(relay.run)
        yield relay
        relay.stop()
