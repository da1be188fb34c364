from __future__ import annotations

import io
from dataclasses import replace

import pytest

from harness.reports.colour import wants_colour
from harness.reports.columns import in_columns
from harness.reports.terminal import MANY_STORIES, MANY_SUITES, Terminal, summary
from harness.results import Level
from tests.reports.outcomes import (
    ATTACKED,
    ERROR,
    FAIL,
    FIXED,
    INFO,
    MET,
    ONE_OF_EACH,
    SKIP,
    WARN,
    a_run,
)
from tests.reports.parsing import spoiled


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(*outcomes, err=None, **options):
    out = io.StringIO()
    terminal = Terminal(out, err or io.StringIO(), **options)
    terminal.begin("127.0.0.1:2525", [outcome.group for outcome in outcomes])
    for outcome in outcomes:
        terminal.add(outcome)
    terminal.end(a_run(*outcomes, selected=len(outcomes)))
    return out.getvalue()


def test_a_run_that_is_all_met_is_a_few_lines():
    assert told(MET, MET) == (
        "2 cases against 127.0.0.1:2525\n"
        "\n"
        "rfc5321/3.3  2 met\n"
        "\n"
        "2 of 2 cases judged in 1.5 s (seed 4711)\n"
        "     2 met\n"
    )


def test_one_case_is_no_cases():
    assert "1 case against" in told(MET)
    assert "1 of 1 case judged" in told(MET)


def test_a_failure_is_told_in_full_before_its_suite_ends():
    text = told(FAIL, MET)

    assert text.index("FAIL rfc5321/3.3/rcpt-first\n") < text.index("rfc5321/3.3  1 met")
    assert "S: 250 2.1.5 ok" in text
    assert "x@[127.0.0.1]" in text


def test_the_summary_has_a_line_for_each_verdict_that_occurred():
    lines = [line.text for line in summary(a_run(*ONE_OF_EACH))]

    assert lines[0] == "6 of 8 cases judged in 1.5 s (seed 4711)"
    words = ["met", "fail", "warn", "info", "skip", "error", "known", "fixed"]
    assert [line.split()[1] for line in lines[1:13] if line[5:6].isdigit()] == words
    assert "smtp-harness explain rfc5321/3.3/rcpt-first" in lines


def test_a_case_of_the_users_own_is_explained_from_its_file():
    own = replace(FAIL, replay="smtp-harness run -s 'my own.smtp.yaml::a' --segment bytes")
    lines = [line.text for line in summary(a_run(own))]

    assert "smtp-harness explain 'my own.smtp.yaml::a'" in lines


def test_the_cases_that_failed_are_named_at_the_end():
    fails = [replace(FAIL, address=f"rfc5321/3.3/n{n}") for n in range(25)]
    lines = [line.text.strip() for line in summary(a_run(*fails, WARN))]

    assert "rfc5321/3.3/n19" in lines
    assert "and 5 more" in lines
    assert "rfc5321/3.3/n20" not in lines


def test_an_interrupted_run_says_so():
    run = a_run(MET, interrupted=True, selected=40)

    assert summary(run)[0].text == "Interrupted: 1 of 40 cases judged in 1.5 s (seed 4711)"


def test_skips_are_counted_by_their_reason():
    skips = [replace(SKIP, reason=f"needs {n % 10}") for n in range(30)]
    lines = [line.text for line in summary(a_run(*skips))]

    assert "    30 skip   not played" in lines
    assert "                 3  needs 0" in lines
    assert lines[-1].endswith("and 2 other reasons")


def test_the_same_trouble_is_told_once():
    text = told(ERROR, ERROR, replace(ERROR, reason="no TLS"))

    assert text.count("ERROR rfc5321/3.3/rcpt-first") == 2
    assert "   2  MAIL was answered 451 try later\n" in text
    assert "   1  no TLS\n" in text


def test_after_many_stories_failures_are_told_in_a_line():
    text = told(*[FAIL] * (MANY_STORIES + 2))

    assert text.count("Run this case again") == MANY_STORIES
    assert text.count("FAIL rfc5321/3.3/rcpt-first: RCPT before MAIL is out of order: wanted") == 2


@pytest.mark.parametrize("outcome", [WARN, INFO, FIXED], ids=lambda one: one.verdict)
def test_what_does_not_fail_the_run_is_told_in_a_line(outcome):
    text = told(outcome)

    assert f"{outcome.verdict.upper()} rfc5321/3.3/rcpt-first: RCPT before MAIL" in text
    assert "The dialogue" not in text


def test_at_level_should_a_warning_is_a_failure():
    assert "The dialogue" in told(WARN, level=Level.SHOULD)


def test_verbose_tells_every_dialogue():
    assert told(MET, WARN, FAIL, ERROR, ERROR, verbose=True).count("The dialogue") == 5


def test_verbose_says_no_more_of_a_met_case_than_its_dialogue():
    text = told(replace(MET, notes=("501 accepted",)), verbose=True)

    assert "RFC 5321" not in text
    assert "= note: 501 accepted" in text


def test_a_reader_who_leaves_does_not_stop_the_run():
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    terminal = Terminal(Closed(), io.StringIO())
    terminal.begin("target", ["rfc5321/3.3"])
    terminal.add(FAIL)
    terminal.end(a_run(FAIL))

    assert not terminal.is_heard


def test_a_pipe_gets_plain_lines():
    text = told(*ONE_OF_EACH, ATTACKED)

    assert all(line.isprintable() for line in text.split("\n"))


def test_a_terminal_gets_colour_but_not_from_the_peer():
    text = told(*ONE_OF_EACH, ATTACKED, colour=True)

    assert "\x1b[31m" in text
    assert "\x1b[2J" not in text
    assert "\x9b" not in text


def test_progress_is_shown_on_a_terminal_and_taken_away_again():
    screen = Screen()

    told(MET, FAIL, err=screen)

    assert "[1/2] rfc5321/3.3/rcpt-first" in screen.getvalue()
    assert screen.getvalue().endswith("\r\x1b[2K")


def test_no_progress_in_a_pipe():
    pipe = io.StringIO()

    told(MET, FAIL, err=pipe)

    assert pipe.getvalue() == ""


# stream, --color, environment -> colour
WISHES = {
    "a terminal": (Screen(), "auto", {}, True),
    "a pipe": (io.StringIO(), "auto", {}, False),
    "a dumb terminal": (Screen(), "auto", {"TERM": "dumb"}, False),
    "NO_COLOR on a terminal": (Screen(), "auto", {"NO_COLOR": "1"}, False),
    "an empty NO_COLOR": (Screen(), "auto", {"NO_COLOR": ""}, True),
    "FORCE_COLOR in a pipe": (io.StringIO(), "auto", {"FORCE_COLOR": "1"}, True),
    "NO_COLOR outweighs FORCE_COLOR": (
        Screen(),
        "auto",
        {"NO_COLOR": "1", "FORCE_COLOR": "1"},
        False,
    ),
    "always outweighs NO_COLOR": (io.StringIO(), "always", {"NO_COLOR": "1"}, True),
    "never outweighs FORCE_COLOR": (Screen(), "never", {"FORCE_COLOR": "1"}, False),
}


@pytest.mark.parametrize(("stream", "when", "environment", "colour"), WISHES.values(), ids=WISHES)
def test_colour_goes_where_it_is_wanted(stream, when, environment, colour):
    assert wants_colour(stream, when, environment) is colour


def of_suites(count):
    """Cases of so many suites in three folders, one of them failing and one skipped."""
    suites = [f"rfc{n * 3 // count}/{n}" for n in range(count)]
    cases = [replace(MET, address=f"{suite}/a", suite=suite) for suite in suites]
    cases[0] = replace(FAIL, address=cases[0].address, suite=suites[0])
    cases[-1] = replace(SKIP, address=cases[-1].address, suite=suites[-1])
    return cases


def test_many_suites_are_told_folder_by_folder():
    text = told(*of_suites(MANY_SUITES + 1))

    assert "\nrfc0  6 met, 1 fail\nrfc1  7 met\nrfc2  6 met, 1 skip\n\n" in text
    assert "rfc1/" not in text


def test_few_suites_have_a_line_each():
    assert told(*of_suites(MANY_SUITES)).count("/") >= MANY_SUITES


def test_on_a_terminal_the_folders_stand_side_by_side_at_the_end(monkeypatch):
    monkeypatch.setenv("COLUMNS", "66")
    text = told(*of_suites(MANY_SUITES + 1), err=Screen())

    assert "\nrfc0  6 met, 1 fail   rfc1  7 met   rfc2" not in text  # columns are equally wide
    assert "\nrfc0  6 met, 1 fail   rfc1  7 met           rfc2  6 met, 1 skip\n" in text


def test_progress_says_how_much_was_not_met():
    screen = Screen()
    told(FAIL, WARN, MET, err=screen)

    assert "[1/3] 1 fail, rfc5321" in screen.getvalue()
    assert "[3/3] 1 fail, 1 warn, rfc5321" in screen.getvalue()


@pytest.mark.parametrize(("width", "lines"), [
    (1, ["a", "bb", "ccc", "d"]),
    (8, ["a", "bb", "ccc", "d"]),
    (9, ["a     ccc", "bb    d"]),
    (99, ["a     bb    ccc   d"]),
])  # fmt: skip
def test_columns_are_as_many_as_a_line_takes(width, lines):
    assert in_columns(["a", "bb", "ccc", "d"], width) == lines


def test_no_text_makes_no_line():
    assert in_columns([], 80) == []


@pytest.mark.parametrize("verbose", [False, True])
def test_nothing_that_anybody_said_moves_the_terminal(verbose):
    lines = told(*map(spoiled, [*ONE_OF_EACH, ATTACKED]), level=Level.MUST, verbose=verbose)

    assert [line for line in lines.split("\n") if not line.isprintable()] == []
