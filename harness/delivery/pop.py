"""A mailbox that is read by POP3: what is there stays there.

Our own client and not poplib, which refuses lines over 2,048 octets and tells every password.
A session sees what was there when it began (RFC 1939 5), so each look is one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Container, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from harness.client.pop3 import PopWire
from harness.delivery.doors import Door
from harness.delivery.stored import Stored
from harness.errors import PeerError
from harness.protocol.pop3.fetching import Waiting, leave, list_mailbox, retrieve
from harness.protocol.pop3.reaching import Entrance, enter
from harness.protocol.sasl import ClientSide
from harness.wire import Log, connect


class Maildrop:
    """The messages of one user."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def keys(self) -> frozenset[str]:
        """All that is there."""
        async with self._session() as wire:
            return frozenset(map(_key, await self._list(wire)))

    async def fetch(self, known: Container[str]) -> Mapping[str, Stored]:
        """All that is there and is not known."""
        fresh = {}
        async with self._session() as wire:
            for waiting in await self._list(wire):
                key = _key(waiting)
                if key not in known:
                    octets = await wire.drive(retrieve(waiting.number), self._door.patience)
                    fresh[key] = Stored(octets, f"{self._door.address} message {key}")
        return fresh

    async def _list(self, wire: PopWire) -> tuple[Waiting, ...]:
        return await wire.drive(list_mailbox(), self._door.patience)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[PopWire]:
        door = self._door
        assert door.login is not None, "a mailbox of POP3 is somebody's"
        log = Log(keeps=False)
        stream = await connect(door.address, log, door.patience)
        wire = PopWire(stream, log, context=door.context(), name=door.server_name)
        side = ClientSide(host=door.address.host, port=door.address.port)
        try:
            is_secure = door.address.scheme.has_implicit_tls
            if is_secure:
                side = replace(side, bindings=await wire.start_tls(door.patience))
            entrance = Entrance(
                login=door.login,
                may_reveal=door.address.is_loopback,
                side=side,
                is_secure=is_secure,
            )
            await wire.drive(enter(entrance), door.patience)
            yield wire
            await wire.drive(leave(), door.patience)
        except PeerError as problem:
            raise PeerError(f"{door.address.endpoint}: {problem}") from problem
        finally:
            await wire.aclose()


def _key(waiting: Waiting) -> str:
    """Its unique-id; where there are none, its number, for nothing is deleted."""
    return waiting.uid or f"{waiting.number} of {waiting.octets} octets"
