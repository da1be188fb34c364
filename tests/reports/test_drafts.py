"""Drafts of known deviations: what a run adds to a file, and that a draft is no knowledge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.documents import DocumentError
from harness.reports.drafts import with_drafts
from harness.runner.known import read_known
from tests.reports.outcomes import ATTACKED, FAIL, INFO, KNOWN, ONE_OF_EACH, WARN, a_run

DRAFT = """\
rfc5321/3.3/rcpt-first:
  reason: '?'  # read the section; then clause, who (us or target) and link instead
  # MUST: RCPT without a preceding MAIL is refused with 503.
  section: RFC 5321 3.3
  met: '250 2.1.5 ok'
"""
EXPLAINED = """\
# what we know

rfc5321/4.1.4/ehlo-resets:
  section: RFC 5321 4.1.4
  clause: An EHLO command MAY be issued by a client later in the session.
  met: 503 5.5.1 Already identified
  who: target
  link: none
"""


def test_a_deviation_is_drafted():
    assert with_drafts("", a_run(FAIL)) == DRAFT


@pytest.mark.parametrize("outcome", [WARN, INFO])
def test_what_fails_no_run_is_drafted_too(outcome):
    assert with_drafts("", a_run(outcome)) == DRAFT


def test_what_is_met_known_skipped_or_in_error_is_not_drafted():
    others = [
        it for it in ONE_OF_EACH if it.verdict not in (FAIL.verdict, WARN.verdict, INFO.verdict)
    ]

    assert with_drafts(EXPLAINED, a_run(*others)) == EXPLAINED
    assert KNOWN in others


def test_what_stands_there_stays_and_drafts_follow_it():
    assert with_drafts(EXPLAINED, a_run(FAIL)) == f"{EXPLAINED}\n{DRAFT}"
    assert with_drafts("# nothing yet\n{}\n", a_run(FAIL)) == f"# nothing yet\n\n{DRAFT}"


def test_a_draft_that_stands_there_is_not_written_twice():
    assert with_drafts(DRAFT, a_run(FAIL)) == DRAFT


def test_what_is_only_custom_has_no_section():
    custom = replace(FAIL.requirements[0], rfc="de-facto", section="smuggling")

    assert "section:" not in with_drafts("", a_run(replace(FAIL, requirements=(custom,))))


def test_a_draft_explains_nothing_until_somebody_does(tmp_path):
    path = tmp_path / "known.yaml"
    path.write_text(with_drafts("", a_run(replace(ATTACKED, address="a/b"))))

    with pytest.raises(DocumentError, match="a reason is a section, the clause, what was met"):
        read_known(path)

    path.write_text(
        path.read_text().replace("  reason: '?'", "  clause: c\n  who: us\n  link: none")
    )
    assert read_known(path)["a/b"].section == "RFC 5321 3.3"
