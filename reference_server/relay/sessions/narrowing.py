"""Narrowing: a message is put into 7 bits beside the event loop: a large one takes seconds.

What is small is converted at once: that is over before anybody notices, and virtual time runs away
while a thread works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio

from reference_server.relay.sessions.conversion import seven_bit

SMALL: Final = 65_536  # octets, some hundredths of a second


def one_at_a_time() -> trio.CapacityLimiter:
    """The interpreter does one thing at a time: more threads would take more from all others."""
    return trio.CapacityLimiter(1)


class Narrowing:
    """One message in 7 bits, if somebody wants it so, and once for all transactions."""

    def __init__(
        self,
        content: bytes,
        limiter: trio.CapacityLimiter,
        convert: Callable[[bytes], bytes | None] = seven_bit,
    ) -> None:
        self._content = content
        self._limiter = limiter
        self._convert = convert
        self._converted: list[bytes | None] = []  # nothing yet, or what it came to

    async def converted(self) -> bytes | None:
        """The content in 7 bits; None if that cannot be done without harm."""
        if not self._converted:
            self._converted.append(await self._convert_it())
        return self._converted[0]

    async def _convert_it(self) -> bytes | None:
        if len(self._content) <= SMALL:
            return self._convert(self._content)
        return await trio.to_thread.run_sync(self._convert, self._content, limiter=self._limiter)
