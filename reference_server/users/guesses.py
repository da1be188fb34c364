"""Guesses at passwords: who has failed often waits, however often it comes back, and at any door.

Counted by address and not by connection, and by no name: nobody can lock somebody else out by
guessing.  While the answer to a failure is due, nothing else from there is judged; else whoever has
no answer within a moment could hang up and guess again, for a right password is told at once.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import trio

T = TypeVar("T")

FREE: Final = 3  # failures that wait for nothing: anybody mistypes
FIRST: Final = 1.0  # seconds for the next one; twice as long for each further one
MOST: Final = 30.0
LONGEST: Final = MOST  # that a log-in waits for others from its address before it is sent away
FORGOTTEN: Final = 600.0  # seconds after which an address is as good as new
_ADDRESSES: Final = 10_000  # that are remembered; those whose last failure is longest ago go first


@dataclass(slots=True)
class _Record:
    """What an address has on it."""

    failures: int
    last: float
    until: float  # when the next guess may be judged
    settled: trio.Event = field(default_factory=trio.Event)  # or before, if it was no failure


class Guesses:
    """Failures to log in, by address; `first` may be 0, where nobody is to wait."""

    def __init__(
        self, now: Callable[[], float] = trio.current_time, *, first: float = FIRST
    ) -> None:
        self.first = first
        self.now = now
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def guesser(self, address: str) -> Guesser:
        """Somebody at this address who may want to log in."""
        return Guesser(self, _origin(address))

    def delay(self, failure: int) -> float:
        """How many seconds the answer to the first, the second ... failure has to wait."""
        return min(self.first * 2.0 ** min(failure - FREE - 1, 10), MOST) if failure > FREE else 0.0

    def record(self, address: str) -> _Record | None:
        """What is known of an address, if that is not too long ago."""
        record = self._records.get(address)
        if record is None or self.now() - record.last >= FORGOTTEN:
            return None
        return record

    def failed(self, address: str) -> _Record:
        """One more failure."""
        now, record = self.now(), self.record(address) or _Record(0, 0.0, 0.0)
        record.failures += 1
        record.last = now
        record.until = max(record.until, now + self.delay(record.failures))
        self._records[address] = record
        self._records.move_to_end(address)
        while len(self._records) > _ADDRESSES:
            self._records.popitem(last=False)
        return record

    def __len__(self) -> int:
        return len(self._records)


class Guesser:
    """Who logs in over one connection: each step is asked for in turn, then told to have failed."""

    __slots__ = ("_address", "_guesses", "_has_turn")

    def __init__(self, guesses: Guesses, address: str) -> None:
        self._guesses = guesses
        self._address = address
        self._has_turn = False

    async def ask(
        self, judge: Callable[[], T], *, takes_time: bool, judges: trio.CapacityLimiter
    ) -> T | None:
        """What a step of an exchange comes to; None if its turn is too long in coming."""
        latest = self._guesses.now() + LONGEST
        while True:
            # Within the limit, so that a crowd that is let in together is not judged together.
            async with judges if takes_time else contextlib.nullcontext():
                record = self._before_us()
                if record is None:
                    return await trio.to_thread.run_sync(judge) if takes_time else judge()
            pause = record.until - self._guesses.now()
            if self._guesses.now() + pause > latest:
                return None
            with trio.move_on_after(pause):
                await record.settled.wait()

    def failed(self) -> float:
        """It was wrong; for how many seconds that is not to be told."""
        self._has_turn = False
        return self._guesses.delay(self._guesses.failed(self._address).failures)

    def passed(self) -> None:
        """It was right, or it was given up: others need not wait for it."""
        record = self._guesses.record(self._address) if self._has_turn else None
        self._has_turn = False
        if record is not None:
            record.until = self._guesses.now()
            record.settled.set()
            record.settled = trio.Event()

    def _before_us(self) -> _Record | None:
        """Whom we wait for; nobody if it is our turn, which nobody else has then."""
        record = None if self._has_turn else self._guesses.record(self._address)
        if record is None or not (delay := self._guesses.delay(record.failures + 1)):
            return None
        now = self._guesses.now()
        if now < record.until:
            return record
        record.until, self._has_turn = now + delay, True
        return None


def _origin(address: str) -> str:
    """The address that failures count for: whoever has one of IPv6 has 2**64 of them."""
    if ":" not in address:
        return address
    whole = ipaddress.IPv6Address(address.partition("%")[0])
    if whole.ipv4_mapped is not None:
        return str(whole.ipv4_mapped)
    return str(ipaddress.IPv6Network((whole, 64), strict=False))
