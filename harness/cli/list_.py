"""`smtp-harness list`: what there is to run, and how much of the RFCs it covers."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import click

from harness.cli.choosing import choose
from harness.errors import UsageError
from harness.transcripts.catalogue import Catalogue, Entry
from harness.transcripts.coverage import Coverage, is_for_dialogues
from harness.transcripts.coverage import coverage as coverage_of
from harness.transcripts.model import Suite
from harness.transcripts.untested import shipped_reasons
from harness.visible import harmless

NORMATIVE = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT")


@click.command("list", short_help="List suites, cases, and what they cover.")
@click.argument("selectors", metavar="[SUITE|FILE|ADDRESS]...", nargs=-1)
@click.option("--coverage", is_flag=True, help="How much of the catalogue has a case.")
@click.option("--missing", is_flag=True, help="What has none, and no reason why not.")
def list_(selectors: tuple[str, ...], coverage: bool, missing: bool) -> None:
    """List suites and their cases, all that we ship or those that are named.

    With --coverage: how many of the catalogue's distinct requirements have a case, by RFC, role,
    grade and tier (what it takes to test one); beside it, how many no dialogue can test, which
    suites/untested.yaml gives reasons for. With --missing: those that have neither.
    """
    if coverage and missing:
        raise UsageError("--coverage counts and --missing names: one at a time")
    suites = choose(selectors)
    if coverage or missing:
        found = coverage_of(suites, shipped_reasons(), Catalogue.load())
        lines = _coverage(found) if coverage else _missing(found)
    else:
        lines = _cases(suites)
    for line in lines:
        click.echo(harmless(line))


def _cases(suites: Sequence[Suite]) -> Iterator[str]:
    for suite in suites:
        yield f"{suite.id}  {suite.title}"
        for case in suite.cases:
            yield f"  {case.address:<48} {case.title}"
    count = sum(len(suite.cases) for suite in suites)
    yield ""
    yield f"{len(suites)} {'suite' if len(suites) == 1 else 'suites'}, " \
          f"{count} {'case' if count == 1 else 'cases'}"  # fmt: skip


def _coverage(found: Coverage) -> Iterator[str]:
    yield "Requirements of the catalogue with a case, + with a reason why not, of all distinct ones"
    for title, is_meant in _GROUPS:
        meant = [entry for entry in found.entries if is_meant(entry)]
        yield f"  {_share(meant, found)}  {title}"
    for title, key in _DIMENSIONS:
        yield ""
        yield f"by {title}"
        for value in Counter(map(key, found.entries)):
            of_value = [entry for entry in found.entries if key(entry) == value]
            yield f"  {_share(of_value, found)}  {value}"


def _share(entries: Sequence[Entry], found: Coverage) -> str:
    tested = sum(entry.id in found.tested for entry in entries)
    untested = sum(entry.id in found.untested for entry in entries)
    return f"{tested:4} {f'+ {untested}' if untested else '':5} of {len(entries):3}"


def _missing(found: Coverage) -> Iterator[str]:
    for entry in found.missing:
        yield f"{entry.id}  {entry.level}, {entry.role}"
        yield from textwrap.wrap(entry.requirement, 90, initial_indent="    ",
                                 subsequent_indent="    ")  # fmt: skip
    count = len(found.missing)
    yield f"{count} {'requirement' if count == 1 else 'requirements'} without a case or a reason"


_GROUPS: tuple[tuple[str, Callable[[Entry], bool]], ...] = (
    ("MUST and SHOULD", lambda entry: entry.level in NORMATIVE),
    ("of these, what dialogues can test (server, submission, lmtp; wire, tls-auth, readback)",
     lambda entry: entry.level in NORMATIVE and is_for_dialogues(entry)),
    ("MAY and de-facto", lambda entry: entry.level not in NORMATIVE),
)  # fmt: skip
_DIMENSIONS: tuple[tuple[str, Callable[[Entry], str]], ...] = (
    ("RFC", lambda entry: entry.rfc),
    ("role", lambda entry: entry.role),
    ("grade", lambda entry: entry.grade.value),
    ("tier", lambda entry: entry.tier),
)
