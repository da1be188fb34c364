"""Known deviations: what must stand in their file, and which case each is about."""

from __future__ import annotations

import pytest

from harness.documents import Complaints, DocumentError
from harness.errors import UsageError
from harness.runner.known import deviation_of, read_deviations, read_known

FULL = """\
rfc5321/4.1.4/ehlo-resets:
  section: RFC 5321 4.1.4
  clause: An EHLO command MAY be issued by a client later in the session.
  met: 503 5.5.1 Already identified
  who: target
  link: https://example.test/issues/1
"""


@pytest.fixture
def known(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "known.yaml"
        path.write_text(text)
        return str(path)

    return write


def test_a_deviation_is_read(known):
    (deviation,) = read_known(known(FULL)).values()

    assert deviation.address == "rfc5321/4.1.4/ehlo-resets"
    assert deviation.section == "RFC 5321 4.1.4"
    assert (deviation.who, deviation.link) == ("target", "https://example.test/issues/1")
    assert deviation.at.line == 1


def test_nothing_may_be_known(known):
    assert read_known(known("{}  # nothing is known\n")) == {}


MISTAKES = {
    "no reason": (FULL.replace("  clause", "  note"), ["has no 'clause'", "unknown key 'note'"]),
    "a question mark": (FULL.replace("target", "'?'"), ["unknown who '?'"]),
    "nothing said": (FULL.replace("RFC 5321 4.1.4", "TODO"), ["'section' says nothing: 'TODO'"]),
    "reason: ?": ("a/b: {reason: '?'}\n", ["a reason is a section, the clause", "has no 'met'"]),
    "no mapping": ("- a/b\n", ["known deviations are a mapping from case addresses"]),
    "a bare word": ("a/b: yes\n", ["must be a mapping"]),
}


@pytest.mark.parametrize(("text", "words"), MISTAKES.values(), ids=MISTAKES)
def test_what_is_not_explained_is_not_known(known, text, words):
    with pytest.raises(DocumentError) as refusal:
        read_known(known(text))

    assert all(word in str(refusal.value) for word in words), str(refusal.value)


def test_a_missing_file_is_told():
    with pytest.raises(UsageError):
        read_known("nowhere/known.yaml")


def test_an_address_that_no_case_has_is_complained_of(known):
    addresses = ["rfc5321/4.1.4/ehlo-reset", "rfc5321/4.1.4/family/row"]
    complaints = Complaints()
    read_deviations(known(FULL), complaints, addresses)

    (complaint,) = complaints
    assert complaint.sentence == (
        "unknown case 'rfc5321/4.1.4/ehlo-resets' (did you mean 'rfc5321/4.1.4/ehlo-reset'?)"
    )


def test_a_whole_family_may_be_known(known):
    complaints = Complaints()
    path = known(FULL.replace("ehlo-resets", "family"))
    read_deviations(path, complaints, ["rfc5321/4.1.4/family/row"])

    assert not list(complaints)


def test_a_row_is_known_by_its_own_name_or_its_family_s(author, known):
    rows = "id: a\ntitle: x\nchecks: []\neach: [{id: b}, {id: c}]\ndialogue: |\n  S: 220"
    b, c = author.suite(rows).cases
    family = read_known(known(FULL.replace("rfc5321/4.1.4/ehlo-resets", "test/suite/a")))
    row = read_known(known(FULL.replace("rfc5321/4.1.4/ehlo-resets", "test/suite/a/b")))

    assert deviation_of(b, family)
    assert deviation_of(c, family)
    assert deviation_of(b, row)
    assert deviation_of(c, row) is None


def test_a_row_of_a_product_is_known_by_what_it_is_a_row_of_first(author, known):
    first, second = author.suite(
        "id: a\ntitle: x\nchecks: []\neach: t x u\ndialogue: |\n  S: 220",
        tables="tables: {t: [{id: b}, {id: c}], u: [{id: d}]}",
    ).cases
    row = read_known(known(FULL.replace("rfc5321/4.1.4/ehlo-resets", "test/suite/a/b")))

    assert (first.address, second.address) == ("test/suite/a/b/d", "test/suite/a/c/d")
    assert deviation_of(first, row)
    assert deviation_of(second, row) is None
