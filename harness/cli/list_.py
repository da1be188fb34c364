"""`smtp-harness list`: what there is to run, and how much of the RFCs it covers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import click

from harness.cli.choosing import choose
from harness.transcripts.catalogue import Catalogue, Entry
from harness.transcripts.model import Suite
from harness.visible import harmless

NORMATIVE = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT")


@click.command("list", short_help="List suites, cases, and what they cover.")
@click.argument("selectors", metavar="[SUITE|FILE|ADDRESS]...", nargs=-1)
@click.option("--coverage", is_flag=True, help="How much of the catalogue has a case.")
def list_(selectors: tuple[str, ...], coverage: bool) -> None:
    """List suites and their cases, all that we ship or those that are named.

    With --coverage: how many of the catalogue's distinct requirements have a case, by RFC, role,
    grade and tier (what it takes to test one).
    """
    suites = choose(selectors)
    for line in _coverage(suites) if coverage else _cases(suites):
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


def _coverage(suites: Sequence[Suite]) -> Iterator[str]:
    entries = Catalogue.load().entries
    checked = {check for suite in suites for case in suite.cases for check in case.checks}
    # A case about an entry that restates another one covers that one.
    checked |= {entries[check].restates or check for check in checked}
    distinct = [entry for entry in entries.values() if not entry.restates]
    yield "Requirements of the catalogue that have a case, of all distinct ones"
    for title, is_meant in _GROUPS:
        meant = [entry for entry in distinct if is_meant(entry)]
        yield f"  {_share(meant, checked)}  {title}"
    for title, key in _DIMENSIONS:
        yield ""
        yield f"by {title}"
        yield from _rows(distinct, checked, key)


def _rows(
    entries: Sequence[Entry], checked: set[str], key: Callable[[Entry], str]
) -> Iterator[str]:
    for value in Counter(map(key, entries)):
        of_value = [entry for entry in entries if key(entry) == value]
        yield f"  {_share(of_value, checked)}  {value}"


def _share(entries: Iterable[Entry], checked: set[str]) -> str:
    covered = [entry.id in checked for entry in entries]
    return f"{sum(covered):4} of {len(covered):3}"


_GROUPS: tuple[tuple[str, Callable[[Entry], bool]], ...] = (
    ("MUST and SHOULD", lambda entry: entry.level in NORMATIVE),
    ("MAY and de-facto", lambda entry: entry.level not in NORMATIVE),
)
_DIMENSIONS: tuple[tuple[str, Callable[[Entry], str]], ...] = (
    ("RFC", lambda entry: entry.rfc),
    ("role", lambda entry: entry.role),
    ("grade", lambda entry: entry.grade.value),
    ("tier", lambda entry: entry.tier),
)
