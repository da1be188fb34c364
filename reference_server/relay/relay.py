"""The relay: every item in the queue goes on its way, however long that takes.

A task attends to each destination that mail waits for; it ends when nothing waits there any more.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import trio

from harness.protocol.options import mail_options
from harness.wire import dial
from reference_server.bounces import Office
from reference_server.queue.items import Fate, Item, Queue, Wishes
from reference_server.relay.attending import Attendant, Submit
from reference_server.relay.deadlines import Deadlines
from reference_server.relay.exchangers import Resolver
from reference_server.relay.halt import Halt
from reference_server.relay.lane import Lane, Parcel, parcels_of
from reference_server.relay.ledger import Ledger, Tell
from reference_server.relay.routes import (
    Destination,
    Exchangers,
    NextHops,
    Routes,
    Tls,
    ascii_domain,
)
from reference_server.relay.sessions.session import Caller, Dial
from reference_server.relay.settings import Settings
from reference_server.relay.standing import Standing, standing


def _say_nothing(what: str, facts: Mapping[str, object]) -> None:
    pass


class Relay:
    """Mail for elsewhere.  It relays nothing unless a route, or the DNS, has been configured."""

    def __init__(
        self,
        queue: Queue,
        routes: Routes,
        settings: Settings,
        submit: Submit,
        *,
        resolver: Resolver | None = None,
        dial: Dial = dial,
        now: Callable[[], float] = time.time,
        new_id: Callable[[], str] | None = None,
        chance: Callable[[], float] = random.random,
        tell: Tell = _say_nothing,
    ) -> None:
        self._queue = queue
        self._routes = routes
        self._now = now
        self._ask_every = settings.ask_every
        self._halt = Halt()
        self._lanes: dict[Destination, Lane] = {}
        self._tasks: trio.Nursery | None = None
        self._ledger = Ledger(
            queue=queue,
            schedule=settings.schedule,
            office=Office(
                domain=settings.name,
                tells_postmaster=settings.tells_postmaster,
                largest_return=settings.largest_return,
            ),
            now=now,
            new_id=new_id or _ids(now),
            chance=chance,
            take=self.take,
            tell=tell,
        )
        self._deadlines = Deadlines(
            ledger=self._ledger, lanes=lambda: list(self._lanes.values()), now=now, halt=self._halt
        )
        self._attendant = Attendant(
            ledger=self._ledger,
            settings=settings,
            submit=submit,
            soften=self._soften,
            caller=Caller(settings, dial),
            resolver=resolver,
            now=now,
            halt=self._halt,
            limiter=trio.CapacityLimiter(settings.caps.connections),
        )

    # --- a life --------------------------------------------------------------------------------

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """See to everything that waits, until `stop`; raises OSError if the queue is unreadable."""
        for item in await self._queue.load():
            self.take(item)
        async with trio.open_nursery() as tasks:
            self._tasks = tasks
            for lane in self._lanes.values():
                tasks.start_soon(self._attend, lane)
            tasks.start_soon(self._deadlines.keep)
            if self._ask_every is not None:
                tasks.start_soon(self._hear_wishes, self._ask_every)
            task_status.started()
        self._tasks = None

    def stop(self) -> None:
        """Begin nothing any more: `run` ends when the transactions under way have ended."""
        self._halt.set()

    async def _attend(self, lane: Lane) -> None:
        while len(lane) and not self._halt.is_set:
            now = self._now()
            if lane.next_try <= now:
                await self._attendant.visit(lane)
            else:
                with self._halt.interruptible():
                    await lane.wait_until(lane.next_try, now)
        if not len(lane):
            del self._lanes[lane.destination]

    async def _hear_wishes(self, every: float) -> None:
        while not self._halt.is_set:
            with contextlib.suppress(OSError):  # they stand in the queue until they are heard
                self._grant(await self._queue.wishes())
            with self._halt.interruptible():
                await trio.sleep(every)

    # --- what there is to do -------------------------------------------------------------------

    def take(self, item: Item) -> None:
        """See to an item that stands in the queue."""
        if item.id in self._ledger.items:
            return
        self._ledger.items[item.id] = item
        self._deadlines.watch(item)
        waiting = [one for one in item.recipients if one.fate is Fate.WAITING]
        ways = {one.address: self._destination(item, one.address) for one in waiting}
        for destination in dict.fromkeys(ways.values()):
            recipients = [one for one in waiting if ways[one.address] == destination]
            for parcel in parcels_of(item, recipients):
                self._put(destination, parcel)

    def _destination(self, item: Item, address: str) -> Destination:
        destination = self._routes.find(address)
        asks_for_tls = mail_options(item.parameters).require_tls
        if asks_for_tls and isinstance(destination, NextHops | Exchangers):
            return replace(destination, tls=Tls.REQUIRED)
        return destination

    def _soften(self, parcel: Parcel) -> None:
        destination = self._routes.find(parcel.addresses[0])
        assert isinstance(destination, NextHops | Exchangers), "it had a host to go to"
        if destination.tls is Tls.REQUIRED:
            destination = replace(destination, tls=Tls.OPPORTUNISTIC)
        self._put(destination, parcel)

    def _put(self, destination: Destination, parcel: Parcel) -> None:
        lane = self._lanes.get(destination)
        if lane is None:
            lane = self._lanes[destination] = Lane(destination)
            if self._tasks is not None:
                self._tasks.start_soon(self._attend, lane)
        lane.add(parcel)

    # --- what is asked for ---------------------------------------------------------------------

    def retry(self, node: str = "") -> int:
        """Try at once what waits; how many messages that is.

        `node` is a domain, `@` before it takes in those below it (RFC 1985 5.1), or a destination
        as `standing` calls it; without it all is meant.
        """
        domain = ascii_domain(node.removeprefix("@"))
        lanes = [
            lane
            for lane in self._lanes.values()
            if not node
            or node == lane.destination.name
            or lane.serves(domain, below=node.startswith("@"))
        ]
        for lane in lanes:
            lane.hasten()
        return len({parcel.id for lane in lanes for parcel in lane.parcels})

    async def drop(self, id: str) -> bool:
        """Forget an item, and tell nobody; False if there is none.  Raises OSError."""
        is_known = id in self._ledger.items
        if is_known:
            await self._queue.commit(done=[id])
            self._forget(id)
        return is_known

    def reroute(self, routes: Routes) -> None:
        """Go by other routes from now on; what is in nobody's hands is put where it goes now."""
        self._routes = routes
        for lane in list(self._lanes.values()):
            for parcel in lane.remove(lambda parcel: True):
                item = self._ledger.items[parcel.id]
                ways = {address: self._destination(item, address) for address in parcel.addresses}
                for destination in dict.fromkeys(ways.values()):
                    here = tuple(address for address, way in ways.items() if way == destination)
                    self._put(destination, replace(parcel, addresses=here))

    def standing(self) -> Standing:
        """How things stand."""
        ledger = self._ledger
        return standing(ledger.items.values(), self._lanes.values(), ledger.counts)

    def _grant(self, wishes: Wishes) -> None:
        for id in wishes.dropped:
            self._forget(id)
        wanted = set(wishes.due)
        for lane in self._lanes.values() if wanted else ():
            asked = [
                parcel
                for parcel in lane.parcels
                if any((parcel.id, address) in wanted for address in parcel.addresses)
            ]
            if asked:
                lane.hasten(asked)

    def _forget(self, id: str) -> None:
        self._ledger.items.pop(id, None)
        for lane in self._lanes.values():
            lane.remove(lambda parcel: parcel.id == id)


def _ids(now: Callable[[], float]) -> Callable[[], str]:
    serial = itertools.count(1)
    return lambda: f"{int(now() * 1_000):x}-n{next(serial):x}"
