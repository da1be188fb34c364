"""`smtp-harness explain`: what a case or a requirement is about, on one page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.transcripts.catalogue import Entry
    from harness.transcripts.model import Case

WIDTH = 96
VERDICTS = {
    "MUST": "fails; the run's exit status is 1",
    "vulnerability": "fails, because an attacker can reach it; the run's exit status is 1",
    "SHOULD": "is a warning; with --level should it fails the run",
    "de-facto": "is a warning: custom, no standard's word; with --level should it fails the run",
    "MAY": "is information",
}


@click.command(short_help="Tell what a case or requirement is about.")
@click.argument("name", metavar="ADDRESS|ID")
def explain(name: str) -> None:
    """Tell what a case is about: what it checks, how it is judged, what proves it, how it reads.

    ADDRESS is that of a case or a suite (smtp-harness list names them), ID that of a requirement
    in the catalogue, such as 5321-4.5.2-3.
    """
    from harness.transcripts.catalogue import Catalogue

    entry = Catalogue.load().entries.get(name)
    pages = [_requirement(entry)] if entry else _cases(name)
    for line in _parted(pages):
        click.echo(line)


def _parted(pages: Iterable[Iterable[str]]) -> Iterator[str]:
    for number, page in enumerate(pages):
        if number:
            yield from ("", "-" * WIDTH, "")
        yield from page


def _requirement(entry: Entry) -> Iterator[str]:
    from harness.cli.choosing import choose

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
    from harness.cli.choosing import choose

    cases = [case for suite in choose([name]) for case in suite.cases]
    families = groupby(cases, key=lambda case: (case.at.path, case.suite, case.id))
    return [_family(list(rows)) for _, rows in families]


def _family(rows: Sequence[Case]) -> Iterator[str]:
    case = rows[0]
    address = case.address if len(rows) == 1 else f"{case.suite}/{case.id}"
    yield address
    yield f"  {case.title}"
    yield from _checks(case)
    yield from _judged(case)
    yield from _section("Needs", [", ".join(case.needs)] if case.needs else [])
    yield from _section("Note", textwrap.wrap(case.note or "", WIDTH - 4))
    yield from _proof(case)
    if len(rows) > 1:
        yield from _section("Rows", [f"{row.row}  {row.title}" for row in rows])
    yield from _written(case)
    yield from _section("Run it", [f"smtp-harness run -s {_selector(case, address)}"])


def _selector(case: Case, address: str) -> str:
    from harness.transcripts.loader import shipped_suites

    if Path(case.at.path).is_relative_to(shipped_suites()):
        return address
    return f"{case.at.path}::{address.removeprefix(f'{case.suite}/')}"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield from ("", f"{title}:")
        yield from (f"  {line}".rstrip() for line in lines)


def _checks(case: Case) -> Iterator[str]:
    from harness.transcripts.catalogue import Catalogue

    entries = Catalogue.load().entries
    lines = [line for check in case.checks for line in _about(entries[check])]
    yield from _section("Checks", lines)


def _about(entry: Entry) -> Iterator[str]:
    rfc = f"RFC {entry.rfc}" if entry.rfc.isdigit() else entry.rfc
    where = f"{rfc}, section {entry.section}" if entry.section else rfc
    yield f"{where} ({entry.level}) [{entry.id}]"
    yield from _wrapped(entry.requirement, "  ")
    yield from _wrapped(f"How: {entry.how}", "  ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH - 2, initial_indent=indent, subsequent_indent=indent)


def _judged(case: Case) -> Iterator[str]:
    from harness.runner.judge import grade_of

    grade = grade_of(case)
    said = f" ({case.why})" if case.why else ""
    lines = [
        "Met, if every reply is one of those wanted, nothing is left over at the end, and what was",
        "delivered is octet for octet what the case says.",
        f"Unmet, it {VERDICTS[grade]}. Its grade is {grade}{said}.",
    ]
    yield from _section("The verdict", lines)


def _proof(case: Case) -> Iterator[str]:
    from harness.cli.embedded import known_faults

    if case.caught_by is not None:
        what = known_faults().get(case.caught_by, "no lie of our reference server")
        yield from _section("Proven by a server that lies", [f"{case.caught_by}: {what}"])


def _written(case: Case) -> Iterator[str]:
    """The case as its author wrote it."""
    lines = Path(case.at.path).read_text("utf-8").splitlines()
    opens = re.compile(rf"(\s*)- id:\s*{re.escape(case.id)}\s*(#.*)?$")
    found = [(place, m[1]) for place, line in enumerate(lines) if (m := opens.match(line))]
    if not found:  # written in some other way: `- {id: ...}`
        return
    begin, margin = found[0]
    end = begin + 1
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith(f"{margin} ")):
        end += 1
    text = textwrap.dedent("\n".join(lines[begin:end])).rstrip()
    yield from _section(f"As written, {case.at.path}:{begin + 1}", text.split("\n"))
