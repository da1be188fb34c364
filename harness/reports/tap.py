"""The run in the Test Anything Protocol, version 13: a line a case, for whoever pipes.

An unmet case below the run's level is `ok` with its story, because TAP knows no third answer; a
known deviation is what TAP calls a TODO: `not ok`, and no failure.  Stories are comments: perl's
reader takes neither version 14 nor a YAML block with an empty line.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.reports.story import as_text, headline, short_story
from harness.results import Level, Outcome, RunResult, Verdict
from harness.visible import harmless


def to_tap(result: RunResult, *, level: Level | None = None) -> str:
    """The run as a TAP document."""
    lines = ["TAP version 13", f"1..{len(result.outcomes)}"]
    for number, outcome in enumerate(result.outcomes, 1):
        lines += _case(number, outcome, level or result.level)
    if result.interrupted:
        lines.append(f"Bail out! interrupted after {len(result.outcomes)} of {result.total} cases")
    return "\n".join(lines) + "\n"


def _case(number: int, outcome: Outcome, level: Level) -> Iterator[str]:
    passes = outcome.verdict is not Verdict.ERROR and not level.is_failed_by(outcome.verdict)
    word = "ok" if passes and outcome.verdict is not Verdict.KNOWN else "not ok"
    title = _escaped(f"{outcome.address}: {outcome.title}")
    yield f"{word} {number} - {title}{_directive(outcome)}"
    if outcome.verdict not in (Verdict.MET, Verdict.SKIP):
        yield from _diagnosis(outcome)


def _directive(outcome: Outcome) -> str:
    match outcome.verdict:
        case Verdict.SKIP:
            return f" # SKIP {_escaped(headline(outcome))}"
        case Verdict.KNOWN:
            return f" # TODO {_escaped(outcome.reason)}"
        case _:
            return ""


def _diagnosis(outcome: Outcome) -> Iterator[str]:
    for line in as_text(short_story(outcome)).splitlines():
        yield f"# {line}".rstrip()


def _escaped(text: str) -> str:
    """On one line, and without the mark that begins a directive."""
    return " ".join(harmless(text).split()).replace("\\", "\\\\").replace("#", "\\#")
