from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

SUITE = """\
suite: mine/proof
title: Mine
cases:
  - id: caught
    title: RSET is known
    checks: [5321-4.5.1-1]
    caught_by: no-rset
    start: hello
    dialogue: |
      C: RSET
      S: 250

  - id: asleep
    title: NOOP is known
    checks: [5321-4.5.1-1]
    caught_by: no-rset
    start: hello
    dialogue: |
      C: NOOP
      S: 250

  - id: nobody
    title: It greets
    checks: [5321-4.2-3]
    dialogue: |
      S: 220

  - id: wrong
    title: JUMP is known
    checks: [5321-4.5.1-1]
    caught_by: no-rset
    start: hello
    dialogue: |
      C: JUMP
      S: 250
"""


@pytest.fixture
def prove(invoke, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.smtp.yaml").write_text(SUITE)

    def prove(name, *words):
        return invoke("run", "--prove", "-s", f"mine.smtp.yaml{name}", *words)

    return prove


def test_a_case_that_tells_right_from_wrong_is_proven(prove):
    done = prove("::caught")

    assert done.exit_code == 0
    assert "proven mine/proof/caught: no-rset: wanted 250, met 502" in done.output
    assert "1 of 1 cases proven" in done.output


def test_the_proof_can_be_seen(prove):
    done = prove("::caught", "-v")

    assert "C: RSET" in done.output
    assert "S: 502" in done.output


def test_what_is_not_proven_is_told_with_what_was_said(prove):
    done = prove("")

    assert done.exit_code == 1
    assert "NOT PROVEN mine/proof/asleep: on no-rset it is met\n" in done.output
    assert "NOT PROVEN mine/proof/nobody: it names no lie: `caught_by:`\n" in done.output
    assert "NOT PROVEN mine/proof/wrong: on the honest server it is fail: wanted" in done.output
    assert "C: NOOP" in done.output
    assert "1 of 4 cases proven" in done.output


def test_a_proof_writes_no_report(prove):
    done = prove("::caught", "--json", "r.json")

    assert done.exit_code == 2
    assert "--prove is about our cases" in done.stderr
