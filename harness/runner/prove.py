"""The proof of the cases themselves: met by the honest server, unmet by the liar that each names.

A skip or an error on the liar is not caught: the lie must be seen, not merely be in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

import trio

from harness.results import JUDGED, Outcome, Verdict
from harness.runner.plan import Plan, Planned
from harness.runner.run import run_suites
from harness.runner.settings import Settings
from harness.target import Target

StartLiar = Callable[[str], AbstractAsyncContextManager[Target]]

LIARS_AT_A_TIME = 4  # each is a process of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the honest server and the liar showed of one case."""

    honest: Outcome
    liar: Outcome | None  # None if the case names no lie

    @property
    def address(self) -> str:
        """The case's address."""
        return self.honest.address

    @property
    def is_met(self) -> bool:
        """Whether the honest server meets the case."""
        return self.honest.verdict in (Verdict.MET, Verdict.FIXED)

    @property
    def is_caught(self) -> bool:
        """Whether the liar does not, whatever the verdict."""
        liar = self.liar
        return liar is not None and liar.verdict in JUDGED and liar.surprise is not None

    @property
    def is_proven(self) -> bool:
        """Whether the case tells right from wrong."""
        return self.is_met and self.is_caught

    @property
    def objection(self) -> str:
        """Why the case is not proven; nothing if it is."""
        if not self.is_met:
            return f"on the honest server it is {_told(self.honest)}"
        if self.liar is None:
            return "it names no lie: `caught_by:`"
        return "" if self.is_caught else f"on {self.liar.caught_by} it is {_told(self.liar)}"


async def prove(
    plan: Plan,
    settings: Settings,
    start_liar: StartLiar,
    on_proof: Callable[[Proof], None] = lambda proof: None,
) -> tuple[Proof, ...]:
    """Play each case on the plan's own target and on its liar; proofs in the plan's order."""
    settings = replace(settings, fail_fast=False)
    honest = await run_suites(plan, settings)
    lied_to: dict[str, Outcome] = {}
    at_once = trio.CapacityLimiter(LIARS_AT_A_TIME)

    async def play_on_liar(name: str, cases: list[Planned]) -> None:
        async with at_once, start_liar(name) as target:
            on_liar = plan.with_cases(cases, target)
            result = await run_suites(on_liar, settings, hears_signals=False)
        lied_to.update((outcome.address, outcome) for outcome in result.outcomes)

    async with trio.open_nursery() as nursery:
        for name, cases in _by_lie(plan).items():
            nursery.start_soon(play_on_liar, name, cases)
    proofs = tuple(
        Proof(honest=outcome, liar=lied_to.get(outcome.address)) for outcome in honest.outcomes
    )
    for proof in proofs:
        on_proof(proof)
    return proofs


def _by_lie(plan: Plan) -> Mapping[str, list[Planned]]:
    found: dict[str, list[Planned]] = {}
    for planned in plan.cases:
        if planned.case.caught_by:
            # On a liar nothing is known beforehand: what is unmet there is what we look for.
            charge = replace(planned.charge, deviation=None)
            found.setdefault(planned.case.caught_by, []).append(replace(planned, charge=charge))
    return found


def _told(outcome: Outcome) -> str:
    why = outcome.surprise or outcome.reason
    return f"{outcome.verdict}: {why}" if why else str(outcome.verdict)
