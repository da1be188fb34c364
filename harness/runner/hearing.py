"""Hearing: what the target says against what is due, optional replies and void cases included.

An optional reply (`503?`) is decided when the next one comes: the reply is taken for the optional
one if it can be no other, or if another follows it.
"""

from __future__ import annotations

from dataclasses import replace

from harness.documents import Place
from harness.protocol.replies import CLOSING, Reply
from harness.results import Surprise
from harness.runner.connection import Connection
from harness.runner.endings import Busy, Unmet, Void
from harness.runner.start import demands
from harness.transcripts.matching import (
    Closed,
    Context,
    Heard,
    check,
    fits,
    spot,
)
from harness.transcripts.steps import Branch, Expect
from harness.transcripts.variables import Values
from harness.transcripts.wants import Want

PATIENCE_WITH_ERRORS = 3  # refused commands after which a hang-up is a defence (RFC 5321 7.8)


class Ear:
    """Hears the replies that are due on the connections of one case."""

    def __init__(self, values: Values) -> None:
        self.notes: list[str] = []
        self._values = values

    async def expect(self, connection: Connection, due: Expect) -> list[Branch]:
        """Take the reply that is due; the branches to run now, those of optional replies first."""
        if due.want.optional:
            connection.pending.append(due)
            return []
        heard, branches = await self.next(connection, due.want, due.within)
        return branches + self._take(connection, due, heard)

    async def next(
        self, connection: Connection, want: Want, within: float | None = None
    ) -> tuple[Heard, list[Branch]]:
        """What is heard in place of `want`, once the optional replies before it are decided."""
        branches: list[Branch] = []
        heard = await connection.hear(within)
        while connection.pending:
            optional = connection.pending.pop(0)
            if not isinstance(heard, Reply) or not fits(optional.want, heard):
                continue
            if fits(want, heard) and not await connection.is_more_coming():
                continue
            branches += self._take(connection, optional, heard)
            heard = await connection.hear(within)
        return heard, branches

    def _take(self, connection: Connection, due: Expect, heard: Heard) -> list[Branch]:
        context = Context(self._values, offers_enhanced=connection.offers_enhanced)
        found = check(due, heard, context)
        if isinstance(found, Surprise):
            raise ending(connection, found, heard)
        self.notes.extend(found.notes)
        if isinstance(heard, Reply):
            self.notes.extend(f"a reply is odd: {fault.value}" for fault in heard.faults)
        if found.captured is not None and due.capture is not None:
            self._values[due.capture] = found.captured
        if isinstance(heard, Closed):
            connection.is_over = True
        return [found.branch] if found.branch else []


def ending(connection: Connection, found: Surprise, heard: Heard) -> Unmet | Void | Busy:
    """What a surprise makes of the case: not everything unexpected is the target's fault."""
    if isinstance(heard, Reply) and heard.code == CLOSING:
        if connection.replies == 1:
            return Busy(f"the greeting is {heard}")
        return Void(f"the target answered {heard}, which it may at any time (RFC 5321 3.8)")
    if isinstance(heard, Reply) and heard.code == 530:
        return Void(demands("a command", heard))
    if isinstance(heard, Closed):
        if connection.wire.code == CLOSING:
            return Void("the target closed after a 421, which it may at any time (RFC 5321 3.8)")
        if connection.refusals >= PATIENCE_WITH_ERRORS:
            return Void(
                f"{heard.how} after {connection.refusals} refused commands: the target counts "
                "errors (RFC 5321 7.8)"
            )
    return Unmet(replace(found, exchange=connection.wire.last))


def surprise_at(at: Place, wanted: str, met: str, *detail: str) -> Surprise:
    """A surprise at a line of the author's."""
    return Surprise(at=spot(at), wanted=wanted, met=met, detail=detail)
