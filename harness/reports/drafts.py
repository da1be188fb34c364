"""Drafts of known deviations: an entry for each case that is unmet and that nobody explained yet.

What was met a run knows.  Whether the text of the RFC is on the target's side, only who has read
it can say: so a draft holds `reason: ?`, which `lint` and `run` refuse until it has been replaced.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.results import Outcome, RunResult, Verdict
from harness.visible import harmless

_UNEXPLAINED = (Verdict.FAIL, Verdict.WARN, Verdict.INFO)
_NOTHING = "{}"  # what stands in a file of deviations that holds none


def with_drafts(text: str, result: RunResult) -> str:
    """The known deviations in `text`, untouched, and behind them a draft for each new one."""
    kept = [line for line in text.splitlines() if line.strip() != _NOTHING]
    begun = {line.split(": ")[0].rstrip(":").strip("'\"") for line in kept}
    drafts = [
        "\n".join(_draft(outcome))
        for outcome in result.outcomes
        if outcome.verdict in _UNEXPLAINED and outcome.address not in begun
    ]
    return "\n\n".join(filter(None, ["\n".join(kept).rstrip(), *drafts])) + "\n"


def _draft(outcome: Outcome) -> Iterator[str]:
    yield f"{outcome.address}:"
    yield "  reason: '?'  # read the section; then clause, who (us or target) and link instead"
    if outcome.requirements:
        first = outcome.requirements[0]
        yield f"  # {harmless(f'{first.level}: {first.text}')}"
        if first.rfc.isdigit():  # what is only custom has no section
            yield f"  section: RFC {first.rfc} {first.section}"
    if outcome.surprise:
        yield f"  met: {_quoted(outcome.surprise.met)}"


def _quoted(text: str) -> str:
    """One line of YAML that is this text and nothing else."""
    line = harmless(text).replace("\n", " ").replace("'", "''")
    return f"'{line}'"
