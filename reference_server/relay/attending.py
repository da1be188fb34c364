"""Attending to a destination: how mail for here, for nowhere, and for elsewhere is seen to."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import trio

from harness.protocol.replies import Reply
from reference_server.queue import Item, Submitted
from reference_server.relay.concluding import conclude, postpone
from reference_server.relay.delivery import Delivery
from reference_server.relay.exchangers import Host, Resolver, find_hosts
from reference_server.relay.halt import Halt
from reference_server.relay.lane import Lane, Parcel
from reference_server.relay.ledger import Ledger
from reference_server.relay.outcomes import Kind, Outcome, postponed, refused
from reference_server.relay.routes import Exchangers, Here, NextHops, NoWay, Remote
from reference_server.relay.sessions.narrowing import one_at_a_time
from reference_server.relay.sessions.session import Caller
from reference_server.relay.settings import Settings
from reference_server.relay.visit import Visit

# Takes an item for those of its recipients who are here; raises OSError if the disk refuses.  What
# is taken is on disk when it returns, but for the items that came of it.  It may be told the same
# again after a crash.
Submit = Callable[[Item, Sequence[str], bytes], Awaitable[Submitted]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendant:
    """Sees to lanes."""

    ledger: Ledger
    settings: Settings
    submit: Submit
    soften: Callable[[Parcel], None]  # sees to a parcel that may go with less security
    caller: Caller
    resolver: Resolver | None
    now: Callable[[], float]
    halt: Halt
    limiter: trio.CapacityLimiter
    converters: trio.CapacityLimiter = field(default_factory=one_at_a_time)
    shuffle: Callable[[list[tuple[int, str]]], None] = field(default=random.shuffle)

    async def visit(self, lane: Lane) -> None:
        """Do what can be done now for what is due in this lane."""
        delivery = Delivery(
            lane=lane,
            ledger=self.ledger,
            settings=self.settings,
            now=self.now,
            converters=self.converters,
        )
        match lane.destination:
            case Here():
                await self._put_in(delivery)
            case NoWay() as no_way:
                await _object(delivery, no_way)
            case NextHops(hosts):
                places = [
                    Host(name=host.host, addresses=(host,), is_vouched=True) for host in hosts
                ]
                await self._go(delivery, lane.destination, places)
            case Exchangers(domain):
                await self._find(delivery, lane.destination, domain)

    async def _find(self, delivery: Delivery, destination: Remote, domain: str) -> None:
        assert self.resolver is not None, "routes by the DNS come with a resolver"
        found: Sequence[Host] | NoWay | None = None
        with self.halt.interruptible():
            found = await find_hosts(domain, self.resolver, self.settings.ourselves, self.shuffle)
        if isinstance(found, NoWay):
            await _object(delivery, found)
        elif found is not None:
            await self._go(delivery, destination, found)

    async def _go(self, delivery: Delivery, destination: Remote, hosts: Sequence[Host]) -> None:
        visit = Visit(
            delivery=delivery,
            tls=destination.tls,
            hosts=hosts,
            caller=self.caller,
            halt=self.halt,
            limiter=self.limiter,
        )
        await visit.run()
        await conclude(visit, self.soften)

    async def _put_in(self, delivery: Delivery) -> None:
        """Mail for here: notices for our own users, and mail that was held."""
        while not self.halt.is_set:
            parcel = delivery.lane.take(self.now())
            item = None if parcel is None else self.ledger.items.get(parcel.id)
            if parcel is None:
                return
            if item is None:
                continue
            try:
                content = await self.ledger.queue.content(item.id)
                submitted = await self.submit(item, parcel.addresses, content)
            except KeyError:
                continue  # it has been dropped
            except OSError as problem:
                delivery.lane.add(parcel)
                parcels = delivery.lane.take_all(self.now())
                await postpone(delivery, parcels, postponed("4.3.0", f"no room here: {problem}"))
                return
            delivery.lane.recover()
            outcomes = _outcomes(parcel, submitted.refused)
            await delivery.record(item.id, outcomes, submitted.items)


async def _object(delivery: Delivery, no_way: NoWay) -> None:
    parcels = delivery.lane.take_all(delivery.now())
    if not no_way.is_permanent:
        await postpone(delivery, parcels, postponed(no_way.status, no_way.words))
        return
    outcome = Outcome(kind=Kind.FAILED, status=no_way.status, words=no_way.words)
    for parcel in parcels:
        await delivery.decide(parcel, outcome)


def _outcomes(parcel: Parcel, said: Mapping[str, Reply]) -> dict[str, Outcome]:
    taken = Outcome(kind=Kind.TAKEN_HERE, status="2.0.0")
    return {to: refused(said[to], "") if to in said else taken for to in parcel.addresses}
