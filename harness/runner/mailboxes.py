"""Mailboxes during a run: who may use one when, so that no case reads another one's mail.

A case whose message holds a token finds it among others; one whose message holds none takes the
one new message for its own, so it must have the mailbox to itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import trio


class Mailbox:
    """The use of one mailbox: many at a time who can tell their mail, or one who cannot."""

    def __init__(self) -> None:
        self.is_dirty = False  # a message that nobody can tell may still be on its way to it
        self._sharing = 0
        self._is_taken = False
        self._waiting = 0  # for the whole mailbox: who would share it waits behind them
        self._change = trio.Condition()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Use it beside others."""
        async with self._change:
            while self._is_taken or self._waiting:
                await self._change.wait()
            self._sharing += 1
        try:
            yield
        finally:
            self._sharing -= 1
            await self._tell()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Have it to oneself."""
        async with self._change:
            self._waiting += 1
            try:
                while self._is_taken or self._sharing:
                    await self._change.wait()
                self._is_taken = True
            finally:
                self._waiting -= 1
        try:
            yield
        finally:
            self._is_taken = False
            await self._tell()

    async def _tell(self) -> None:
        with trio.CancelScope(shield=True):
            async with self._change:
                self._change.notify_all()


class Mailboxes:
    """The mailboxes of a target by recipient, and the tokens that messages of this run hold."""

    def __init__(self) -> None:
        self.tokens: set[bytes] = set()
        self._boxes: defaultdict[str, Mailbox] = defaultdict(Mailbox)

    def __getitem__(self, recipient: str) -> Mailbox:
        return self._boxes[recipient.casefold()]

    @asynccontextmanager
    async def claimed(self, *, shared: Iterable[str], alone: Iterable[str]) -> AsyncIterator[None]:
        """Use these mailboxes; always taken in the same order, so that nobody waits in a ring."""
        sole = {recipient.casefold() for recipient in alone}
        every = sole | {recipient.casefold() for recipient in shared}
        async with AsyncExitStack() as stack:
            for recipient in sorted(every):
                box = self._boxes[recipient]
                await stack.enter_async_context(box.alone() if recipient in sole else box.shared())
            yield
