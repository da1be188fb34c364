"""A load run as GitHub's workflow commands: an error for each promise that was not kept.

What makes the figures doubtful is a warning, the verdict of a run without errors a notice: who
looks at a green job wants to know how much it took.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.load_results import LoadResult
from harness.load_results.quantities import duration, rate
from harness.reports.github import command
from harness.reports.load.findings import Weight, findings
from harness.reports.load.verdict import CUT, verdict


def to_github(result: LoadResult) -> str:
    """The commands, one a line."""
    return "".join(f"{line}\n" for line in _commands(result))


def _commands(result: LoadResult) -> Iterator[str]:
    named = f"load '{result.profile}' against {result.target}"
    errors = [*_errors(result)]
    for what, found in errors:
        yield command("error", "\n".join([found, *_why(result)]), title=f"{named}: {what}")
    for finding in findings(result):
        if finding.weight is Weight.DOUBT:
            yield command("warning", finding.text, title=named)
    if not errors:
        yield command("notice", f"{verdict(result).title}; {_figures(result)}", title=named)


def _errors(result: LoadResult) -> Iterator[tuple[str, str]]:
    """What is wrong, and what was found: first what makes the rest worth little."""
    if result.exit_status == 3:
        yield "nothing was measured", verdict(result).title
    elif result.end in CUT:
        yield "it was cut short", CUT[result.end]
    for judged in result.thresholds:
        if not judged.met:
            yield judged.threshold, f"found {judged.found}"


def _why(result: LoadResult) -> Iterator[str]:
    return (it.text for it in findings(result) if it.weight is not Weight.NOTE)


def _figures(result: LoadResult) -> str:
    message = result.phases.get("message")
    slow = f", p99 {duration(message.percentile(99))}" if message and message.count else ""
    return f"{rate(result.rate)} accepted{slow}"
