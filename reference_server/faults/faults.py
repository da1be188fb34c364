"""The table that is in force, what it has counted, and what was received under it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

from harness.errors import UsageError
from reference_server.faults.certificates import Certificates
from reference_server.faults.deciding import Counters, decide
from reference_server.faults.model import Facts, Row, Stage, Table, Trick
from reference_server.faults.reading import added
from reference_server.faults.received import Received


class Faults:
    """All that the connections of one server share; the table may be changed at any time."""

    def __init__(
        self, table: Table, certificates: Certificates, received: Received | None = None
    ) -> None:
        self.table = table
        self.certificates = certificates
        self.counters = Counters(table.seed)
        self.received = received  # None where nobody will ask for messages
        self.stages: Counter[Stage] = Counter()  # how often each was reached
        self.tell: Callable[..., None] | None = None  # writes a log, if there is one
        self._serial = itertools.count(1)

    def next_connection(self) -> int:
        """The number of a new connection."""
        return next(self._serial)

    def meet(self, stage: Stage, facts: Facts, now: float) -> Trick | None:
        """What goes wrong now."""
        self.stages[stage] += 1
        trick = decide(self.table, stage, facts, self.counters, now)
        if trick is not None and self.tell is not None:
            does = [name.replace("_", " ") for name in trick.said]
            self.tell("fault", at=stage.value, peer=facts.client, does=does)
        return trick

    def replace(self, table: Table) -> None:
        """Another table, which begins to count at nothing."""
        self.table, self.counters = table, Counters(table.seed)

    def clear(self) -> None:
        """No faults at all; the seed stays."""
        self.replace(Table((), self.table.seed))

    def begin_anew(self) -> None:
        """Count everything from nothing again."""
        self.counters = Counters(self.table.seed)
        self.stages.clear()

    def add(self, more: Table) -> tuple[Row, ...]:
        """More rows, below those that are there; the others count on."""
        before = len(self.table.rows)
        self.table = added(self.table, more)
        return self.table.rows[before:]

    def remove(self, name: str) -> None:
        """Without the row of that name; UsageError if there is none."""
        rows = tuple(row for row in self.table.rows if row.name != name)
        if len(rows) == len(self.table.rows):
            raise UsageError(f"there is no fault {name!r}")
        self.table = Table(rows, self.table.seed)
        self.counters.forget(name)
