"""All that is wrong in many suites, in one go; whatever the file, no traceback."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from harness.documents import DocumentError, render
from harness.transcripts.linting import lint
from harness.transcripts.loader import find_suites, load_suite, shipped_suites
from harness.transcripts.model import Role
from tests.transcripts.written import CATALOGUE, read, wrap

DATA = Path(__file__).parent.parent / "data"


def test_our_suites_have_nothing_wrong():
    assert [render(it) for it in lint(find_suites(shipped_suites()))] == []


def test_the_cases_of_later_parse_already():
    assert [render(it) for it in lint(find_suites(DATA))] == []


def test_all_hard_cases_are_there():
    cases = load_suite(DATA / "later" / "hard-cases.smtp.yaml").cases

    assert len({case.id for case in cases}) == 17
    assert {case.role for case in cases} == set(Role)


def test_all_files_are_read_and_all_their_mistakes_told(tmp_path):
    one, two = tmp_path / "one.smtp.yaml", tmp_path / "two.smtp.yaml"
    one.write_text(wrap("C: {nix}\nS: 25"))
    two.write_text(wrap("C: a\\r", "caught_by: no-unstuf").replace("suite: s", "suite: t"))

    found = lint([one, tmp_path / "nowhere", two], lies=["no-unstuff"], catalogue=CATALOGUE)

    assert [(Path(it.at.path).name, it.at.line, it.warning) for it in found] == [
        ("one.smtp.yaml", 5, False),
        ("one.smtp.yaml", 6, False),
        ("nowhere", 0, False),
        ("two.smtp.yaml", 4, False),
        ("two.smtp.yaml", 6, True),
    ]


def test_no_address_names_two_cases(tmp_path):
    one, two = tmp_path / "one.smtp.yaml", tmp_path / "two.smtp.yaml"
    for path in (one, two):
        path.write_text(wrap("C: NOOP"))

    assert [it.sentence for it in lint([one, two], catalogue=CATALOGUE)] == [
        f"the address 's/a' is taken (by a case in {one})"
    ]


WHOLE = """\
suite: rfc5321/4.5.2
titel: Transparency
cases:
  - id: leading-dots
    checks: [must-11]
    dialogue: |
      C: RCPT TO:<{recipent}>
      S: 25O
        bset 501
"""


def test_a_mistake_is_shown_in_its_line_with_a_caret_and_the_nearest_word():
    _, complaints = read(WHOLE, path="suites/x.smtp.yaml")

    assert (
        "\n\n".join(map(render, complaints))
        == """\
error: unknown key 'titel' (did you mean 'title'?)
 --> suites/x.smtp.yaml:2:1
  |
2 | titel: Transparency
  | ^^^^^

error: unknown catalogue id 'must-11' (did you mean 'must-1'?)
 --> suites/x.smtp.yaml:5:14
  |
5 |     checks: [must-11]
  |              ^^^^^^^

error: unknown variable 'recipent' (did you mean 'recipient'?)
 --> suites/x.smtp.yaml:7:19
  |
7 |       C: RCPT TO:<{recipent}>
  |                   ^^^^^^^^^^

error: '25O' is no reply (a reply is a code such as 250, a class such as 4xx or 55x, any, or close)
 --> suites/x.smtp.yaml:8:10
  |
8 |       S: 25O
  |          ^^^

error: unknown modifier 'bset' (did you mean 'best'?)
 --> suites/x.smtp.yaml:9:9
  |
9 |         bset 501
  |         ^^^^"""
    )


FILES = {
    "not UTF-8": (b"suite: s\ncases: \xff\n", "not UTF-8: octet 0xff"),
    "too large": (b"suite: s\n" + b"#" * 5_000_000, "larger than 4,194,304 octets"),
    "an alias bomb": (b"a: &a [x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", "an alias, '*a'"),
    "a tab": (b"suite: s\ncases:\n\t- id: a\n", "a tab in the indentation"),
    "no YAML": (b"suite: s: t\n", "not YAML: mapping values are not allowed"),
    "nothing": (b"", "the file is empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "not UTF-8: octet 0x89"),
    "a message": (b"From: a@b\r\nSubject: x\r\n\r\nHello\r\n", "not YAML: could not find"),
}


@pytest.mark.parametrize(("octets", "words"), FILES.values(), ids=FILES)
def test_whatever_a_file_holds_there_is_a_complaint(tmp_path, octets, words):
    path = tmp_path / "x.smtp.yaml"
    path.write_bytes(octets)

    assert any(words in it.message for it in lint([path], catalogue=CATALOGUE))
    with pytest.raises(DocumentError, match=r"x.smtp.yaml"):
        load_suite(path, CATALOGUE)


@pytest.mark.slow
def test_a_file_may_break_off_anywhere():
    text = (DATA / "later" / "hard-cases.smtp.yaml").read_text()

    for cut in range(0, len(text), 41):
        for complaint in read(text[:cut])[1]:
            assert render(complaint)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_file_may_be_broken_anyhow(seed):
    chance = random.Random(seed)
    lines = (DATA / "later" / "hard-cases.smtp.yaml").read_text().split("\n")
    odd = ["{", "}", "|", "?", ":", "  ", "\t", "C:", "S:", "*", "on ", "{fill 3}", "\\", "\x01",
           "'", '"', "[", "&a", "*a", "- ", "close", "(x)", "\n", "#", "é", "\u2028"]  # fmt: skip

    for _ in range(40):
        broken = lines[:]
        for _ in range(3):
            at = chance.randrange(len(broken))
            column = chance.randint(0, len(broken[at]))
            end = column + chance.randint(0, 3)
            broken[at] = broken[at][:column] + chance.choice(odd) + broken[at][end:]
        for complaint in read("\n".join(broken))[1]:
            assert render(complaint)
