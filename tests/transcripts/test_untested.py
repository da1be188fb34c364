"""Reasons for requirements without a case, and what counts as covered."""

from __future__ import annotations

import pytest

from harness.documents import Complaints
from harness.transcripts.catalogue import Catalogue
from harness.transcripts.coverage import coverage, is_for_dialogues
from harness.transcripts.loader import find_suites, load_suite, shipped_suites
from harness.transcripts.untested import read_untested, shipped_reasons

SUITES = [load_suite(path) for path in find_suites(shipped_suites())]
# Raised with every suite that covers more, never lowered: MUST and SHOULD that dialogues can test.
FLOOR = 443


def read(tmp_path, text: str) -> tuple[dict[str, str], list[str]]:
    path = tmp_path / "untested.yaml"
    path.write_text(text)
    complaints = Complaints()
    found = read_untested(path, complaints, Catalogue.load())
    return found, [f"{it.at.line}: {it.sentence}" for it in complaints]


def test_reasons_by_the_id_of_what_they_are_about(tmp_path):
    text = "- id: 5321-2.4-9\n  why: It permits.\n- id: 5321-4.2-1\n  why: So be it.\n"

    assert read(tmp_path, text) == ({"5321-2.4-9": "It permits.", "5321-4.2-1": "So be it."}, [])


@pytest.mark.parametrize(("text", "complaint"), [
    ("id: x\n", "1: what is untested is a list of `id:` and `why:`"),
    ("- id: 5321-9.9-9\n  why: so\n", "1: there is no requirement '5321-9.9-9' in the catalogue"),
    ("- id: 5321-2.4-9\n", "1: an entry has no 'why'"),
    ("- why: so\n", "1: an entry has no 'id'"),
    ("- words\n", "1: an entry must be a mapping: `key: value` lines"),
    ("- id: 5321-2.4-9\n  why: a\n- id: 5321-2.4-9\n  why: b\n", "3: 5321-2.4-9 has its reason"),
    ("- id: 5321-2.4-9\n  why: a\n  wy: b\n", "3: unknown key 'wy'"),
    ("- id: [\n", "2: "),
])  # fmt: skip
def test_mistakes_are_told_with_their_line(tmp_path, text, complaint):
    complaints = read(tmp_path, text)[1]

    assert any(complaint in told for told in complaints), complaints


def test_nothing_is_both_tested_and_untestable():
    checks = {check for suite in SUITES for case in suite.cases for check in case.checks}

    assert shipped_reasons().keys() & checks == set()


def test_coverage_never_falls():
    found = coverage(SUITES, shipped_reasons(), Catalogue.load())
    meant = {it.id for it in found.entries if is_for_dialogues(it) and it.level.isupper()}
    meant -= {it.id for it in found.entries if it.level == "MAY"}

    assert len(meant) == 461
    assert len(meant & found.tested) >= FLOOR


def test_a_requirement_counts_once_in_however_many_rfcs_it_stands():
    catalogue = Catalogue.load()
    restating = next(entry for entry in catalogue.entries.values() if entry.restates)
    found = coverage([], {restating.restates or "": "It cannot."}, catalogue)

    assert restating.id not in {entry.id for entry in found.entries}
    assert restating.restates not in {entry.id for entry in found.missing}
    assert len(found.missing) == sum(map(is_for_dialogues, found.entries)) - is_for_dialogues(
        catalogue.entries[restating.restates or ""]
    )
