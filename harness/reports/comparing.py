"""Two runs compared, as lines for people: what broke first, each case with before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.reports.markdown import inline
from harness.reports.story import headline
from harness.results import RunResult, Verdict
from harness.results.comparison import Change, Compared, Comparison
from harness.visible import one_line

FEW = 20  # of what nobody has to act upon
_HEADS = {
    Change.BROKE: "broke",
    Change.UNJUDGED: "no longer judged",
    Change.FIXED: "fixed",
    Change.DIFFERS: "unmet as before, but otherwise",
    Change.NEW: "new",
    Change.GONE: "gone",
    Change.JUDGED: "judged now",
}
_ACTED_UPON = (Change.BROKE, Change.UNJUDGED)


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """The comparison for a terminal."""
    yield f"old: {_run(comparison.old)}"
    yield f"new: {_run(comparison.new)}"
    for change, head in _HEADS.items():
        cases = comparison.of(change)
        if cases:
            yield ""
            yield f"{len(cases)} {head}"
            yield from _some(change, [f"  {_told(case)}" for case in cases])
    yield ""
    yield _summary(comparison)


def comparison_markdown(comparison: Comparison) -> Iterator[str]:
    """The comparison as Markdown, for a pull request."""
    yield f"## smtp-harness: {_summary(comparison)}"
    for change, head in _HEADS.items():
        cases = comparison.of(change)
        if cases:
            yield ""
            yield f"**{len(cases)} {head}**"
            yield ""
            yield from _some(change, [f"- {inline(_told(case))}" for case in cases])


def _some(change: Change, lines: Sequence[str]) -> Iterator[str]:
    shown = len(lines) if change in _ACTED_UPON else FEW
    yield from lines[:shown]
    if len(lines) > shown:
        yield f"  and {len(lines) - shown} more"


def _run(run: RunResult) -> str:
    cut = ", interrupted" if run.interrupted else ""
    judged = f"{run.judged} of {run.total} judged"
    return one_line(f"{run.target} at {run.started}, {judged}{cut}")


def _told(case: Compared) -> str:
    outcome = case.outcome
    if case.old is None or case.new is None:
        verdicts = outcome.verdict.value
    else:
        verdicts = f"{case.old.verdict.value} -> {case.new.verdict.value}"
    told = "" if outcome.verdict in (Verdict.MET, Verdict.FIXED) else f": {headline(outcome)}"
    return one_line(f"{outcome.address}  {verdicts}{told}")


def _summary(comparison: Comparison) -> str:
    counts = {change: len(comparison.of(change)) for change in Change}
    words = [f"{counts[change]} {_HEADS[change]}" for change in _HEADS if counts[change]]
    same = f"{counts[Change.SAME]} as before"
    return ", ".join([*words, same]) if words else f"nothing changed, {same}"
