"""ci/run-suites judges a server that nobody here wrote, and takes every value for a value."""

from __future__ import annotations

import json
import stat
import xml.etree.ElementTree as ET

import pytest

from tests.ci.conftest import blocks

TARGET = "smtp-target.yaml"
WRONG = "rfc5321/4.4/received-added"  # aiosmtpd leaves the trace to its handlers
KNOWN = """\
{}:
  section: RFC 5321 4.4
  clause: it MUST insert trace ("time stamp" or "Received") information
  met: the message as it was sent
  who: us
  link: none
""".format
RECORDS = """\
#!/bin/sh
for word; do printf '%s\\0' "$word"; done >words
"""
HOSTILE = [
    "$(touch stolen)",
    "`touch stolen`",
    "'; touch stolen; '",
    '"; touch stolen; "',
    "a b  * ?",
    "one\ntwo",
    "--insecure",
    "\\n $HOME %s",
    "${{ github.token }}",
]


@pytest.mark.slow
def test_the_lines_of_the_docs_run_as_they_stand(repository):
    (lines,) = blocks("sh")

    done = repository.run("sh", "-ec", lines)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "13 of 13 cases judged" in done.stdout


@pytest.mark.slow
def test_what_is_unmet_fails_and_every_report_says_so(repository):
    summary = repository.folder / "summary-of-step"

    done = repository.run_suites(
        SMTP_TARGET=TARGET,
        SMTP_SUITES=f"{WRONG}\nrfc5321/4.5.2/leading-dots\n",
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(summary),
    )

    results = repository.folder / "smtp-results"
    assert done.returncode == 1, done.stdout + done.stderr
    stop, *told, error = done.stdout.splitlines()
    resume = f"::{stop.removeprefix('::stop-commands::')}::"
    assert told[-1] == resume
    assert told.count(resume) == 1
    assert error.startswith("::error ")
    assert WRONG in error
    assert WRONG in summary.read_text()
    assert "Received line at the beginning of the content" in (results / "page.html").read_text()
    assert f"{WRONG}:\n  reason: '?'" in (results / "drafts.yaml").read_text()
    assert len(ET.parse(results / "junit.xml").findall(".//failure")) == 1
    assert json.loads((results / "results.json").read_text())["tally"]["met"] == 1


@pytest.mark.slow
def test_what_is_known_fails_no_longer_and_what_is_fixed_only_where_that_is_wished(repository):
    (repository.folder / "smtp-known.yaml").write_text(KNOWN(WRONG))
    (repository.folder / "more.yaml").write_text(KNOWN(WRONG) + KNOWN("rfc5321/4.5.2/leading-dots"))
    both = {"SMTP_TARGET": TARGET, "SMTP_SUITES": f"{WRONG}\nrfc5321/4.5.2/leading-dots"}

    assert repository.run_suites(**both).returncode == 0
    assert repository.run_suites(**both, SMTP_KNOWN="more.yaml").returncode == 0
    strict = repository.run_suites(**both, SMTP_KNOWN="more.yaml", SMTP_STRICT="yes")
    assert strict.returncode == 1
    assert "fixed" in strict.stdout


def words_of(repository, **variables):
    """The words that the command was called with, and the exit status."""
    command = repository.folder / "command"
    command.write_text(RECORDS)
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    done = repository.run_suites(SMTP_HARNESS="./command", **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return (repository.folder / "words").read_text().split("\0")[:-1]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_stays_a_value(repository, value):
    before = {*repository.names, "command", "words", "smtp-results"}

    words = words_of(
        repository, SMTP_TARGET=value, SMTP_KNOWN=value, SMTP_LEVEL=value, SMTP_SUITES=value
    )

    assert words[-2:] == ["--", value]
    assert f"--known={value}" in words
    assert f"--level={value}" in words
    suites = [word for word in words if word.startswith("--suite=")]
    assert suites == [f"--suite={line}" for line in value.split("\n")]
    assert set(repository.names) == before


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_folder_of_results_is_just_a_folder(repository, value):
    words = words_of(repository, SMTP_TARGET=TARGET, SMTP_RESULTS=value)

    assert f"--json=./{value}/results.json" in words
    assert value in repository.names
    assert "stolen" not in repository.names


def test_only_a_file_that_says_how_is_started(repository):
    (repository.folder / "plain.yaml").write_text("address: 127.0.0.1:25\n# start: x\n")

    assert "--start" in words_of(repository, SMTP_TARGET=TARGET)
    assert "--start" not in words_of(repository, SMTP_TARGET=TARGET, SMTP_START="no")
    assert "--start" not in words_of(repository, SMTP_TARGET="plain.yaml")
    assert "--start" not in words_of(repository, SMTP_TARGET="127.0.0.1:25")


def test_reports_of_an_earlier_run_are_taken_away(repository):
    results = repository.folder / "smtp-results"
    results.mkdir()
    (results / "page.html").write_text("old")
    (results / "mine.txt").write_text("kept")

    words_of(repository, SMTP_TARGET=TARGET)

    assert [path.name for path in results.iterdir()] == ["mine.txt"]


def test_without_a_target_nothing_is_run(repository):
    done = repository.run_suites(SMTP_TARGET="")

    assert done.returncode == 2
    assert "SMTP_TARGET must name" in done.stderr


def test_the_status_is_that_of_the_command(repository):
    done = repository.run_suites(SMTP_TARGET=TARGET, SMTP_SUITES="nowhere")

    assert done.returncode == 2
    assert "nowhere" in done.stderr
