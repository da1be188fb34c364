"""The table of the page: a row for each requirement, a cell for each run, as values.

A cell's word is that of its worst case, and says how much weighs what was not met, also where the
deviation is known: who compares servers wants to know what they do, not what we have written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.results import Grade, Outcome, Requirement, RunResult, Verdict

# The word of a cell, and which of a cell's outcomes gives it: the worst comes first.
FAIL, ERROR, WARN, INFO, MET, SKIP = WORDS = ("fail", "error", "warn", "info", "met", "skip")
NONE = ""  # the run had no such case

_UNMET = {
    Grade.MUST: FAIL,
    Grade.VULNERABILITY: FAIL,
    Grade.SHOULD: WARN,
    Grade.DE_FACTO: WARN,
    Grade.MAY: INFO,
}
_PLAIN = {Verdict.MET: MET, Verdict.FIXED: MET, Verdict.SKIP: SKIP, Verdict.ERROR: ERROR}


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of a requirement on one server."""

    word: str
    known: bool = False  # every case that gives the word is a known deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One requirement, or a case that names none; `cases` are indices into the table's."""

    requirement: Requirement | None
    title: str
    level: str
    cases: tuple[int, ...]
    cells: tuple[Cell, ...]  # one a run


@dataclass(frozen=True, slots=True)
class Played:
    """One case, and its outcome in each run that had it."""

    address: str
    outcomes: tuple[Outcome | None, ...]

    @property
    def outcome(self) -> Outcome:
        """The first that there is: title and requirements are the same in all."""
        return next(outcome for outcome in self.outcomes if outcome is not None)


@dataclass(frozen=True, slots=True)
class Table:
    """All rows by RFC, and the cases that they stand for."""

    rows: Mapping[str, tuple[Row, ...]]  # "RFC 5321" -> its rows, in the order of sections
    cases: tuple[Played, ...]


def table_of(runs: Sequence[RunResult]) -> Table:
    """The table of these runs."""
    by_run = [{outcome.address: outcome for outcome in run.outcomes} for run in runs]
    addresses = dict.fromkeys(address for outcomes in by_run for address in outcomes)
    cases = tuple(
        Played(address, tuple(outcomes.get(address) for outcomes in by_run))
        for address in addresses
    )
    return Table(_rows(cases), cases)


def word_of(outcome: Outcome) -> str:
    """The word of one outcome."""
    return _PLAIN.get(outcome.verdict) or _UNMET[outcome.grade]


def _rows(cases: Sequence[Played]) -> dict[str, tuple[Row, ...]]:
    of: dict[str, list[int]] = {}
    named: dict[str, Requirement] = {}
    for index, case in enumerate(cases):
        for requirement in case.outcome.requirements:
            named[requirement.id] = requirement
            of.setdefault(requirement.id, []).append(index)
    rows = [_row(named[id], [(n, cases[n]) for n in of[id]]) for id in sorted(of, key=_number)]
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: _section(row.requirement)):
        groups.setdefault(_group(row.requirement), []).append(row)
    groups["cases of no requirement"] = [
        _row(None, [(index, case)])
        for index, case in enumerate(cases)
        if not case.outcome.requirements
    ]
    return {name: tuple(rows) for name, rows in groups.items() if rows}


def _row(requirement: Requirement | None, cases: Sequence[tuple[int, Played]]) -> Row:
    columns = zip(*(case.outcomes for _, case in cases), strict=True)
    first = cases[0][1].outcome
    return Row(
        requirement=requirement,
        title=requirement.text if requirement else first.title,
        level=requirement.level if requirement else first.grade.value,
        cases=tuple(index for index, _ in cases),
        cells=tuple(_cell([it for it in column if it is not None]) for column in columns),
    )


def _cell(outcomes: Iterable[Outcome]) -> Cell:
    words = [(word_of(outcome), outcome) for outcome in outcomes]
    for word in WORDS:
        given = [outcome for found, outcome in words if found == word]
        if given:
            return Cell(word, all(outcome.verdict is Verdict.KNOWN for outcome in given))
    return Cell(NONE)


def _group(requirement: Requirement | None) -> str:
    rfc = requirement.rfc if requirement else ""
    return f"RFC {rfc}" if rfc.isdigit() else rfc


def _section(requirement: Requirement | None) -> tuple[object, ...]:
    """Drafts and customs after RFCs, those by number, sections as people count."""
    assert requirement is not None
    rfc = requirement.rfc
    number = (0, int(rfc), "") if rfc.isdigit() else (1, 0, rfc)
    return (*number, [_part(part) for part in requirement.section.split(".")])


def _part(part: str) -> tuple[int, int, str]:
    return (0, int(part), "") if part.isdigit() else (1, 0, part)


def _number(id: str) -> tuple[str, int]:
    """5321-4.2-10 after 5321-4.2-9."""
    stem, _, number = id.rpartition("-")
    return (stem, int(number)) if number.isdigit() else (id, 0)
