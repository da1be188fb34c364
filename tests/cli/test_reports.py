"""Reports, and what is made of result files: `run --report`, `report`, `compare`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.reports.formats import to_lines
from harness.results import RunLines, from_json, from_lines, to_json
from tests.reports.outcomes import ERROR, FAIL, MET, a_run

ROOT = Path(__file__).parent.parent.parent
FORMATS = ("json", "jsonl", "junit", "html", "markdown", "github", "sarif", "tap")


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.slow
def test_one_run_is_told_in_every_format(invoke, tmp_path, server):
    words = [word for it in FORMATS for word in ("--report", f"{it}:{tmp_path / it}")]
    words += ["--html", str(tmp_path / "page")]
    done = invoke("run", str(server), "-s", "rfc5321/4.1.1.9", *words)

    assert done.exit_code == 0, done.output
    assert {path.name for path in tmp_path.iterdir()} == {*FORMATS, "page"}
    assert (tmp_path / "page").read_text() == (tmp_path / "html").read_text()
    (run,) = from_lines((tmp_path / "jsonl").read_text())
    assert not run.interrupted
    assert run.outcomes == from_json((tmp_path / "json").read_text()).outcomes
    assert json.loads((tmp_path / "json").read_text())["tally"]["met"] == len(run.outcomes)


@pytest.mark.slow
def test_standard_output_holds_the_report_and_nothing_else(server):
    words = ["run", str(server), "-s", "rfc5321/4.1.1.9", "--report", "tap:-"]
    command = [sys.executable, "-m", "harness.cli", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.startswith("TAP version 13\n1..")
    assert all(line.startswith(("TAP", "1..", "ok ")) for line in done.stdout.splitlines())
    assert " judged in " in done.stderr


@pytest.mark.parametrize(("words", "problem"), [
    (["--report", "x"], "'x' does not say which format it is to be in"),
    (["--report", "tap:-", "--report", "jsonl:-"], "only one report can go to standard output"),
    (["--report", "/no/where/x.md"], "there is no directory /no/where"),
    (["--prove", "--html", "x.html"], "--prove is about our cases and writes no report"),
    (["--prove", "--report", "x.md"], "--prove is about our cases and writes no report"),
])  # fmt: skip
def test_a_report_that_cannot_be_is_wrong_use_before_anything_runs(invoke, words, problem):
    done = invoke("run", "-s", "textbook/dialogue", *words)

    assert done.exit_code == 2
    assert problem in done.stderr


def test_a_result_is_told_again(invoke, tmp_path):
    path = written(tmp_path, "r.json", to_json(a_run(MET, FAIL)))
    done = invoke("report", path, tmp_path / "r.xml", f"tap:{tmp_path / 'r.txt'}")

    assert done.exit_code == 1, done.output
    assert "<testsuites" in (tmp_path / "r.xml").read_text()
    assert (tmp_path / "r.txt").read_text().startswith("TAP version 13\n")


def test_without_a_report_it_is_told_as_on_the_terminal(invoke, tmp_path):
    done = invoke("report", written(tmp_path, "r.jsonl", to_lines(a_run(MET, FAIL))))

    assert done.exit_code == 1
    assert "FAIL rfc5321/3.3/rcpt-first" in done.output
    assert "2 of 2 cases judged" in done.output


def test_standard_input_is_a_result_file_too(invoke):
    done = invoke("report", "-", "tap:-", input=to_lines(a_run(MET)))

    assert done.output.startswith("TAP version 13\n1..1\nok 1 - ")


@pytest.mark.parametrize(("text", "problem"), [
    ("no JSON", "this is no result file of smtp-harness: it is no JSON"),
    ("{}", "this is no result file of smtp-harness: it has no 'format'"),
    (RunLines(a_run()).outcome(MET), "line 1 is no result of smtp-harness"),
    ("\xff", "octet 0 is not UTF-8"),
    pytest.param("[" * 100_000, "this is no result file of smtp-harness: ", id="deep"),
    pytest.param('{"format": "smtp-harness-load/2", "a": ' + "[" * 100_000,
                 "this is not a load result", id="deep load"),
    ('{"kind": "weather"}\n', "no run is told of here"),
])  # fmt: skip
def test_what_is_no_result_file_is_said_with_its_name(invoke, tmp_path, text, problem):
    path = tmp_path / "r"
    path.write_bytes(text.encode("latin-1"))
    done = invoke("report", path)

    assert done.exit_code == 2
    assert f"{path}" in done.stderr
    assert problem in done.stderr


def test_many_runs_make_one_page_and_no_other_report(invoke, tmp_path):
    lines = to_lines(a_run(MET, name="one")) + to_lines(a_run(FAIL, name="other"))
    path = written(tmp_path, "r.jsonl", lines)

    assert invoke("report", path, tmp_path / "page.html").exit_code == 1
    assert (tmp_path / "page.html").read_text().count('<section class="server"') == 2
    assert invoke("report", path, "jsonl:-").output == lines
    assert invoke("report", path).output.count("judged in") == 2
    wrong = invoke("report", path, "tap:-")
    assert wrong.exit_code == 2
    assert "tap is about one run, and there are 2: only jsonl and html tell of many" in wrong.stderr


def test_a_file_that_is_not_there_is_wrong_use(invoke, tmp_path):
    assert "cannot be read: No such file" in invoke("report", tmp_path / "none").stderr


@pytest.mark.parametrize(("new", "status"), [(MET, 0), (FAIL, 1), (ERROR, 3)])
def test_comparing_tells_ci_what_became_of_it(invoke, tmp_path, new, status):
    before = written(tmp_path, "a.json", to_json(a_run(MET)))
    after = written(tmp_path, "b.jsonl", to_lines(a_run(new)))
    done = invoke("compare", before, after)

    assert done.exit_code == status
    assert done.output.startswith("old: 127.0.0.1:2525 at ")


def test_files_of_several_targets_are_compared_target_by_target(invoke, tmp_path):
    one, other = a_run(MET, target="one"), a_run(MET, target="other")
    before = written(tmp_path, "a", to_lines(one) + to_lines(other))
    broken = a_run(FAIL, target="one")
    after = written(tmp_path, "b", to_lines(other) + to_lines(broken))

    done = invoke("compare", before, after, "--markdown")
    assert done.exit_code == 1
    assert done.output.count("## smtp-harness: ") == 2

    alone = invoke("compare", before, written(tmp_path, "c", to_lines(one)))
    assert alone.exit_code == 2
    assert "only one of the two files tells of other" in alone.stderr
