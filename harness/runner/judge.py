"""Judging: unmet x grade is the verdict; everything else is no verdict about the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.results import Grade, Outcome, Requirement, Verdict
from harness.runner.endings import Played
from harness.runner.known import Deviation
from harness.transcripts.catalogue import Catalogue
from harness.transcripts.matching import spot
from harness.transcripts.model import Case

_VERDICTS = {
    Grade.MUST: Verdict.FAIL,
    Grade.VULNERABILITY: Verdict.FAIL,
    Grade.SHOULD: Verdict.WARN,
    Grade.DE_FACTO: Verdict.WARN,
    Grade.MAY: Verdict.INFO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a case weighs and what is known of it beforehand."""

    grade: Grade
    requirements: tuple[Requirement, ...] = ()
    deviation: Deviation | None = None
    replay: str = ""


def grade_of(case: Case, catalogue: Catalogue) -> Grade:
    """The grade that the author raised the case to, or that of the first entry it checks.

    The first, not the highest of all: the others are what the case touches besides.  A case that
    checks no entry weighs what everybody expects and no RFC says.
    """
    if case.grade:
        return Grade(case.grade)
    entries = [catalogue.entries[id] for id in case.checks if id in catalogue.entries]
    return entries[0].grade if entries else Grade.DE_FACTO


def requirements_of(case: Case, catalogue: Catalogue) -> tuple[Requirement, ...]:
    """What the case checks, as reports show it."""
    entries = (catalogue.entries[id] for id in case.checks if id in catalogue.entries)
    return tuple(
        Requirement(
            id=entry.id,
            level=entry.level,
            rfc=entry.rfc,
            section=entry.section,
            text=entry.requirement,
        )
        for entry in entries
    )


def judge(case: Case, played: Played, charge: Charge) -> Outcome:
    """The outcome of a case that was played."""
    verdict, reason = _verdict(played, charge)
    return _outcome(case, played, charge, verdict, reason)


def skipped(case: Case, reason: str, charge: Charge) -> Outcome:
    """The outcome of a case that is not played."""
    return _outcome(case, Played(), charge, Verdict.SKIP, reason)


def _verdict(played: Played, charge: Charge) -> tuple[Verdict, str]:
    known = charge.deviation
    if played.void:
        return Verdict.SKIP, played.void
    if played.trouble or played.busy:
        refused = "the start was refused: " if played.refused else ""
        return Verdict.ERROR, refused + (played.trouble or played.busy)
    if played.surprise is None:
        return (Verdict.FIXED, str(known)) if known else (Verdict.MET, "")
    return (Verdict.KNOWN, str(known)) if known else (_VERDICTS[charge.grade], "")


def _outcome(case: Case, played: Played, charge: Charge, verdict: Verdict, reason: str) -> Outcome:
    return Outcome(
        address=case.address,
        suite=case.suite,
        title=case.title,
        verdict=verdict,
        grade=charge.grade,
        requirements=charge.requirements,
        at=spot(case.at),
        surprise=played.surprise,
        reason=reason,
        notes=_once(played.notes),
        exchanges=played.exchanges,
        ports=played.ports,
        seconds=played.seconds,
        replay=charge.replay,
        caught_by=case.caught_by,
    )


def _once(notes: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(notes))
