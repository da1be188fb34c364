"""The channel between a supervisor and a worker: values with their length in front, over pipes.

They are pickled, which is for friends alone: both ends are this program, and the pipes are ours.
"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trio

from reference_server.configuration import Config
from reference_server.doors.door import Door
from reference_server.watching.metrics import Sample

_LENGTH: Final = struct.Struct("!I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """To a worker: what it is."""

    config: Config
    spool: Path
    doors: tuple[Door, ...]
    number: int
    workers: int


@dataclass(frozen=True, slots=True)
class Renew:
    """To a worker: the configuration has changed."""

    config: Config


@dataclass(frozen=True, slots=True)
class Ask:
    """To a worker: how are your numbers?"""


@dataclass(frozen=True, slots=True)
class Ready:
    """From a worker: its doors are open."""


@dataclass(frozen=True, slots=True)
class Told:
    """From a worker: its numbers."""

    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """From a worker that ends: what it has thrown away."""

    messages: int
    octets: int


Message = Begin | Renew | Ask | Ready | Told | Taken


class Channel:
    """One end of it."""

    def __init__(self, reading: trio.abc.ReceiveStream, writing: trio.abc.SendStream) -> None:
        self._reading = reading
        self._writing = writing
        self._sending = trio.Lock()
        self._buffer = bytearray()

    async def send(self, message: Message) -> None:
        """Send a message; raises trio.BrokenResourceError if the other end is gone."""
        octets = pickle.dumps(message)
        async with self._sending:
            await self._writing.send_all(_LENGTH.pack(len(octets)) + octets)

    async def receive(self) -> Message | None:
        """The next message; None once the other end is gone."""
        head = await self._take(_LENGTH.size)
        octets = await self._take(_LENGTH.unpack(head)[0]) if head else None
        return None if octets is None else pickle.loads(octets)

    async def _take(self, length: int) -> bytes | None:
        while len(self._buffer) < length:
            octets = await self._reading.receive_some()
            if not octets:
                return None
            self._buffer += octets
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken
