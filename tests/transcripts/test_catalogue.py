"""The catalogue of requirements that the suites go by."""

from __future__ import annotations

import pytest

from harness.results import Grade
from harness.transcripts.catalogue import Catalogue, Entry


def test_every_requirement_is_there():
    entries = Catalogue.load().entries

    assert len(entries) == 961
    assert entries["5321-4.5.2-3"] == Entry(
        id="5321-4.5.2-3", rfc="5321", section="4.5.2", level="MUST", role="server",
        area="transparency", basis="prose", tier="readback", needs=("local-rcpt", "delivery"),
        requirement="A leading period followed by other characters is removed.",
        how=entries["5321-4.5.2-3"].how, source="rfc-text", first_suite=25,
    )  # fmt: skip


def test_the_first_forty_are_all_there():
    ranks = [entry.first_suite for entry in Catalogue.load().entries.values()]

    assert sorted(rank for rank in ranks if rank is not None) == list(range(1, 41))


def test_every_entry_has_a_grade_and_repeats_one_that_exists():
    entries = Catalogue.load().entries

    for entry in entries.values():
        assert entry.grade in Grade
        assert entry.restates is None or entry.restates in entries


@pytest.mark.parametrize(("id", "grade"), [
    ("5321-4.5.2-3", Grade.MUST),
    ("5321-4.1.1.4-5", Grade.MUST),
    ("5321-3.3-6", Grade.SHOULD),
    ("5321-3.3-14", Grade.MAY),
    ("DF-smuggling-1", Grade.DE_FACTO),
])  # fmt: skip
def test_grades_by_level(id, grade):
    assert Catalogue.load().entries[id].grade is grade


def test_what_we_only_derived_never_fails_a_server():
    derived = [it for it in Catalogue.load().entries.values() if it.basis == "derived"]

    assert derived
    assert all(it.grade in (Grade.SHOULD, Grade.MAY) for it in derived)


def test_the_words_of_needs():
    assert {"local-rcpt", "delivery", "tls", "ext:SIZE"} <= Catalogue.load().needs


def test_it_is_read_once():
    assert Catalogue.load() is Catalogue.load()


def test_a_catalogue_may_be_anywhere(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(
        "- {id: a-1, rfc: a, section: 1, level: MUST, role: server, area: x, basis: prose, "
        "requirement: R, how: H, needs: [], tier: wire, source: [x]}"
    )

    (entry,) = Catalogue.read(path).entries.values()

    assert (entry.id, entry.source, entry.controversial) == ("a-1", "", None)


def test_a_file_that_lists_nothing_has_no_entries(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a: b")

    assert Catalogue.read(path).entries == {}
