"""The run as Markdown: for a pull request, and for a step's summary on GitHub.

What fails comes first, each case with its dialogue folded away.  A comment may have 65,536
characters there, so stories that would not fit are named and counted instead.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from harness.reports.story import as_text, headline, source_of, story
from harness.reports.terminal import MEANINGS
from harness.results import Level, Outcome, RunResult, Verdict
from harness.visible import harmless

ROOM = 60_000  # characters, of the 65,536 that GitHub takes
LONG_STORY = 6_000
_TOLD = (Verdict.ERROR, Verdict.FAIL, Verdict.WARN, Verdict.FIXED, Verdict.INFO)


def to_markdown(result: RunResult, *, level: Level | None = None) -> str:
    """The run as GitHub's Markdown."""
    meant = level or result.level
    told = sorted(
        (outcome for outcome in result.outcomes if outcome.verdict in _TOLD),
        key=lambda outcome: (not meant.is_failed_by(outcome.verdict), _TOLD.index(outcome.verdict)),
    )
    head = "\n".join([*_summary(result, meant), *_table(told), ""])
    return head + _stories(told, ROOM - len(head))


def _summary(result: RunResult, level: Level) -> Iterator[str]:
    failing = sum(level.is_failed_by(outcome.verdict) for outcome in result.outcomes)
    state = "interrupted" if result.interrupted else "fails" if failing else "as it should be"
    if not failing and result.tally[Verdict.ERROR]:
        state = "not wholly judged"
    yield f"## smtp-harness: {inline(result.target)} {state}"
    yield ""
    yield f"{result.judged} of {result.total} cases judged in {result.seconds:.1f} s" + (
        f"; it greeted us with {_code(result.greeting)}" if result.greeting else ""
    )
    yield ""
    yield "| cases | verdict | |"
    yield "| --: | --- | --- |"
    for verdict, count in result.tally.items():
        if count:
            yield f"| {count} | {verdict.value} | {inline(MEANINGS[verdict])} |"
    yield ""


def _table(told: Sequence[Outcome]) -> Iterator[str]:
    if not told:
        return
    yield "| verdict | case | what a right server does | wanted, met |"
    yield "| --- | --- | --- | --- |"
    for shown, outcome in enumerate(told):
        if shown == 100:
            yield f"| | and {len(told) - shown} more | | |"
            return
        yield (
            f"| {outcome.verdict.value} | {_code(outcome.address)} | {inline(outcome.title)} "
            f"| {inline(_short(headline(outcome)))} |"
        )
    yield ""


def _stories(told: Sequence[Outcome], room: int) -> str:
    text = ""
    for place, outcome in enumerate(told):
        more = _story(outcome)
        if len(text) + len(more) > room:
            rest = len(told) - place
            return f"{text}\n{rest} more {'story' if rest == 1 else 'stories'} left out.\n"
        text += more
    return text


def _story(outcome: Outcome) -> str:
    whole = as_text(story(outcome))
    cut = whole if len(whole) <= LONG_STORY else f"{whole[:LONG_STORY]}\n..."
    sources = "; ".join(source_of(it.rfc, it.section, it.level) for it in outcome.requirements)
    head = f"{outcome.address} ({sources})" if sources else outcome.address
    return (
        f"\n<details><summary>{inline(head)}</summary>\n\n"
        f"<pre>{html.escape(cut)}</pre>\n</details>\n"
    )


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}..."


def inline(text: str) -> str:
    """Text that is only text: no markup, no mention of a user, no new cell of a table."""
    plain = " ".join(harmless(text).split())
    escaped = html.escape(plain, quote=False)
    return "".join(f"&#{ord(char)};" if char in "\\`*_{}[]#|~@!" else char for char in escaped)


def _code(text: str) -> str:
    return f"<code>{inline(text)}</code>"
