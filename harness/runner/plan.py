"""The plan of a run: which cases, which of them are skipped and why, what is known beforehand."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import UsageError
from harness.runner.judge import Charge, grade_of, requirements_of
from harness.runner.keywords import read_expression
from harness.runner.known import Deviation, deviation_of, read_known
from harness.runner.needs import missing
from harness.runner.settings import Settings
from harness.target import Target
from harness.transcripts.catalogue import Catalogue
from harness.transcripts.loader import shipped_suites
from harness.transcripts.model import Case, Suite

COMMAND = ("smtp-harness", "run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One case of a plan; `skip` is why it will not be played, if so."""

    case: Case
    charge: Charge
    skip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All cases of a run, in the order of the suites."""

    target: Target
    cases: tuple[Planned, ...]

    def with_cases(self, cases: Sequence[Planned], target: Target) -> Plan:
        """A plan with other cases, for another target."""
        return replace(self, cases=tuple(cases), target=target)


def make_plan(
    suites: Sequence[Suite],
    target: Target,
    settings: Settings,
    *,
    k: str = "",
    known: Path | None = None,
    catalogue: Catalogue | None = None,
) -> Plan:
    """The plan for these suites; raises UsageError if there is nothing in it.

    `known` stands in for the file that the target names.
    """
    catalogue = catalogue or Catalogue.load()
    pick = read_expression(k) if k else None
    picked = [
        case
        for suite in suites
        for case in suite.cases
        if pick is None or pick(f"{case.address} {case.title}")
    ]
    if not picked:
        raise UsageError(f"no case is selected{f' by -k {k!r}' if k else ''}")
    path = known or target.known
    deviations = read_known(path) if path else {}
    cases = tuple(_planned(case, target, settings, deviations, catalogue) for case in picked)
    if any("auth" in it.case.needs and not it.skip for it in cases) or "auth" in target.always:
        _check_password(target)
    return Plan(target=target, cases=cases)


def _planned(
    case: Case,
    target: Target,
    settings: Settings,
    deviations: Mapping[str, Deviation],
    catalogue: Catalogue,
) -> Planned:
    charge = Charge(
        grade=grade_of(case, catalogue),
        requirements=requirements_of(case, catalogue),
        deviation=deviation_of(case, deviations),
        replay=shlex.join(_replay(case, target, settings)),
    )
    skip = _left_out(case, target) or missing(case, target, settings)
    return Planned(case=case, charge=charge, skip=skip)


def _left_out(case: Case, target: Target) -> str:
    found = next(filter(case.is_below, target.leave_out), None)
    return "" if found is None else f"the target leaves out {found}"


def _replay(case: Case, target: Target, settings: Settings) -> Iterator[str]:
    """The command that runs just this case again, under the same settings."""
    yield from (*COMMAND, *target.arguments, "-s", selector_of(case))
    if settings.segment != "whole":
        yield from ("--segment", settings.segment)
    if settings.as_written:
        yield "--as-written"
    if settings.slow:
        yield "--slow"


def selector_of(case: Case) -> str:
    """What `-s` calls a case: its address, and if the suite is the user's own, the file's too."""
    if Path(case.at.path).is_relative_to(shipped_suites()):
        return case.address
    return f"{case.at.path}::{case.address.removeprefix(f'{case.suite}/')}"


def _check_password(target: Target) -> None:
    """Whether the password is where it should be: better now than in the middle of a run."""
    if target.login is None:
        raise UsageError("the target demands a log-in (`always: [auth]`) and names none")
    target.login.password.reveal()
