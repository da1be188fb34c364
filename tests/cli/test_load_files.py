"""Result files of load runs: told again, and compared."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.load_results import LoadResult, read, to_json, write
from harness.reports.load import FORMATS
from harness.results import to_json as runs_to_json
from tests.loadtests.servers import aiosmtpd
from tests.reports.load_runs import frozen, healthy
from tests.reports.outcomes import MET, a_run


@pytest.fixture
def kept(tmp_path: Path):
    def keep(result: LoadResult, name: str = "load.json") -> str:
        write(result, tmp_path / name)
        return str(tmp_path / name)

    return keep


def test_a_load_run_is_told_again_as_the_terminal_did(invoke, kept):
    result = invoke("report", kept(frozen()))

    assert result.exit_code == 1
    assert "it broke: message p99 < 250ms (found 704ms)" in result.output


def test_a_load_run_is_told_in_many_formats(invoke, kept, tmp_path):
    names = ("run.json", "run.xml", "run.csv", "run.html", "run.md", "phases.csv")
    wanted = [f"{'phases-csv:' if name == 'phases.csv' else ''}{tmp_path / name}" for name in names]
    result = invoke("report", kept(healthy()), *wanted)

    assert (result.exit_code, result.output) == (0, "")
    assert read(tmp_path / "run.json") == healthy()
    assert json.loads((tmp_path / "run.json").read_text())["figures"]["rate"] == 500.0
    assert all((tmp_path / name).stat().st_size > 100 for name in names)


def test_parts_in_lines_are_added_up(invoke, tmp_path):
    """What a run that was killed leaves behind."""
    file = tmp_path / "parts.json"
    file.write_text(to_json(healthy()) * 2)
    result = invoke("report", str(file), "csv:-")

    assert result.output.splitlines()[1].startswith("0,1,steady,20,1000,1000,0,1000")


def test_a_format_of_suites_is_none_of_load(invoke, kept):
    result = invoke("report", kept(healthy()), "tap:x")

    assert result.exit_code == 2
    assert "'tap:x' does not say which format it is to be in" in result.output


@pytest.mark.parametrize("command", ["load", "report"])
def test_the_help_names_every_format(invoke, command):
    words = set(re.findall(r"[a-z-]+", invoke(command, "--help").output))

    assert set(FORMATS.by_name) - words == set()


def test_two_reports_cannot_go_to_standard_output(invoke, kept):
    assert invoke("report", kept(healthy()), "csv:-", "json:-").exit_code == 2


def test_another_version_says_which_it_is(invoke, kept, tmp_path):
    file = Path(kept(healthy()))
    file.write_text(file.read_text().replace("smtp-harness-load/", "smtp-harness-load/9"))
    result = invoke("report", str(file))

    assert result.exit_code == 2
    assert "this is a smtp-harness-load/9" in result.output


def test_two_load_runs_are_compared(invoke, kept):
    old, new = kept(healthy(1), "old"), kept(healthy(2, median=4_000), "new")

    assert invoke("compare", old, new).exit_code == 1
    assert invoke("compare", new, old).exit_code == 0
    assert invoke("compare", old, new, "--tolerance", "60").exit_code == 0
    assert invoke("compare", old, new, "--markdown").output.startswith(
        "## smtp-harness load: worse"
    )


def test_a_comparison_is_drawn(invoke, kept, tmp_path):
    page = tmp_path / "page.html"
    result = invoke(
        "compare", kept(healthy(1), "old"), kept(healthy(2), "new"), "--html", str(page)
    )

    assert result.exit_code == 0
    assert "two runs compared" in page.read_text()


@pytest.mark.slow
def test_a_comparison_is_drawn_also_for_who_has_read_enough(kept, tmp_path):
    old, page = kept(healthy()), tmp_path / "page.html"
    reading, writing = os.pipe()
    os.close(reading)
    words = ("-m", "harness.cli", "compare", old, old, "--html", str(page))
    with open(writing, "wb") as nobody:
        done = subprocess.run([sys.executable, *words], stdout=nobody, check=False)

    assert done.returncode == 141
    assert "two runs compared" in page.read_text()


def test_a_place_that_cannot_be_written_is_told_before_anything(invoke, kept, tmp_path):
    old = kept(healthy())
    result = invoke("compare", old, old, "--html", str(tmp_path / "no" / "page.html"))

    assert result.exit_code == 2
    assert "there is no directory" in result.output


def test_a_load_run_and_suites_are_not_compared(invoke, kept, tmp_path):
    suites = tmp_path / "suites.json"
    suites.write_text(runs_to_json(a_run(MET)))
    result = invoke("compare", str(suites), kept(healthy()))

    assert result.exit_code == 2
    assert "tells of a load run, the other does not" in result.output


def test_suites_are_not_drawn(invoke, tmp_path):
    suites = tmp_path / "suites.json"
    suites.write_text(runs_to_json(a_run(MET)))
    result = invoke("compare", str(suites), str(suites), "--html", str(tmp_path / "page.html"))

    assert result.exit_code == 2
    assert "--html draws load runs" in result.output


@pytest.mark.slow
def test_a_run_writes_its_reports_and_keeps_standard_output_clean(invoke, tmp_path):
    profile, page, junit = (tmp_path / name for name in ("short.yaml", "page", "junit"))
    profile.write_text("about: short\nusers: 2\nduration: 1s\n")
    with aiosmtpd() as (address, taker):
        words = (address, "--profile", profile, "--json", tmp_path / "result.json")
        result = invoke("load", *words, "--report", "csv:-", "--html", page, "--junit", junit)

    assert result.exit_code == 0, result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert sum(int(row["accepted"]) for row in rows) == len(taker.taken) > 0
    assert "1 of 1 threshold kept" in result.stderr
    assert "<h1>load &#x27;short&#x27; against" in page.read_text()
    assert "testsuite" in junit.read_text()
    kept = json.loads((tmp_path / "result.json").read_text())
    assert kept["figures"]["latency"]["message"]["count"] == len(taker.taken)


def test_two_reports_of_a_run_cannot_go_to_standard_output(invoke):
    result = invoke("load", "--report", "csv:-", "--report", "json:-")

    assert result.exit_code == 2
    assert "only one report can go to standard output" in result.output


@pytest.mark.slow
@pytest.mark.parametrize("word", ["--json", "--report"])
def test_the_result_can_go_to_standard_output(invoke, tmp_path, monkeypatch, word):
    monkeypatch.chdir(tmp_path)
    with aiosmtpd() as (address, taker):
        where = "-" if word == "--json" else "json:-"
        words = ("--users", 2, "--duration", "1s", word, where)
        result = invoke("load", address, *words)

    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["messages"]["accepted"] == len(taker.taken) > 0
    assert "thresholds kept" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_only_one_of_result_and_report_can_go_to_standard_output(invoke):
    result = invoke("load", "--json", "-", "--report", "csv:-")

    assert result.exit_code == 2
    assert "only one report can go to standard output" in result.output
