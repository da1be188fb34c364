"""What a case says of mailboxes: who may use them when, and whether its mail is there.

That something is not there is known once a fence has arrived: a message that was sent later.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import trio

from harness.delivery import Reader, Stored
from harness.errors import PeerError, UsageError
from harness.protocol.replies import Reply
from harness.results import Surprise
from harness.runner.endings import Ending, Trouble
from harness.runner.receipts import find_surprise, find_unwanted
from harness.runner.stage import Stage
from harness.runner.start import reach
from harness.target import Address
from harness.transcripts.matching import describe
from harness.transcripts.model import Case
from harness.transcripts.steps import SendFile, Start, Write
from harness.transcripts.variables import Values
from harness.transcripts.walking import all_steps, templates
from harness.transcripts.wants import Delivered
from harness.wire import Log, Piece

_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.2  # seconds between two looks
_VARIABLES = ("recipient", "recipient2", "many", "unknown", "foreign", "bounce")
_EXPANDED = ("alias", "list")  # which stand for the first two recipients
_FENCE = "Subject: {}\r\n\r\nThis stands behind others: when it has arrived, so have they.\r\n.\r\n"


class Mail:
    """The mailboxes of one run of a case."""

    def __init__(self, case: Case, stage: Stage, values: Values, log: Log, token: str) -> None:
        self.notes: list[str] = []
        self._case = case
        self._stage = stage
        self._values = values
        self._log = log
        self._token = token
        self._fences = 0
        self._readers: dict[str, Reader] = {}

    @asynccontextmanager
    async def claimed(self) -> AsyncIterator[None]:
        """The mailboxes that the case needs, for as long as it runs."""
        wanted = {self._to(item) for item in self._items}
        alone = set() if self._case.holds_token else wanted
        shared = {*self._used, *wanted} if wanted or _may_deliver(self._case) else set()
        boxes = self._stage.mailboxes
        async with boxes.claimed(shared=shared, alone=alone):
            for to in alone:
                if boxes[to].is_dirty:
                    await self._pass_fence(to, await self._open(to))
                    boxes[to].is_dirty = False
            self._readers = {to: await self._open(to) for to in wanted}
            is_done = False
            try:
                yield
                is_done = True
            finally:
                if not self._case.holds_token:
                    for to in shared:
                        boxes[to].is_dirty |= not is_done or to not in wanted

    async def check(self, contents: list[bytes]) -> Surprise | None:
        """The first thing that is not as wanted in the mailboxes, once the dialogue is over."""
        for to, reader in self._readers.items():
            items = [item for item in self._case.delivered if self._to(item) == to]
            if items:
                surprise = await self._await_mail(to, reader, items, contents)
                if surprise is not None:
                    return surprise
        for to, reader in self._readers.items():
            items = [item for item in self._case.not_delivered if self._to(item) == to]
            if items:
                found = self._own(await self._pass_fence(to, reader))
                surprise = find_unwanted(items, found, self._values, to)
                if surprise is not None:
                    return surprise
        return None

    @property
    def _items(self) -> tuple[Delivered, ...]:
        return (*self._case.delivered, *self._case.not_delivered)

    def _to(self, item: Delivered) -> str:
        return self._values.text(item.to) if item.to else self._stage.target.recipient

    @property
    def _used(self) -> Iterator[str]:
        """The mailboxes that its commands name."""
        facts = self._values.facts
        names = {
            variable.name
            for step in all_steps(self._case.steps)
            for template in templates(step)
            for variable in template.variables
        }
        if self._case.start in (Start.RECIPIENT, Start.DATA):
            names.add("recipient")
        if not names.isdisjoint(_EXPANDED):
            names.update(("recipient", "recipient2"))
        yield from (facts[name] for name in _VARIABLES if name in names and name in facts)

    async def _open(self, to: str) -> Reader:
        if self._stage.target.delivery_of(to) is None:
            raise Trouble(f"the target does not say where mail for {to} can be read back")
        try:
            return await self._stage.post.open(to)
        except (PeerError, UsageError) as problem:
            raise Trouble(f"mail for {to} cannot be read back: {problem}") from problem

    # --- what should be there ----------------------------------------------------------------

    async def _await_mail(
        self, to: str, reader: Reader, items: list[Delivered], contents: list[bytes]
    ) -> Surprise | None:
        count = sum(item.count for item in items)
        found = self._own(await self._poll(to, reader, lambda all: len(self._own(all)) >= count))
        self.notes.extend(note for stored in found for note in stored.changed)
        patience = self._stage.target.timeouts.delivery
        return find_surprise(items, found, self._values, to, contents, patience)

    def _own(self, messages: list[Stored]) -> list[Stored]:
        """The messages of this case: those with its token, or else those with nobody's."""
        token = self._token.encode()
        if self._case.holds_token:
            return [stored for stored in messages if token in stored.octets]
        others = self._stage.mailboxes.tokens
        return [
            stored for stored in messages if not any(other in stored.octets for other in others)
        ]

    async def _poll(
        self, to: str, reader: Reader, has_come: Callable[[list[Stored]], bool]
    ) -> list[Stored]:
        """What is there once it has come or our patience is over; raises Trouble if we are blind.

        A store may be busy for a moment, so only the last look must have succeeded.
        """
        pause, found, problem = _FIRST_PAUSE, list[Stored](), None
        with trio.move_on_after(self._stage.target.timeouts.delivery):
            while True:
                try:
                    found, problem = await reader.messages(), None
                except PeerError as lost:
                    problem = lost
                if has_come(found):
                    return found
                await trio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        if problem is not None:
            raise Trouble(f"mail for {to} cannot be read back: {problem}")
        return found

    # --- what should not be there --------------------------------------------------------------

    async def _pass_fence(self, to: str, reader: Reader) -> list[Stored]:
        """Send a message to the mailbox and wait for it: what is there then.

        Raises Trouble if it does not arrive.
        """
        self._fences += 1
        fence = self._stage.token(f"{self._token} fence", self._fences)
        await self._send_fence(to, fence)

        def has_come(messages: list[Stored]) -> bool:
            return any(fence.encode() in stored.octets for stored in messages)

        found = await self._poll(to, reader, has_come)
        if not has_come(found):
            patience = self._stage.target.timeouts.delivery
            raise Trouble(
                f"a message to {to} did not arrive within {patience:g} s, so nothing can be said "
                "about what else did not"
            )
        return found

    async def _send_fence(self, to: str, fence: str) -> None:
        try:
            # By the front door: where a case goes in, one may have to log in first.
            address: Address = self._stage.listener(None)
            connection = await self._stage.connect(self._log, address, name="fence", recipient=to)
            try:
                await reach(connection, Start.DATA)
                await connection.send([Piece(_FENCE.format(fence).encode())])
                answer = await connection.hear()
            finally:
                await connection.wire.aclose()
        except (Ending, PeerError) as problem:
            raise Trouble(f"a message to {to} could not be sent: {problem}") from problem
        if not isinstance(answer, Reply) or answer.code != 250:
            raise Trouble(f"a message to {to} was not taken: {describe(answer)}")


def _may_deliver(case: Case) -> bool:
    """Whether a message may come of the case, as far as one can see."""
    if case.start is Start.DATA:
        return True
    for step in all_steps(case.steps):
        if isinstance(step, SendFile):
            return True
        if isinstance(step, Write):
            text = b"".join(it for line in step.lines for it in line.octets.pieces
                            if isinstance(it, bytes)).upper()  # fmt: skip
            if b"DATA" in text or b"BDAT" in text:
                return True
    return False
