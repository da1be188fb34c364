"""Linting: all that is wrong in many suites, without a server, in one go."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from harness.documents import Complaint, Complaints
from harness.transcripts.catalogue import Catalogue
from harness.transcripts.loader import read_suite
from harness.transcripts.model import Suite


def lint(
    paths: Iterable[Path],
    *,
    lies: Collection[str] | None = None,
    catalogue: Catalogue | None = None,
) -> list[Complaint]:
    """Every complaint about these suites, file by file, warnings too.

    `lies` are the names that `caught_by:` may hold; None leaves them unchecked.
    """
    known = catalogue or Catalogue.load()
    found: list[Complaint] = []
    suites = []
    for path in paths:
        complaints = Complaints()
        suite = read_suite(path, known, complaints, lies=lies)
        found += complaints
        suites += [suite] if suite else []
    return found + list(_repeated_addresses(suites))


def _repeated_addresses(suites: Iterable[Suite]) -> Complaints:
    """Two files may share a suite's id, but no address may name two cases."""
    complaints = Complaints()
    first: dict[str, Suite] = {}
    for suite in suites:
        for case in suite.cases:
            other = first.setdefault(case.address, suite)
            if other is not suite:
                complaints.add(case.at, f"the address {case.address!r} is taken",
                               f"by a case in {other.path}")  # fmt: skip
    return complaints
