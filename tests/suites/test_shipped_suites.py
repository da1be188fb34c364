"""The suites that we ship: what holds for all of them, and what the textbook says to the letter."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from harness.documents import Complaints
from harness.protocol.transparency import END
from harness.runner.known import read_deviations
from harness.transcripts.catalogue import Catalogue
from harness.transcripts.loader import find_suites, load_suite, shipped_suites
from harness.transcripts.model import Case
from harness.transcripts.steps import Expect, Write
from harness.transcripts.variables import Values
from harness.transcripts.wants import Template
from reference_server.lies import LIES

PATHS = find_suites(shipped_suites())
CASES = [case for path in PATHS for case in load_suite(path).cases]

TEXTBOOK = b"""HELO crepes.fr
MAIL FROM: <alice@crepes.fr>
RCPT TO: <bob@hamburger.edu>
DATA
Do you like ketchup?
How about pickles?
.
QUIT
"""


def the_case(address: str) -> Case:
    """The one with this address."""
    return next(case for case in CASES if case.address == address)


def said(case: Case) -> bytes:
    """All that the client says, with the words that `names:` exchanges as they are written."""
    lines = (line for step in case.steps if isinstance(step, Write) for line in step.lines)
    return b"".join(
        piece if isinstance(piece, bytes) else getattr(piece, "written", None) or b"{...}"
        for line in lines
        for piece in line.octets.pieces
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.address)
def test_every_case_names_the_lie_that_must_trip_it(case: Case) -> None:
    assert case.caught_by in LIES


def test_every_lie_is_told_for_some_case() -> None:
    assert LIES.keys() - {case.caught_by for case in CASES} == set()


def test_the_first_forty_requirements_are_all_checked() -> None:
    entries = Catalogue.load().entries.values()
    first = {entry.id for entry in entries if entry.first_suite is not None}
    assert len(first) == 40
    assert first <= {id for case in CASES for id in case.checks}


def test_a_file_is_named_like_its_suite() -> None:
    for path in PATHS:
        folder, section = load_suite(path).id.split("/")
        assert path.parent.name == folder
        assert path.name.startswith(section)


def test_every_case_says_what_it_checks() -> None:
    assert [case.address for case in CASES if not case.checks] == []


def test_the_textbook_is_spoken_verbatim() -> None:
    case = the_case("textbook/dialogue/alice-to-bob")
    assert said(case) == TEXTBOOK.replace(b"\n", b"\r\n")


def test_the_textbook_in_every_word_is_the_same_dialogue() -> None:
    path = Path(__file__).parent.parent / "data" / "textbook-exact.smtp.yaml"
    (exact,) = load_suite(path).cases
    assert said(exact) == said(the_case("textbook/dialogue/alice-to-bob"))
    expected = [step for step in exact.steps if isinstance(step, Expect)]
    assert all(step.checks for step in expected), "each reply's text is compared"


def test_the_attachment_decodes_to_all_256_octets() -> None:
    content = said(the_case("textbook/dialogue/attachment"))
    part = content.partition(b"Content-Transfer-Encoding: base64\r\n\r\n")[2]
    encoded = part.partition(b"\r\n--ketchup--")[0]
    assert base64.b64decode(encoded) == bytes(range(256))
    assert max(map(len, encoded.split(b"\r\n"))) <= 76


def test_no_false_end_of_the_text_holds_the_true_one() -> None:
    cases = [case for case in CASES if case.address.startswith("smuggling/end-of-data/")]
    values = Values({"token": "t" * 24, "recipient": "b@x.test", "over_size": "1000"})
    hidden = b"RCPT"
    for case in cases:
        if "mark" in case.values:
            texts = (case.values.get("before", Template((b"The end?",))), case.values["mark"])
            text = b"".join(map(values.render, texts)) + hidden
            assert END not in b"\r\n" + text, case.address


TARGETS = sorted((Path(__file__).parent.parent.parent / "ci" / "targets").glob("*/known.yaml"))


@pytest.mark.parametrize("path", TARGETS, ids=lambda path: path.parent.name)
def test_what_real_servers_do_otherwise_is_written_down_whole(path: Path) -> None:
    """Section, clause, octets, who and link of each, and no case that is not there any more."""
    complaints = Complaints()
    assert read_deviations(path, complaints, {case.address for case in CASES})
    assert [str(complaint) for complaint in complaints] == []
