"""pytest as a user meets it: suites are collected, played, and told as by `smtp-harness run`."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.cli.embedded import embedded

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
IS_INSTALLED = any(it.name == "smtp_harness" for it in entry_points(group="pytest11"))
OPTIONS = ["-p", "no:locust", "-p", "no:cacheprovider"]
OPTIONS += [] if IS_INSTALLED else ["-p", "smtp_harness_pytest"]

SUITE = """\
suite: mine/verdicts
title: One of each
cases:
  - id: greets
    title: It greets
    checks: [5321-4.2-3]
    dialogue: |
      S: 220

  - id: must
    title: It jumps
    checks: [5321-4.2-1]
    start: greeting
    dialogue: |
      C: JUMP
      S: 250

  - id: should
    title: It hops
    checks: [5321-3.3-6]
    start: greeting
    each:
      - {id: high, verb: HOP}
    dialogue: |
      C: {verb}
      S: 250

  - id: extended
    title: It knows what nobody knows
    checks: [5321-4.2-1]
    needs: [XNOBODY-KNOWS-IT]
    dialogue: |
      S: 220
"""


@pytest.fixture
def suite(pytester):
    path = pytester.path / "mine.smtp.yaml"
    path.write_text(SUITE)
    return path


def run(pytester, *words):
    return pytester.runpytest_inprocess(*OPTIONS, *map(str, words))


def target_file(target, folder):
    """The target as a file: what another process needs to know of it."""
    path = folder / "target.yaml"
    deliveries = ", ".join(f"{to}: {url!r}" for to, url in target.delivery.items() if to)
    path.write_text(
        f"address: {target.address}\ndomain: {target.domain}\n"
        f"recipients: [{', '.join(target.recipients)}]\n"
        f"unknown_recipient: {target.unknown_recipient}\ndelivery: {{{deliveries}}}\n"
        "tls: {verify: false}\n"
    )
    return path


def test_each_case_is_a_test_and_each_verdict_an_outcome(pytester, suite):
    done = run(pytester, "-rs")

    done.assert_outcomes(passed=2, failed=1, skipped=1)
    done.stdout.fnmatch_lines(["*does not offer XNOBODY-KNOWS-IT*"])


def test_a_failure_tells_the_same_story_as_run(pytester, suite):
    done = run(pytester)

    done.stdout.fnmatch_lines(
        [
            "FAIL mine/verdicts/must",
            "  It jumps",
            "  RFC 5321, section 4.2 (MUST) [[]5321-4.2-1[]]",
            "    --> *mine.smtp.yaml:16",
            "  16 | S: 250",
            "     | ^^^^^^ wanted 250",
            "*C: JUMP",
        ]
    )
    assert "Traceback" not in done.stdout.str()


def test_what_is_unmet_and_does_not_fail_is_told_at_the_end(pytester, suite):
    done = run(pytester)

    done.stdout.fnmatch_lines(
        ["*unmet, but not failed*", "WARN mine/verdicts/should/high: wanted 250, met 500*"]
    )


def test_at_level_should_a_warning_fails(pytester, suite):
    run(pytester, "--smtp-level", "should").assert_outcomes(passed=1, failed=2, skipped=1)


def test_cases_are_selected_as_tests_are(pytester, suite):
    run(pytester, "-k", "greets").assert_outcomes(passed=1, deselected=3)
    run(pytester, "-k", "jumps").assert_outcomes(failed=1, deselected=3)
    run(pytester, "-m", "smtp_should").assert_outcomes(passed=1, deselected=3)
    run(pytester, "--strict-markers", "mine.smtp.yaml::should/high").assert_outcomes(passed=1)


def test_a_test_stands_where_its_author_wrote_it(pytester, suite):
    run(pytester, "--junitxml=r.xml", "-o", "junit_family=xunit1")

    cases = list(ElementTree.parse(pytester.path / "r.xml").iter("testcase"))
    assert [case.get("line") for case in cases] == ["3", "9", "22", "27"]  # counted from 0
    assert cases[0].get("file") == "mine.smtp.yaml"
    properties = {it.get("name"): it.get("value") for it in cases[1].iter("property")}
    assert properties["smtp-verdict"] == "fail"
    assert properties["smtp-requirement"] == "5321-4.2-1"


def test_a_bad_file_is_a_collection_error_in_the_words_of_lint(pytester, suite):
    suite.write_text(SUITE.replace("title: It jumps", "tittle: It jumps"))

    done = run(pytester)

    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["error: unknown key 'tittle'*", "*^^^^^^"])
    assert "Traceback" not in done.stdout.str()


def test_a_target_is_played_as_it_is_named(pytester, suite):
    with embedded("no-unstuff") as target:
        named = target_file(target, pytester.path)
        done = run(pytester, ROOT / "suites/rfc5321/4.5.2-transparency.smtp.yaml",
                   "--smtp-target", named, "-k", "leading")  # fmt: skip

    assert done.parseoutcomes()["failed"] == 1  # of however many cases there are
    done.stdout.fnmatch_lines([f"*smtp-harness run {named} -s rfc5321/4.5.2/leading-dots"])


def test_a_target_that_is_not_there_is_an_error_without_a_traceback(pytester, suite):
    done = run(pytester, "--smtp-target", "127.0.0.1:1", "-k", "greets")

    done.assert_outcomes(failed=1, deselected=3)
    done.stdout.fnmatch_lines(["error: 127.0.0.1:1: nobody listens there*"])


@pytest.mark.parametrize("target", ["nowhere.yaml", "127.0.0.1:99999"])
def test_a_target_that_cannot_be_read_is_told_once(pytester, suite, target):
    done = run(pytester, "--smtp-target", target)

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert str(done.stderr).count("ERROR: --smtp-target: ") == 1


def test_a_run_without_suites_starts_nothing(pytester):
    pytester.makepyfile(
        "import sys\n"
        "def test_nothing_is_loaded():\n"
        "    assert not {'trio', 'locust', 'harness.cli.bench'} & set(sys.modules)\n"
    )

    words = [sys.executable, "-m", "pytest", *OPTIONS]
    done = subprocess.run(words, cwd=pytester.path, env=environment(), capture_output=True)

    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("shared", [False, True])
def test_the_shipped_suites_run_side_by_side(tmp_path, shared):
    suites = [ROOT / "suites/textbook", ROOT / "suites/rfc5321"]
    words = [sys.executable, "-m", "pytest", *OPTIONS, "-n2", "-q", "--rootdir", tmp_path, *suites]
    with embedded() as target:
        named = ["--smtp-target", target_file(target, tmp_path)] if shared else []
        done = subprocess.run(
            list(map(str, [*words, *named])), cwd=tmp_path, env=environment(), capture_output=True
        )

    assert done.returncode == 0, done.stdout.decode()
    assert b" passed" in done.stdout


def environment():
    return os.environ | {"PYTHONPATH": str(ROOT)}
