"""The run as GitHub's workflow commands: each unmet case marked at its line of the suite.

GitHub shows ten errors and ten warnings of a step, so what fails the run comes first, in one
command a case; the rest is in the summary (markdown.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.reports.story import as_text, headline, short_story
from harness.results import Level, Outcome, RunResult, Verdict
from harness.visible import harmless

_WARNS = frozenset({Verdict.FAIL, Verdict.WARN, Verdict.FIXED})  # where they do not fail the run


def to_github(result: RunResult, *, level: Level | None = None) -> str:
    """The commands, one a line; nothing at all where nothing is wrong."""
    meant = level or result.level
    commands = list(_commands(result, meant))
    return "".join(f"{line}\n" for line in sorted(commands, key=lambda line: line[:6] != "::erro"))


def _commands(result: RunResult, level: Level) -> Iterator[str]:
    for outcome in result.outcomes:
        if level.is_failed_by(outcome.verdict) or outcome.verdict is Verdict.ERROR:
            yield _command("error", outcome)
        elif outcome.verdict in _WARNS:
            yield _command("warning", outcome)


def _command(kind: str, outcome: Outcome) -> str:
    spot = outcome.surprise.at if outcome.surprise else outcome.at
    title = f"{outcome.address} ({outcome.verdict.value})"
    text = "\n".join([headline(outcome), as_text(short_story(outcome))])
    return command(kind, text, file=spot.path, line=str(spot.line), title=title)


def command(kind: str, text: str, **about: str) -> str:
    """An annotation: error, warning or notice, with what it is about."""
    told = ",".join(f"{name}={_property(harmless(value))}" for name, value in about.items())
    return f"::{kind} {told}::{_data(harmless(text))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
