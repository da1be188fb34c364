"""`smtp-harness run --prove`: does each case tell right from wrong?

A case is proven if our honest server meets it and the liar that the case names does not.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import click
import trio

from harness.cli.embedded import embedded
from harness.reports.story import as_text, headline, story
from harness.runner.plan import Plan
from harness.runner.prove import Proof, prove
from harness.runner.settings import Settings
from harness.target import Target
from harness.visible import harmless


def perform_proof(
    plan: Plan, settings: Settings, with_wishes: Callable[[Target], Target], *, verbose: bool
) -> int:
    """Prove the plan's cases and tell; the exit status."""

    @contextlib.asynccontextmanager
    async def start_liar(name: str) -> AsyncIterator[Target]:
        with contextlib.ExitStack() as stack:
            liar = await trio.to_thread.run_sync(stack.enter_context, embedded(name))
            yield with_wishes(liar)

    async def run() -> Sequence[Proof]:
        return await prove(plan, settings, start_liar)

    proofs = trio.run(run)
    for proof in proofs:
        _tell(proof, verbose=verbose)
    proven = sum(proof.is_proven for proof in proofs)
    click.echo(f"\n{proven} of {len(plan.cases)} cases proven (seed {settings.seed})")
    return 0 if proven == len(plan.cases) else 1


def _tell(proof: Proof, *, verbose: bool) -> None:
    if proof.is_proven and proof.liar is not None:
        click.echo(f"proven {proof.address}: {proof.liar.caught_by}: {headline(proof.liar)}")
        if verbose:
            click.echo(f"\n{as_text(story(proof.liar))}\n")
        return
    click.echo(f"NOT PROVEN {proof.address}: {harmless(proof.objection)}")
    for outcome in (proof.honest, proof.liar):
        if outcome is not None and outcome.exchanges:
            click.echo(f"\n{as_text(story(outcome))}\n")
