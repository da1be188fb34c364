"""`smtp-harness explain`: what a case or a requirement is about, on one page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import click

from harness.cli.choosing import choose
from harness.cli.embedded import known_faults
from harness.reports.story import source_of
from harness.results import Grade
from harness.runner.judge import grade_of
from harness.runner.plan import selector_of
from harness.transcripts.catalogue import Catalogue, Entry
from harness.transcripts.model import Case
from harness.visible import harmless

WIDTH = 96
MET = (
    "Met, if every reply is one of those wanted, none is left over at the end, and what was "
    "delivered is octet for octet what the case says."
)
VERDICTS = {
    Grade.MUST: "fails, and so does the run",
    Grade.VULNERABILITY: "fails, and so does the run: an attacker can reach it",
    Grade.SHOULD: "is a warning, which fails the run only at --level should",
    Grade.DE_FACTO: "is a warning, which fails the run only at --level should",
    Grade.MAY: "is information",
}


@click.command(short_help="Tell what a case or requirement is about.")
@click.argument("name", metavar="ADDRESS|ID")
def explain(name: str) -> None:
    """Tell what a case is about: what it checks, how it is judged, what proves it, how it reads.

    ADDRESS is that of a case or a suite (smtp-harness list names them), ID that of a requirement
    in the catalogue, such as 5321-4.5.2-3.
    """
    entry = Catalogue.load().entries.get(name)
    pages = [_requirement(entry)] if entry else _cases(name)
    for line in _parted(pages):
        click.echo(harmless(line))


def _parted(pages: Iterable[Iterable[str]]) -> Iterator[str]:
    for number, page in enumerate(pages):
        if number:
            yield from ("", "-" * WIDTH, "")
        yield from page


def _requirement(entry: Entry) -> Iterator[str]:
    yield from _about(entry)
    yield ""
    yield f"  It concerns the {entry.role}; testing it takes: {entry.tier}."
    if entry.needs:
        yield f"  Needs: {', '.join(entry.needs)}."
    if entry.restates:
        yield f"  It says again what {entry.restates} says."
    if entry.controversial:
        yield from _wrapped(f"Where servers deviate: {entry.controversial}", "  ")
    yield ""
    cases = [case for suite in choose(()) for case in suite.cases if entry.id in case.checks]
    yield "  Cases that check it:" if cases else "  No case checks it yet."
    yield from (f"    {case.address}" for case in cases)


def _cases(name: str) -> list[Iterator[str]]:
    cases = [case for suite in choose([name]) for case in suite.cases]
    families = groupby(cases, key=lambda case: (case.at.path, case.suite, case.id))
    return [_family(list(rows)) for _, rows in families]


def _family(rows: Sequence[Case]) -> Iterator[str]:
    case = rows[0]
    address = case.address if len(rows) == 1 else f"{case.suite}/{case.id}"
    yield address
    yield f"  {case.title}"
    yield from _checks(rows)
    yield from _judged(case)
    yield from _section("Needs", [", ".join(case.needs)] if case.needs else [])
    yield from _section("Note", textwrap.wrap(case.note or "", WIDTH - 2))
    yield from _section("Proven by a server that lies", _lies(rows))
    yield from _section("Rows", _rows(rows) if len(rows) > 1 else [])
    yield from _written(case)
    selector = selector_of(replace(case, row=None) if len(rows) > 1 else case)
    yield from _section("Run it", [f"smtp-harness run -s {selector}"])


def _rows(rows: Sequence[Case]) -> list[str]:
    """The ids, and what tells the rows apart besides."""
    width = max(len(row.row or "") for row in rows)
    has_titles = len({row.title for row in rows}) > 1
    return [f"{row.row:<{width}}  {row.title if has_titles else ''}" for row in rows]


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield from ("", f"{title}:")
        yield from (f"  {line}".rstrip() for line in lines)


def _checks(rows: Sequence[Case]) -> Iterator[str]:
    entries = Catalogue.load().entries
    checks = dict.fromkeys(check for case in rows for check in case.checks)
    yield from _section("Checks", [line for check in checks for line in _about(entries[check])])


def _about(entry: Entry) -> Iterator[str]:
    yield f"{source_of(entry.rfc, entry.section, entry.level)} [{entry.id}]"
    yield from _wrapped(entry.requirement, "  ")
    yield from _wrapped(f"How: {entry.how}", "  ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH - 2, initial_indent=indent, subsequent_indent=indent)


def _judged(case: Case) -> Iterator[str]:
    grade = grade_of(case, Catalogue.load())
    lines = [
        *_wrapped(MET, ""),
        *_wrapped(f"Unmet, it {VERDICTS[grade]}. Its grade is {grade}.", ""),
        *(_wrapped(f"The author raised the grade: {case.why}.", "") if case.why else []),
    ]
    yield from _section("The verdict", lines)


def _lies(rows: Sequence[Case]) -> list[str]:
    faults = known_faults()
    lies = dict.fromkeys(case.caught_by for case in rows if case.caught_by)
    return [f"{lie}: {faults.get(lie, 'no lie of our reference server')}" for lie in lies]


def _written(case: Case) -> Iterator[str]:
    """The case as its author wrote it: from its hyphen to where the lines are indented less."""
    lines = Path(case.at.path).read_text("utf-8").splitlines()
    begin = case.at.line - 1
    if case.row is not None:  # the place is the row's: its case opens further up and further left
        margin = _margin(lines[begin])
        while not (lines[begin].lstrip().startswith("- ") and _margin(lines[begin]) < margin):
            begin -= 1
    end = begin + 1
    while end < len(lines) and (not lines[end] or _margin(lines[end]) > _margin(lines[begin])):
        end += 1
    text = textwrap.dedent("\n".join(lines[begin:end])).rstrip()
    yield from _section(f"As written, {case.at.path}:{begin + 1}", text.split("\n"))


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip())
