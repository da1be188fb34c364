"""Every format, from one of each verdict and from a peer that attacks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from harness.errors import UsageError
from harness.reports.formats import FORMATS
from harness.reports.github import to_github
from harness.reports.markdown import ROOM, to_markdown
from harness.reports.sarif import to_sarif
from harness.reports.tap import to_tap
from harness.results import Grade, Level
from tests.reports.outcomes import (
    ATTACKED,
    ERROR,
    FAIL,
    FIXED,
    INFO,
    KNOWN,
    MET,
    ONE_OF_EACH,
    SKIP,
    WARN,
    a_run,
)
from tests.reports.parsing import obeyed, spoiled


@pytest.mark.parametrize(("text", "format", "path"), [
    ("x.json", "json", "x.json"),
    ("a/b.ndjson", "jsonl", "a/b.ndjson"),
    ("junit.xml", "junit", "junit.xml"),
    ("tap:-", "tap", "-"),
    ("sarif:x.json", "sarif", "x.json"),
    ("markdown:C:x", "markdown", "C:x"),
    ("odd:name.md", "markdown", "odd:name.md"),
])  # fmt: skip
def test_the_format_is_named_or_told_by_the_suffix(text, format, path):
    report = FORMATS.read(text)

    assert (report.name, str(report.path)) == (format, path)


@pytest.mark.parametrize("text", ["x", "x.txt", "-", "tap:", "yaml:x"])
def test_a_report_without_a_format_is_told_which_there_are(text):
    with pytest.raises(UsageError, match=r"does not say which format.*junit:FILE"):
        FORMATS.read(text)


@pytest.mark.parametrize("format", FORMATS.by_name)
def test_nothing_that_a_peer_sent_reaches_a_terminal_by_any_format(format):
    told = FORMATS.by_name[format].tell(spoiled(a_run(*ONE_OF_EACH, ATTACKED)))

    assert obeyed(told) == []


# --- TAP -----------------------------------------------------------------------------------------

# outcome, level -> how its line begins, and which directive it ends in
LINES = {
    "met": (MET, Level.SHOULD, "ok 1 - ", None),
    "a MUST unmet": (FAIL, Level.MUST, "not ok 1 - ", None),
    "a SHOULD unmet at level must": (WARN, Level.MUST, "ok 1 - ", None),
    "a SHOULD unmet at level should": (WARN, Level.SHOULD, "not ok 1 - ", None),
    "a MAY unmet": (INFO, Level.SHOULD, "ok 1 - ", None),
    "an error": (ERROR, Level.MUST, "not ok 1 - ", None),
    "a skip": (SKIP, Level.MUST, "ok 1 - ", "SKIP needs delivery"),
    "a known deviation": (KNOWN, Level.MUST, "not ok 1 - ", "TODO known since 3.7"),
    "a known deviation that is gone": (FIXED, Level.MUST, "ok 1 - ", None),
}


@pytest.mark.parametrize(("outcome", "level", "begin", "directive"), LINES.values(), ids=LINES)
def test_a_verdict_becomes_a_line_of_tap(outcome, level, begin, directive):
    version, plan, line, *_ = to_tap(a_run(outcome), level=level).splitlines()

    assert (version, plan) == ("TAP version 13", "1..1")
    assert line.startswith(begin)
    assert line.partition(" # ")[2] == (directive or "")


def test_a_hash_in_a_title_is_no_directive():
    told = to_tap(a_run(replace(MET, title="It \\ answers # SKIP all")))

    assert r"It \\ answers \# SKIP all" in told


def test_an_interrupted_run_bails_out():
    run = a_run(MET, interrupted=True, selected=9)

    assert to_tap(run).endswith("Bail out! interrupted after 1 of 9 cases\n")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("prove") is None, reason="perl's prove is not here")
@pytest.mark.parametrize(("outcomes", "says"), [
    ((MET, SKIP, KNOWN, WARN, INFO, FIXED), "Result: PASS"),
    ((MET, FAIL, ATTACKED), "Failed 2/3 subtests"),
])  # fmt: skip
def test_perl_reads_our_tap(tmp_path, outcomes, says):
    path = tmp_path / "run.tap"
    path.write_text(to_tap(a_run(*outcomes)))
    done = subprocess.run(
        ["prove", "--exec", "cat", path], capture_output=True, text=True, check=False
    )

    assert says in done.stdout
    assert "Parse errors" not in done.stdout


# --- GitHub --------------------------------------------------------------------------------------


def test_what_fails_the_run_is_annotated_first():
    commands = to_github(a_run(WARN, FIXED, MET, SKIP, INFO, KNOWN, FAIL, ERROR)).splitlines()

    assert [command.split(" ")[0] for command in commands] == [
        "::error", "::error", "::warning", "::warning",
    ]  # fmt: skip


def test_an_annotation_stands_at_the_line_that_was_not_met():
    (command,) = to_github(a_run(FAIL)).splitlines()

    assert command.startswith(
        "::error file=suites/rfc5321/3.3-order.smtp.yaml,line=17,"
        "title=rfc5321/3.3/rcpt-first (fail)::wanted 503|5xx, met 250 2.1.5 ok%0A"
    )


def test_no_octet_of_a_peer_makes_a_command_of_its_own():
    attack = replace(FAIL, reason="x\r\n::error file=a::b", title="a,b:c\n::set-output name=x::y")

    assert to_github(a_run(attack)).count("\n") == 1


def test_at_level_should_what_should_be_is_an_error():
    assert to_github(a_run(WARN), level=Level.SHOULD).startswith("::error ")


def test_a_run_in_which_nothing_is_wrong_says_nothing():
    assert to_github(a_run(MET, SKIP, KNOWN)) == ""


# --- SARIF ---------------------------------------------------------------------------------------


def log(*outcomes, **changes):
    document = json.loads(to_sarif(a_run(*outcomes, **changes)))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    return run


def test_an_unmet_case_is_a_result_of_a_rule_that_is_there():
    run = log(*(replace(it, address=f"a/{n}") for n, it in enumerate(ONE_OF_EACH)))

    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == [f"a/{n}" for n in range(len(ONE_OF_EACH))]
    assert [(it["ruleId"], it["level"]) for it in run["results"]] == [
        ("a/1", "error"), ("a/2", "warning"), ("a/3", "note"), ("a/6", "warning"),
    ]  # fmt: skip


def test_a_known_deviation_is_suppressed_with_its_reason():
    (result,) = log(KNOWN)["results"]

    assert result["suppressions"] == [{"kind": "external", "justification": "known since 3.7"}]


def test_only_a_vulnerability_has_a_severity():
    attack = replace(FAIL, grade=Grade.VULNERABILITY, address="smuggling/x")
    rules = log(FAIL, attack)["tool"]["driver"]["rules"]

    assert ["security-severity" in rule["properties"] for rule in rules] == [False, True]
    assert rules[1]["properties"]["tags"] == ["security", "rfc5321"]
    assert rules[0]["helpUri"] == "https://www.rfc-editor.org/rfc/rfc5321#section-3.3"


def test_the_place_is_the_line_of_the_suite():
    (result,) = log(FAIL)["results"]
    place = result["locations"][0]["physicalLocation"]

    assert place["artifactLocation"]["uri"] == "suites/rfc5321/3.3-order.smtp.yaml"
    assert place["region"] == {"startLine": 17}


def test_what_could_not_be_judged_is_no_success():
    assert log(MET)["invocations"][0]["executionSuccessful"]
    failed = log(ERROR)["invocations"][0]
    assert not failed["executionSuccessful"]
    (told,) = failed["toolExecutionNotifications"]
    assert told["message"]["text"] == "MAIL was answered 451 try later"
    assert not log(MET, interrupted=True)["invocations"][0]["executionSuccessful"]


# --- Markdown ------------------------------------------------------------------------------------


def test_the_summary_says_what_the_run_came_to():
    told = {
        "as it should be": a_run(MET, WARN),
        "fails": a_run(MET, FAIL),
        "not wholly judged": a_run(MET, ERROR),
        "interrupted": a_run(FAIL, interrupted=True),
    }
    for state, run in told.items():
        assert to_markdown(run).splitlines()[0].endswith(state)


def test_what_fails_comes_first_and_what_is_met_is_only_counted():
    rows = re.findall(r"^\| (\w+) \| <code>", to_markdown(a_run(*ONE_OF_EACH)), re.MULTILINE)

    assert rows == ["fail", "error", "warn", "fixed", "info"]


@pytest.mark.parametrize("text", [
    "a|b", "`x`", "*x*", "<img src=x>", "[a](http://b)", "@someone", "#12", "~~x~~", "&amp;", "\\|",
    "a\n\n# b", "![x](y)", "https://x", "_x_",
])  # fmt: skip
def test_text_stays_text(text):
    tokens = (
        MarkdownIt("commonmark")
        .enable("table")
        .parse(to_markdown(a_run(replace(FAIL, title=text))))
    )
    rows = [token for token in tokens if token.type == "inline"]
    (cell,) = [row for row in rows if " ".join(text.split()) == _plain(row)]

    assert {child.type for child in cell.children} <= {"text", "text_special"}


def _plain(token):
    return "".join(child.content for child in token.children or ())


def test_a_dialogue_is_folded_away_as_text():
    attack = replace(ATTACKED, title="</pre><script>")
    told = to_markdown(a_run(attack))

    assert told.count("<pre>") == told.count("</pre>") == told.count("<details>") == 1
    assert "<script" not in told


def test_a_comment_has_room_for_it_however_much_failed():
    long = replace(FAIL, notes=tuple(f"note {n} " * 20 for n in range(60)))
    told = to_markdown(a_run(*[long] * 200))

    assert ROOM // 2 < len(told) < ROOM + 100
    assert "and 100 more" in told
    assert re.search(r"\d+ more stories left out\.\n$", told)
