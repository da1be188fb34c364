"""A visit: one go at a destination, host after host, with all that is due there.

Another host is tried where one cannot be reached, or says 4yz before it has heard of recipients;
never after 5yz.  A parcel that a host did not take is carried on to the next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import trio

from harness.errors import NotOffered, PeerError, Refused, TargetUnreachable, TlsFailed
from harness.target import Address
from reference_server.relay.delivery import Delivery, Left, limit
from reference_server.relay.exchangers import Host
from reference_server.relay.halt import Halt
from reference_server.relay.outcomes import Kind, Outcome, postponed, refused
from reference_server.relay.routes import Tls
from reference_server.relay.sessions.session import Caller, Session

_FRUITLESS: Final = 2  # connections to one host, one after another, that brought nothing

Place = tuple[Host, Address]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there was no session with a host."""

    outcome: Outcome
    is_about_tls: bool = False


def trouble_of(error: PeerError, remote: str) -> Trouble:
    """What went wrong, as it would be told."""
    match error:
        case Refused(doing="STARTTLS") | TlsFailed() | NotOffered():
            return Trouble(postponed("4.7.10", f"no TLS: {error}", remote), is_about_tls=True)
        case Refused():
            return Trouble(refused(error.reply, remote))
        case TargetUnreachable():
            return Trouble(postponed("4.4.1", str(error), remote))
        case _:
            return Trouble(postponed("4.4.2", f"the connection was lost: {error}", remote))


@dataclass(slots=True, kw_only=True)
class Visit:
    """One go; its couriers share the lane."""

    delivery: Delivery
    tls: Tls
    hosts: Sequence[Host]
    caller: Caller
    halt: Halt
    limiter: trio.CapacityLimiter
    # --- what came of it
    troubles: list[Trouble] = field(default_factory=list)
    lost: list[Left] = field(default_factory=list)  # what no host took, and none refused
    has_moved: bool = False  # something has been decided for somebody
    gave_up: bool = False  # there was more to do, and nobody to take it
    refusal: Outcome | None = None  # a host takes no mail at all
    _couriers: int = 0

    async def run(self) -> None:
        """Go, and come back when there is nothing left to do there for now."""
        async with trio.open_nursery() as nursery:
            self._send_courier(nursery, 0)

    def _send_courier(self, nursery: trio.Nursery, first: int) -> None:
        self._couriers += 1
        nursery.start_soon(self._go, nursery, first)

    # --- a courier -----------------------------------------------------------------------------

    async def _go(self, nursery: trio.Nursery, first: int) -> None:
        token = object()
        with self.halt.interruptible() as waiting:
            await self.limiter.acquire_on_behalf_of(token)
        if waiting.cancelled_caught:
            return
        try:
            carried: list[Left] = []
            is_stuck = False
            places = [(host, address) for host in self.hosts for address in host.addresses]
            for number, place in enumerate(places[first:], first):
                carried, is_stuck = await self._call_at(place, carried, nursery, number)
            self.gave_up = self.gave_up or is_stuck
            await self._give_up(carried)
        finally:
            self.limiter.release_on_behalf_of(token)

    async def _call_at(
        self, place: Place, carried: Sequence[Left], nursery: trio.Nursery, number: int
    ) -> tuple[list[Left], bool]:
        """Hand over what the host takes; the rest, and whether the host is of no use for it."""
        todo, left, fruitless = deque(carried), list[Left](), 0
        is_stuck = False
        while not is_stuck and self._find_work(todo):
            session = await self._open(place)
            if session is None:
                is_stuck = True
                break
            was_fruitful = await self._serve(session, todo, left, nursery, number)
            fruitless = 0 if was_fruitful else fruitless + 1
            is_stuck = fruitless == _FRUITLESS
        for one in todo:
            if one.outcome is None:
                self.delivery.lane.add(one.parcel)  # it is still due, for whoever comes next
        return left + [one for one in todo if one.outcome is not None], is_stuck

    def _find_work(self, todo: deque[Left]) -> bool:
        """Whether there is something to do; it stands in `todo` then."""
        if self.halt.is_set or self.refusal is not None:
            return False
        if not todo:
            parcel = self.delivery.lane.take(self.delivery.now())
            if parcel is not None:
                todo.append(Left(parcel))
        return bool(todo)

    async def _give_up(self, carried: Sequence[Left]) -> None:
        for one in carried:
            if self.halt.is_set or one.outcome is None:
                self.delivery.lane.add(one.parcel)
            elif one.is_lost:
                self.lost.append(one)
            else:
                await self.delivery.decide(one.parcel, one.outcome)

    # --- a session -----------------------------------------------------------------------------

    async def _open(self, place: Place) -> Session | None:
        host, address = place
        with self.halt.interruptible():
            try:
                return await self.caller.call(host, address, self.tls)
            except PeerError as error:
                self._note(trouble_of(error, host.name))
        return None

    def _note(self, trouble: Trouble) -> None:
        outcome = trouble.outcome
        if outcome.kind is not Kind.FAILED:
            self.troubles.append(trouble)
        elif not self.has_moved:
            self.refusal = outcome
        else:
            # Who has just taken mail, and wants no second connection, does not want none at all.
            later = replace(outcome, kind=Kind.POSTPONED, status=f"4{outcome.status[1:]}")
            self.troubles.append(Trouble(later))

    async def _serve(
        self,
        session: Session,
        todo: deque[Left],
        left: list[Left],
        nursery: trio.Nursery,
        number: int,
    ) -> bool:
        """Use a session for as long as it is good for something; False if it was lost before."""
        lane, has_moved, is_over = self.delivery.lane, False, False
        lane.connections += 1
        try:
            while not is_over and not self._is_used_up(session) and await self._wait_for_work(todo):
                if self._is_used_up(session):
                    break  # it has grown old while we waited
                one = todo.popleft()
                verdict = await self.delivery.deliver(session, one.parcel)
                is_over = verdict.is_over
                if verdict.has_moved and not has_moved:
                    has_moved = True
                    self._move(nursery, number)
                if verdict.left is not None and is_over and has_moved:
                    # Hosts hang up after some messages: this one is worth a new connection.
                    todo.appendleft(Left(verdict.left.parcel, one.outcome))
                elif verdict.left is not None:
                    left.append(verdict.left)
        finally:
            lane.connections -= 1
            await (session.drop() if is_over else session.leave())
        return has_moved or not is_over

    async def _wait_for_work(self, todo: deque[Left]) -> bool:
        if self._find_work(todo):
            return True
        lane, now = self.delivery.lane, self.delivery.now()
        with self.halt.interruptible():
            await lane.wait_until(now + self.delivery.settings.caps.linger, now)
        return self._find_work(todo)

    def _is_used_up(self, session: Session) -> bool:
        caps = self.delivery.settings.caps
        most = min(caps.messages, limit(session.capabilities, "MAILMAX") or caps.messages)
        is_old = trio.current_time() - session.opened_at >= caps.age
        return session.messages >= most or (is_old and session.messages > 0)

    def _move(self, nursery: trio.Nursery, number: int) -> None:
        """Somebody is there and takes mail: more couriers come if there is enough for them."""
        self.has_moved = True
        self.delivery.lane.recover()
        caps = self.delivery.settings.caps
        enough = 1 + self.delivery.lane.backlog // caps.messages
        while self._couriers < min(enough, caps.connections_per_destination):
            self._send_courier(nursery, number)
