"""Reports of a load run, parsed back."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.errors import UsageError
from harness.load_results import End, LoadResult, Trouble, from_json
from harness.load_results.comparison import compare
from harness.reports.load import FORMATS, progress, summary
from harness.reports.load.comparing import comparison_lines, comparison_markdown
from harness.reports.wanted import STDOUT
from tests.reports.load_runs import RUNS, breaking, frozen, healthy, lossy, nothing, stopped
from tests.reports.parsing import obeyed, rendered, spoiled, unescaped

HOSTILE = Trouble(
    stage="MAIL", what="451 4.7.1", count=3, first=2.0,
    example="=cmd|'/c calc'!A0 <script>x</script> ]]> \x1b[31m | @root\r\n\x00",
)  # fmt: skip


def told(format: str, run: LoadResult) -> str:
    return FORMATS.report(format, STDOUT).tell(run)


def attacked() -> LoadResult:
    return replace(healthy(), troubles=(HOSTILE,), greeting=f"220 {HOSTILE.example}",
                   profile="<b>", target="smtp://\x1b[2J")  # fmt: skip


@pytest.mark.parametrize("format", FORMATS.by_name)
@pytest.mark.parametrize("name", RUNS)
def test_every_run_can_be_told_in_every_format(format: str, name: str):
    assert told(format, RUNS[name]()).endswith("\n")


@pytest.mark.parametrize("format", FORMATS.by_name)
@pytest.mark.parametrize("name", RUNS)
def test_no_control_character_of_anybody_gets_into_a_report(format: str, name: str):
    assert obeyed(told(format, spoiled(RUNS[name]()))) == []


@pytest.mark.parametrize("name", RUNS)
def test_a_line_stays_one_line_whatever_stands_in_a_result(name: str):
    run = spoiled(RUNS[name]())
    both = compare(run, run)
    lines = [*summary(run), progress(run), *comparison_lines(both), *comparison_markdown(both)]

    assert [line for line in lines if not line.isprintable()] == []


@pytest.mark.parametrize("name", RUNS)
def test_junit_says_what_was_said_and_drops_nothing_of_it(name: str):
    assert unescaped(told("junit", spoiled(RUNS[name]()))) == []


# --- JSON ----------------------------------------------------------------------------------------


def test_json_is_read_back_as_it_was():
    assert from_json(told("json", breaking())) == breaking()


def test_json_tells_programs_what_follows_from_the_counts():
    found = json.loads(told("json", frozen()))["figures"]

    assert found["exit_status"] == 1
    assert found["saturation"] is None
    assert (found["late"], found["unsent"], found["lost_generators"]) == (255, 0, 0)
    assert 600_000 < found["latency"]["message"]["p99"] < 700_000
    assert found["stages"][0]["due"] == 300.0


def test_json_says_that_the_generator_was_the_limit():
    found = json.loads(told("json", stopped()))["figures"]

    assert found["saturation"] == "the generator was the bottleneck: it stood still for 2 s at 12 s"


def test_json_has_the_percentiles_of_the_delivery():
    found = json.loads(told("json", lossy()))["figures"]

    assert found["delivery"]["count"] == 4_980


# --- CSV -----------------------------------------------------------------------------------------


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_a_row_for_each_interval():
    table = rows(told("csv", frozen()))

    assert len(table) == 30
    assert sum(int(row["accepted"]) for row in table) == 9_000
    assert (table[12]["accepted"], table[13]["late"], table[12]["stage"]) == ("40", "255", "steady")
    assert int(table[13]["latency_p99_us"]) > 900_000


def test_csv_leaves_a_latency_empty_that_nobody_measured():
    table = rows(told("csv", stopped()))

    assert (table[10]["latency_count"], table[10]["latency_p99_us"]) == ("0", "")
    assert table[12]["generator_lag_max_us"] == "2003112"


def test_csv_of_phases_has_a_row_for_each_and_for_those_that_failed():
    run = replace(breaking(), failed={"message": healthy().phases["message"]})
    table = {(row["phase"], row["outcome"]): row for row in rows(told("phases-csv", run))}

    assert table["message", "ok"]["count"] == str(run.messages.accepted)
    assert table["message", "failed"]["count"] == "15000"


def test_csv_of_phases_has_the_delivery():
    assert rows(told("phases-csv", lossy()))[-1]["phase"] == "delivery"


def test_csv_of_troubles_holds_no_formula():
    (row,) = rows(told("troubles-csv", attacked()))

    assert (row["stage"], row["what"], row["count"], row["first"]) == (
        "MAIL", "451 4.7.1", "3", "2.0",
    )  # fmt: skip
    assert row["example"].startswith("'=cmd")


# --- JUnit ---------------------------------------------------------------------------------------


def cases(result: LoadResult) -> dict[str, ElementTree.Element]:
    root = ElementTree.fromstring(told("junit", result))
    return {case.get("name", ""): case for case in root.iter("testcase")}


def test_junit_has_a_case_for_each_threshold():
    found = cases(frozen())
    failed = {name for name, case in found.items() if case.find("failure") is not None}

    assert set(found) == {it.threshold for it in frozen().thresholds} | {"the run came to its end"}
    assert failed == {it.threshold for it in frozen().thresholds if not it.met}


def test_junit_counts_as_it_shows():
    root = ElementTree.fromstring(told("junit", frozen()))

    assert [root.get(name) for name in ("tests", "failures", "errors")] == ["5", "2", "0"]


def test_junit_tells_of_a_missed_threshold_what_was_found_and_where_it_broke():
    failure = cases(frozen())["message p99 < 250ms"].find("failure")

    assert failure is not None
    assert failure.get("message") == "message p99 < 250ms: found 704ms"
    assert "began late since 12 s" in (failure.text or "")


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (replace(healthy(), end=End.INTERRUPTED), "the run was interrupted"),
        (replace(healthy(), end=End.RUNNING), "the generator broke off"),
        (nothing(), "nothing was measured"),
    ],
)
def test_junit_calls_it_an_error_when_a_run_was_cut_short(run: LoadResult, message: str):
    error = cases(run)["the run came to its end"].find("error")

    assert error is not None
    assert error.get("message") == message


def test_junit_says_that_the_generator_was_the_limit():
    root = ElementTree.fromstring(told("junit", stopped()))
    found = {it.get("name"): it.get("value") for it in root.iter("property")}

    assert "it stood still" in (found["saturation"] or "")


# --- Markdown ------------------------------------------------------------------------------------


def test_markdown_is_tables_that_a_parser_sees():
    html = rendered(told("markdown", breaking()))

    assert html.count("<table>") == 4  # thresholds, stages, phases, troubles
    assert "it broke: message p99 &lt; 250ms" in html
    assert "<strong>MISSED</strong>" in html


def test_markdown_tells_where_the_mail_went():
    assert "4,980 delivered + 10 bounced" in told("markdown", lossy())


def test_markdown_names_the_kinds_of_trouble_that_fit_and_counts_the_rest():
    many = tuple(Trouble(stage="MAIL", what=str(code), count=1) for code in range(400, 450))

    assert "and 38 more kinds" in told("markdown", replace(healthy(), troubles=many))


def test_markdown_has_no_markup_of_a_server():
    html = rendered(told("markdown", attacked()))

    assert "<script" not in html
    assert "<b>" not in html


# --- GitHub --------------------------------------------------------------------------------------


_COMMAND = re.compile(r"::(\w+) title=([^:]*)::(.*)")


def annotations(run: LoadResult) -> list[tuple[str, ...]]:
    """Of each its kind, its title and its text."""
    matches = map(_COMMAND.fullmatch, told("github", run).splitlines())
    return [match.groups() if match else () for match in matches]


def test_github_gets_an_error_for_each_promise_that_was_not_kept():
    errors = annotations(frozen())

    assert [(kind, title.rpartition("%3A ")[2]) for kind, title, _ in errors] == [
        ("error", "message p99 < 250ms"), ("error", "late < 1%25"),
    ]  # fmt: skip
    assert errors[0][2].startswith("found 704ms%0Aof the messages that were due")


def test_github_gets_a_notice_of_a_run_that_kept_all():
    assert annotations(healthy()) == [(
        "notice", "load 'steady' against smtp%3A//127.0.0.1%3A2525",
        "it held: all thresholds kept; 500/s accepted, p99 7.44 ms",
    )]  # fmt: skip


def test_github_is_warned_of_figures_that_are_our_own():
    *errors, (kind, _, text) = annotations(stopped())

    assert {it[0] for it in errors} == {"error"}
    assert (kind, "the generator was the bottleneck" in text) == ("warning", True)


@pytest.mark.parametrize(
    ("run", "title", "text"),
    [
        (nothing(), "nothing was measured", "nothing was measured"),
        (replace(healthy(), end=End.INTERRUPTED), "it was cut short", "the run was interrupted"),
    ],
)
def test_github_gets_an_error_where_nobody_can_say(run: LoadResult, title: str, text: str):
    kind, named, said = annotations(run)[0]

    assert (kind, named.rpartition("%3A ")[2]) == ("error", title)
    assert said.startswith(text)


def test_no_text_of_anybody_makes_a_command_of_its_own():
    lines = told("github", spoiled(frozen())).splitlines()

    assert len(lines) == 2
    assert all(_COMMAND.fullmatch(line) for line in lines)


# --- which format --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "format", "path"),
    [
        ("run.json", "json", "run.json"),
        ("run.xml", "junit", "run.xml"),
        ("run.csv", "csv", "run.csv"),
        ("run.md", "markdown", "run.md"),
        ("phases-csv:run.csv", "phases-csv", "run.csv"),
        ("csv:-", "csv", "-"),
    ],
)
def test_a_report_is_named_by_its_format_or_its_suffix(text: str, format: str, path: str):
    assert FORMATS.read(text) == FORMATS.report(format, Path(path))


def test_a_report_is_told_in_its_format():
    assert FORMATS.read("csv:-").tell(healthy()) == told("csv", healthy())


@pytest.mark.parametrize("text", ["run", "run.doc", "sarif:run", ":x", "csv:"])
def test_a_report_of_no_format_is_refused_with_those_that_there_are(text: str):
    with pytest.raises(UsageError, match="write one of json:FILE, "):
        FORMATS.read(text)
