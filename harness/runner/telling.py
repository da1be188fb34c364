"""Telling outcomes in the order of the plan, whichever case ends first.

The same trouble is told once in full: a start that the target refuses concerns many cases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.results import Outcome, Verdict

_SHORT = 60  # characters of a reason that was told before


class Teller:
    """Holds outcomes back until their turn."""

    def __init__(self, on_outcome: Callable[[Outcome], None]) -> None:
        self.told: list[Outcome] = []
        self._on_outcome = on_outcome
        self._held: dict[int, Outcome] = {}
        self._next = 0
        self._troubles: dict[str, str] = {}  # reason -> the first case that met it

    def finish(self, place: int, outcome: Outcome) -> None:
        """A case has ended: it is told now if all before it have been."""
        self._held[place] = outcome
        while self._next in self._held:
            self._tell(self._held.pop(self._next))
            self._next += 1

    def tell_rest(self) -> None:
        """The run is over: what is held back is told, in order, over the gaps."""
        for place in sorted(self._held):
            self._tell(self._held.pop(place))

    def _tell(self, outcome: Outcome) -> None:
        if outcome.verdict is Verdict.ERROR:
            outcome = self._once(outcome)
        self.told.append(outcome)
        self._on_outcome(outcome)

    def _once(self, outcome: Outcome) -> Outcome:
        first = self._troubles.setdefault(outcome.reason, outcome.address)
        if first == outcome.address:
            return outcome
        short = outcome.reason.partition("\n")[0]
        short = short if len(short) <= _SHORT else f"{short[:_SHORT]}..."
        return replace(outcome, reason=f"{short} (as for {first})")
