"""Client lines and writes, who speaks on which connection, and which variables are known."""

from __future__ import annotations

import pytest

from harness.transcripts.steps import Expect, Hear, Line, Say, Write
from tests.transcripts.written import LISTED, steps, told


def line(dialogue: str) -> Line:
    (write,) = steps(dialogue)
    assert isinstance(write, Write)
    return write.lines[-1]


def test_consecutive_client_lines_are_one_write():
    found = steps("C: a\nC! b\nS: 250\nC: c\n* wait 1s\nC: d")

    assert [type(step).__name__ for step in found] == ["Write", "Expect", "Write", "Wait", "Write"]
    assert isinstance(found[0], Write)
    assert len(found[0].lines) == 2


def test_another_connection_is_another_write():
    found = steps("* connect two\nC: a\nC(two): b\nC(two)! c\nC: d\nS(two): 250")

    assert [step.connection for step in found[1:] if isinstance(step, Write | Expect)] == [
        "", "two", "", "two"
    ]  # fmt: skip


def test_a_line_may_be_cut_and_may_wait():
    assert line("C: a\n  split every byte").split == 1
    assert line("C: a\n  split every byte").split_every
    assert line("C: a\n  split after 3").split == 3
    assert not line("C: a\n  split after 3").split_every
    assert line("C: a\n  after 200ms").after == 0.2


@pytest.mark.parametrize(
    ("below", "is_cut"), [("split after 3", True), ("after 1s", True), ("", False)]
)
def test_a_write_that_the_author_cuts_is_left_as_it_is(below, is_cut):
    (write,) = steps(f"C: a\n  {below}\nC: b" if below else "C: a")

    assert isinstance(write, Write)
    assert write.is_cut is is_cut


WRONG = {
    "C: a\n  split": "this is not how 'split' is written "
    "(write `split every byte` or `split after 3`)",
    "C: a\n  split after none": "'none' is no whole number",
    "C: a\n  split after 3\n  split every byte": "'split every byte' is said twice, "
    "or against another",
    "C: a\n  best 250": "unknown modifier 'best' (there are: after, split)",
    "C: {size}\nS: 250": "{size} counts the client lines that follow at once, and none does "
    "(for a pause, indent `after 200ms`)",
    "C: {recipent}": "unknown variable 'recipent' (did you mean 'recipient'?)",
    "C: {sasl}": "{sasl} before any `* sasl` (write `* sasl PLAIN` above)",
    "S: 250\n  octets {size}": "{size} is for client lines",
    "C: {late}\nS: 250\n  as late": "unknown variable 'late' " + LISTED,
    "S: 250\n  as token": "{token} has a meaning of its own (take another name)",
    "C: {fill 9 as sender}": "{sender} has a meaning of its own (take another name)",
    "* repeat 2 as size\n  C: x": "{size} has a meaning of its own (take another name)",
    "* repeat 2 as number\n  C: x\nC: {number}": "unknown variable 'number' " + LISTED,
    "S: 250|4xx\n  on 250:\n    S: 250\n      as deep\nC: {deep}": "unknown variable 'deep' "
    + LISTED,
}


@pytest.mark.parametrize("dialogue", WRONG)
def test_what_is_wrong_with_a_client_line_is_one_complaint(dialogue):
    assert told(dialogue) == [WRONG[dialogue]]


KNOWN = {
    "a capture": "S: 250\n  as reply\nC: {reply}",
    "a capture in a branch": "S: 250\n  as reply\n  on 250:\n    C: {reply}",
    "a capture in its own branch": "S: 250\n  on 250:\n    S: 250\n      as deep\n    C: {deep}",
    "a filling": "C: {fill 100 as long}\nC: {long}",
    "a filling without a name": "C: {fill 100}",
    "a counter": "* repeat 3 as n\n  C: {n}",
    "a capture out of a repetition": "* repeat 3\n  S: 250\n    as reply\nC: {reply}",
    "an answer": "* sasl PLAIN\nC: AUTH PLAIN {sasl}",
    "a size": "C: BDAT {size}\nC: x",
    "facts": "C: {token}{our_name}{domain}{sender}{recipient}{recipient2}{unknown}{foreign}{many}",
    "facts in checks": "S: 250\n  text ~ {domain}\n  octets {our_name}\\r\\n",
}


@pytest.mark.parametrize("dialogue", KNOWN.values(), ids=KNOWN)
def test_a_variable_is_known_once_it_is_set(dialogue):
    assert told(dialogue) == []


def test_a_relay_is_spoken_to_and_spoken_with():
    found = steps(
        "C: NOOP\nS: 250\n* accept hop\nS(hop): 220 us\nC(hop): EHLO {mta}\nS(hop): 250 {mta}",
        "role: relay",
    )

    kinds = [type(step) for step in found]
    assert kinds[:2] == [Write, Expect]
    assert kinds[3:] == [Say, Hear, Say]
