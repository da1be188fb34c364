from __future__ import annotations

from dataclasses import replace

import pytest

from harness.reports.story import (
    Part,
    as_text,
    headline,
    short_story,
    story,
)
from harness.results import Requirement, Spot, Verdict
from tests.reports.outcomes import (
    ATTACKED,
    ERROR,
    FAIL,
    MET,
    ONE_OF_EACH,
    SKIP,
    SPOT,
    SURPRISE,
)

TOLD = """\
FAIL rfc5321/3.3/rcpt-first
  RCPT before MAIL is out of order

  RFC 5321, section 3.3 (MUST) [5321-3.3-8]
    RCPT without a preceding MAIL is refused with 503.

    --> suites/rfc5321/3.3-order.smtp.yaml:17
     |
  17 |       S: 503
     |       ^^^^^^ wanted 503|5xx
     |              met    250 2.1.5 ok

  The dialogue, in seconds since the case began. Our port was 41222.
    0.000 *  connected from 127.0.0.1:41222 to 127.0.0.1:2525
    0.001 S: 220 example.test ESMTP
    0.002 C: RCPT TO:<x@[127.0.0.1]>
    0.003 S: 250 2.1.5 ok
          ^^ wanted 503|5xx
    0.004 *  closed

  Run this case again:
    smtp-harness run 127.0.0.1:2525 -s rfc5321/3.3/rcpt-first"""


def test_a_failure_is_told_whole():
    assert as_text(story(FAIL)) == TOLD


def test_the_short_story_ends_before_the_dialogue():
    assert as_text(short_story(FAIL)) == TOLD.partition("\n\n  The dialogue")[0]


def test_a_case_that_was_met_shows_its_first_line_and_no_caret():
    told = as_text(story(MET))

    assert told.startswith("MET rfc5321/3.3/rcpt-first\n")
    assert "10 |   - id: rcpt-first" in told
    assert "^" not in told


def test_an_error_gives_its_reason():
    assert "  MAIL was answered 451 try later\n" in as_text(story(ERROR))


def test_without_replay_port_or_source_line_the_story_is_shorter():
    bare = replace(
        FAIL, replay="", ports=(), surprise=replace(SURPRISE, at=Spot(path="x.yaml", line=3))
    )
    told = as_text(story(bare))

    assert "again" not in told
    assert "Our port" not in told
    assert "--> x.yaml:3\n    | ^ wanted" in told


def test_a_requirement_outside_the_rfcs_is_named_as_it_is():
    folklore = Requirement(
        id="DF-smuggling-1",
        level="de-facto",
        rfc="de-facto",
        section="smuggling",
        text="LF . CRLF ends nothing.",
    )
    told = as_text(story(replace(FAIL, requirements=(folklore,))))

    assert "  de-facto: smuggling [DF-smuggling-1]\n    LF . CRLF ends nothing." in told


def test_detail_and_notes_stand_below_the_place():
    told = as_text(
        story(
            replace(
                FAIL,
                surprise=replace(SURPRISE, detail=("0000 41 42", "")),
                notes=("501 accepted,\n555 best",),
            )
        )
    )

    assert (
        "met    250 2.1.5 ok\n     |\n     | 0000 41 42\n     |\n  = note: 501 accepted, 555 best\n"
        in told
    )


def test_a_value_of_several_lines_stays_in_its_column():
    told = as_text(story(replace(FAIL, surprise=replace(SURPRISE, wanted="a\nb", met=""))))

    assert "wanted a\n     |                     b\n     |              met    nothing\n" in told


def test_a_long_line_of_the_author_leaves_no_room_beside_it():
    long = replace(SURPRISE, at=replace(SPOT, text="  C: " + "x" * 200))
    told = as_text(story(replace(FAIL, surprise=long))).splitlines()

    carets = next(place for place, line in enumerate(told) if "^^^" in line)
    assert told[carets].endswith("^")
    assert "wanted 503" in told[carets + 1]


def test_a_long_value_is_folded():
    told = as_text(short_story(replace(FAIL, surprise=replace(SURPRISE, met="m" * 5000))))

    assert "[... 4600 characters ...]" in told


@pytest.mark.parametrize("outcome", [*ONE_OF_EACH, ATTACKED], ids=lambda one: one.verdict)
def test_nothing_in_a_story_moves_a_terminal(outcome):
    for line in story(outcome):
        assert line.text.isprintable()


def test_nothing_eats_what_stands_in_brackets():
    told = as_text(story(ATTACKED))

    assert "[127.0.0.1] [red]" in told


@pytest.mark.parametrize("outcome", ONE_OF_EACH, ids=lambda one: one.verdict)
def test_a_headline_is_one_line_and_never_empty(outcome):
    for one in (outcome, replace(outcome, reason="", surprise=None), ATTACKED):
        assert headline(one)
        assert headline(one).isprintable()


def test_a_headline_says_what_was_unlike_the_wish():
    assert headline(FAIL) == "wanted 503|5xx, met 250 2.1.5 ok"
    assert headline(SKIP) == "needs delivery"
    assert headline(MET) == "met"


def test_each_line_knows_what_it_is():
    parts = [line.part for line in story(FAIL)]

    assert parts[0] is Part.HEADLINE
    assert parts.count(Part.CARET) == 3
    assert parts.count(Part.CLIENT) == 1
    assert parts.count(Part.SERVER) == 2
    assert parts[-1] is Part.COMMAND
    assert FAIL.verdict is Verdict.FAIL
