"""Replies that are due: `S:` lines, what is below them, and branches."""

from __future__ import annotations

import pytest

from harness.documents import Place
from harness.transcripts.expecting import overlap
from harness.transcripts.steps import Expect, Silence
from harness.transcripts.wants import (
    Enhanced,
    ExactTexts,
    FirstWordIsDomain,
    Has,
    Lacks,
    LineCount,
    Octets,
    TextMatches,
    Variable,
    Want,
    WellFormed,
)
from tests.transcripts.written import LISTED, steps, told


def expect(dialogue: str, keys: str = "") -> Expect:
    (step,) = steps(dialogue, keys)
    assert isinstance(step, Expect)
    return step


WANTS = {
    "S: 250": Want(("250",)),
    "S: 250 commentary |x": Want(("250",)),
    "S: 250|4xx|55x|close": Want(("250", "4xx", "55x", "close")),
    "S: any": Want(("any",)),
    "S: close": Want(("close",)),
    "S: 503?": Want(("503",), optional=True),
    "S: 503|close? maybe": Want(("503", "close"), optional=True),
    "S: 250-a\nS: 250-b\nS: 250 c": Want(("250",)),
    "S: 250-a\nS: 250": Want(("250",)),
}


@pytest.mark.parametrize("line", WANTS)
def test_a_want_is_a_word_and_the_rest_commentary(line):
    assert expect(line).want == WANTS[line]


def test_a_want_is_written_as_it_was():
    assert str(Want(("250", "4xx"), optional=True)) == "250|4xx?"
    assert str(Want(("close",))) == "close"


def test_several_lines_are_several_replies_unless_they_are_continued():
    found = steps("C: x\nS: 250\nS: 250-a\nS: 250 b\nS: 5xx")

    assert [step.at.line for step in found] == [5, 6, 7, 9]


def test_commentary_may_hold_anything():
    said = expect("S: 250 {not closed, {a b} and {token}").said

    assert said[0].pieces[-1] == Variable(
        "token", Place("x.smtp.yaml", 5, 37, "      S: 250 {not closed, {a b} and {token}", 7)
    )


CHECKS = {
    "has SIZE": Has,
    "has auth PLAIN": Has,
    "lacks XCLIENT": Lacks,
    "enhanced 5.5.x": Enhanced,
    "enhanced x.1.x|2.0.0": Enhanced,
    r"octets 334\x20\r\n": Octets,
    "wellformed": WellFormed,
    r"text ~ ^\d{3} a": TextMatches,
    "line ~ {domain}": TextMatches,
    "decoded ~ ^<": TextMatches,
    "lines 2": LineCount,
    "first word is domain": FirstWordIsDomain,
}


@pytest.mark.parametrize("modifier", CHECKS)
def test_what_is_below_is_checked_of_the_same_reply(modifier):
    (check,) = expect(f"S: 250\n  {modifier}").checks

    assert isinstance(check, CHECKS[modifier])
    assert check.at.line == 6


def test_checks_keep_what_they_were_written_with():
    has, lacks, size, every, some, challenge = expect("""
        S: 250
          has auth PLAIN
          lacks xclient
          lines 12
          line ~ a
          text ~ a
          decoded ~ a
    """).checks

    assert isinstance(has, Has)
    assert (has.keyword, has.parameter) == ("AUTH", "PLAIN")
    assert isinstance(lacks, Lacks)
    assert (lacks.keyword, lacks.parameter) == ("XCLIENT", None)
    assert isinstance(size, LineCount)
    assert size.count == 12
    assert isinstance(every, TextMatches)
    assert isinstance(some, TextMatches)
    assert (every.every, some.every) == (True, False)
    assert isinstance(challenge, TextMatches)
    assert [it.decoded for it in (every, some, challenge)] == [False, False, True]


def test_best_within_and_as():
    found = expect("S: 5xx\n  best 501|502\n  within 1.5s\n  as reply")

    assert found.best == Want(("501", "502"))
    assert found.within == 1.5
    assert found.capture == "reply"


def test_modifiers_of_all_lines_of_a_reply_count():
    found = expect("S: 250-a\n  has A\nS: 250 b\n  has B")

    assert [check.keyword for check in found.checks if isinstance(check, Has)] == ["A", "B"]


def test_wellformed_after_ehlo_asks_for_the_grammar_of_keywords():
    *_, ehlo, _, noop = steps(
        "C: ehlo {our_name}\nS: 250\n  wellformed\nC: NOOP\nS: 250\n  wellformed"
    )

    assert [
        check for step in (ehlo, noop) if isinstance(step, Expect) for check in step.checks
    ] == [
        WellFormed(Place("x.smtp.yaml", 7, 9, "        wellformed", 10), to_ehlo=True),
        WellFormed(Place("x.smtp.yaml", 10, 9, "        wellformed", 10)),
    ]


def test_after_ehlo_there_may_be_silence():
    assert isinstance(steps("C: EHLO x\nS: silence 1s\nS: 250")[1], Silence)


def test_exact_texts_are_checked_with_names_exchanged():
    found = expect("S: 250-a crepes.fr\nS: 250", "texts: exact\nnames: {crepes.fr: our_name}")

    (check,) = found.checks
    assert isinstance(check, ExactTexts)
    first, last = check.texts
    assert first.pieces[0] == b"a "
    assert isinstance(first.pieces[1], Variable)
    assert (first.pieces[1].name, first.pieces[1].written) == ("our_name", b"crepes.fr")
    assert last.pieces == ()


def test_silence_has_a_length():
    (step,) = steps("S: silence 299s")

    assert isinstance(step, Silence)
    assert step.seconds == 299


def test_branches_come_with_steps_of_their_own():
    found = expect("""
        S: 250|4xx|close
          within 5s
          on 4xx:
            C: a
            S: 250
              on 250:
                C: deep
          on close:
            * connect again
          else:
            C: b
    """)

    assert [str(branch.want) for branch in found.branches] == ["4xx", "close", "None"]
    assert [len(branch.steps) for branch in found.branches] == [2, 1, 1]


WRONG = {
    "S: 25": "'25' is no reply (a reply is a code such as 250, a class such as 4xx or 55x, any, "
    "or close)",
    "S: 4yz": "'4yz' is no reply (the class is written 4xx)",
    "S: 250|": "'' is no reply (a reply is a code such as 250, a class such as 4xx or 55x, any, "
    "or close)",
    "S:": "`S:` wants no reply (write a code, a class such as 4xx, any or close)",
    "S: 150": "'150' is no reply (a reply is a code such as 250, a class such as 4xx or 55x, any, "
    "or close)",
    "S: silence": "how long is the silence? (write `S: silence 2s`)",
    "S: silence long": "how long is the silence? (write `S: silence 2s`)",
    "S: 250-a": "this reply has no end (`S: 250 ...` ends what `S: 250-...` begins)",
    "S: 250-a\nC: x": "this reply has no end (`S: 250 ...` ends what `S: 250-...` begins)",
    "S: 251-a\nS: 250 b": "a line of another reply than the 250 that ends it "
    "(all lines of a reply carry its code)",
    "S: 250\n  bset 501": "unknown modifier 'bset' (did you mean 'best'?)",
    "S: 250\n  best": "this is not how 'best' is written (write `best 501`)",
    "S: 250\n  best 5yz": "'5yz' is no reply (the class is written 5xx)",
    "S: 250\n  within 5": "'5' is no duration (such as 5s, 200ms or 2m)",
    "S: 250\n  lines 0": "'0' is no whole number",
    "S: 250\n  text a": "this is not how 'text' is written (write `text ~ REGEX`)",
    "S: 250\n  text ~ [": "not a regular expression: unterminated character set at position 0",
    r"S: 250" "\n" r"  octets \q": r"unknown escape \q (there are \r \n \t \0 \\ \xHH)",
    "S: 250\n  enhanced 250": "this is not how 'enhanced' is written (write `enhanced 5.5.x`)",
    "S: 250\n  within 1s\n  within 2s": "'within 2s' is said twice, or against another",
    "S: 250\n  lines 2\n    best 501": "nothing may stand below 'lines 2'",
    "S: 250\n  on 250:\n    C: x\n  best 250": "'best 250' after a branch (branches come last)",
    "S: 250\n  on 250": "'on 250' is no branch (write `on 4xx:` or `else:`)",
    "S: 250\n  else": "'else' is no branch (write `on 4xx:` or `else:`)",
    "S: 250\n  on 250:": "an empty branch (indent its lines below it)",
    "S: 250\n  on 25:\n    C: x": "'25' is no reply (a reply is a code such as 250, a class such "
    "as 4xx or 55x, any, or close)",
    "S: 250\n  on 354:\n    C: x": "this branch is never taken: 250 is wanted above",
    "S: 250\n  else:\n    C: x\n  on 250:\n    C: x": "a branch after `else:` is never taken",
    "S: silence 1s\n  best 250": "unknown modifier 'best'",
}


@pytest.mark.parametrize("dialogue", WRONG)
def test_what_is_wrong_with_a_reply_is_one_complaint(dialogue):
    assert told(dialogue) == [WRONG[dialogue]]


def test_below_a_bad_want_everything_is_still_looked_at():
    assert told("S: 25\n  bset 1\n  on 354:\n    C: {nix}") == [
        "'25' is no reply (a reply is a code such as 250, a class such as 4xx or 55x, any, "
        "or close)",
        "unknown modifier 'bset' (did you mean 'best'?)",
        "unknown variable 'nix' " + LISTED,
    ]


OVERLAPS = [
    ("250", "250", True), ("250", "251", False), ("25x", "251", True), ("4xx", "5xx", False),
    ("any", "250", True), ("any", "close", False), ("close", "close", True), ("any", "any", True),
    ("close", "4xx", False), ("250|354", "3xx", True),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "answer"), OVERLAPS)
def test_two_wants_overlap_if_some_reply_fits_both(one, other, answer):
    first, second = Want(tuple(one.split("|"))), Want(tuple(other.split("|")))

    assert overlap(first, second) is answer
    assert overlap(second, first) is answer
