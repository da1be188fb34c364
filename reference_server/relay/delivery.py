"""Delivery: one parcel over one session, in as many transactions as it takes.

What each transaction came to is recorded before the next begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import trio

from harness.protocol.replies import Capabilities, number
from reference_server.bounces.returning import header_of
from reference_server.queue.items import Fate, Item
from reference_server.relay.lane import Lane, Parcel, parcels_of
from reference_server.relay.ledger import Decision, Ledger
from reference_server.relay.outcomes import Outcome, failed, postponed
from reference_server.relay.routes import domain_of
from reference_server.relay.schedule import is_overdue, is_returned
from reference_server.relay.sessions.asking import (
    Elsewhere,
    Terms,
    TooWide,
    narrowed,
    prepare,
)
from reference_server.relay.sessions.narrowing import Narrowing, one_at_a_time
from reference_server.relay.sessions.session import Session
from reference_server.relay.sessions.transaction import Result, transact
from reference_server.relay.settings import Settings

_RECEIVED: Final = re.compile(rb"^Received:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Left:
    """A parcel that this host did not take; the outcome if no other does."""

    parcel: Parcel
    outcome: Outcome | None = None  # None before any host has been asked
    is_lost: bool = False  # the connection was, rather than that the host said so


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a parcel."""

    left: Left | None = None
    has_moved: bool = False  # something has been decided for somebody
    is_over: bool = False  # the session


def waiting(item: Item, addresses: Sequence[str]) -> tuple[str, ...]:
    """Those of the addresses whose copy has gone nowhere yet."""
    fates = {one.address: one.fate for one in item.recipients}
    return tuple(to for to in addresses if fates.get(to) is Fate.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How parcels of a lane are delivered."""

    lane: Lane
    ledger: Ledger
    settings: Settings
    now: Callable[[], float]
    converters: trio.CapacityLimiter = field(default_factory=one_at_a_time)

    async def deliver(self, session: Session, parcel: Parcel) -> Verdict:
        """Hand it over as far as the host takes it."""
        item = self.ledger.items.get(parcel.id)
        left = () if item is None else waiting(item, parcel.addresses)
        if item is None or not left:
            return Verdict()  # it has been dropped
        try:
            content = await self.ledger.queue.content(item.id)
        except KeyError:
            return Verdict()
        except OSError as problem:
            await self.decide(parcel, postponed("4.3.0", f"the queue cannot be read: {problem}"))
            return Verdict(has_moved=True)
        objection = self._objection(item, content)
        if objection is not None:
            await self.decide(parcel, objection)
            return Verdict(has_moved=True)
        return await self._hand_over(session, replace(parcel, addresses=left), item, content)

    async def _hand_over(
        self, session: Session, parcel: Parcel, item: Item, content: bytes
    ) -> Verdict:
        has_moved = False
        terms, narrow = _terms(session), Narrowing(content, self.converters)
        while parcel.addresses:
            batch = _batch(parcel.addresses, session.capabilities, self.settings.caps.recipients)
            try:
                ready = prepare(item, batch, content, terms, now=self.now())
                if isinstance(ready, TooWide):
                    ready = narrowed(ready, await narrow.converted())
            except Exception as bug:
                # A message that we cannot handle is our bug; it shall stop no other's mail.
                self.ledger.tell("stumbled", {"id": item.id, "why": repr(bug)})
                await self.decide(parcel, postponed("4.3.0", f"our own bug: {bug!r}"))
                return Verdict(has_moved=True)
            if isinstance(ready, Elsewhere):
                return Verdict(left=Left(parcel, ready.outcome), has_moved=has_moved)
            result = Result()
            if ready.envelope.recipients:
                session.messages += 1
                result = await transact(session, ready, chunk=self.settings.chunk)
            outcomes = ready.refused | dict(result.outcomes)
            await self.record(parcel.id, outcomes)
            has_moved = has_moved or bool(outcomes)
            rest = tuple(to for to in parcel.addresses if to not in outcomes)
            parcel = replace(parcel, addresses=rest)
            if rest and (result.elsewhere is not None or result.is_over):
                outcome = result.elsewhere or postponed("4.4.2", "the connection was lost")
                left = Left(parcel, outcome, is_lost=result.is_over)
                return Verdict(left=left, has_moved=has_moved, is_over=result.is_over)
            if result.is_over:
                return Verdict(has_moved=has_moved, is_over=True)
        return Verdict(has_moved=has_moved)

    def _objection(self, item: Item, content: bytes) -> Outcome | None:
        if is_returned(item) and is_overdue(item, self.now()):
            return failed("5.4.7", "not delivered by the time that was asked for")
        # RFC 5321 6.3
        hops = len(_RECEIVED.findall(header_of(content)))
        if hops > self.settings.caps.hops:
            return failed("5.4.6", f"the message has been through {hops} servers: it is in a loop")
        return None

    # --- what is known of a parcel --------------------------------------------------------------

    async def decide(self, parcel: Parcel, outcome: Outcome) -> None:
        """The same outcome for all of a parcel."""
        await self.decide_all([Decision(parcel.id, dict.fromkeys(parcel.addresses, outcome))])

    async def record(
        self, id: str, outcomes: Mapping[str, Outcome], items: Mapping[Item, bytes] | None = None
    ) -> None:
        """What a transaction came to, and the items that came of it."""
        if outcomes:
            await self.decide_all([Decision(id, outcomes)], items=items)

    async def decide_all(
        self,
        decisions: Sequence[Decision],
        *,
        for_host: bool = False,
        items: Mapping[Item, bytes] | None = None,
    ) -> None:
        """Record it; who is postponed waits in the lane again."""
        for settled in await self.ledger.record(decisions, items or {}):
            parcels = parcels_of(
                settled.item,
                self.ledger.waiting(settled),
                for_host=for_host,
                behind=self.lane.lost.get(settled.item.id),
            )
            for parcel in parcels:
                self.lane.add(parcel)


def _terms(session: Session) -> Terms:
    return Terms(
        capabilities=session.capabilities,
        service=session.service,
        is_trusted=session.is_trusted,
        remote=session.host.name,
    )


def _batch(addresses: Sequence[str], capabilities: Capabilities, most: int) -> Sequence[str]:
    """As many as one transaction may have: RFC 5321 4.5.3.1.8, RFC 9422 3."""
    most = min(most, limit(capabilities, "RCPTMAX") or most)
    domains = limit(capabilities, "RCPTDOMAINMAX")
    if not domains:
        return addresses[:most]
    chosen = list(dict.fromkeys(map(domain_of, addresses)))[:domains]
    return [to for to in addresses if domain_of(to) in chosen][:most]


def limit(capabilities: Capabilities, name: str) -> int | None:
    """A limit that the server says it has (RFC 9422); None if it does not say."""
    for word in capabilities.keywords.get("LIMITS", ()):
        said, _, value = word.partition("=")
        if said.upper() == name:
            return number(value) or None
    return None
