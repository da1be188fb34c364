"""The same dialogue with the other side under test."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.transcripts.loader import load_suite, shipped_suites
from harness.transcripts.model import Case, Role
from harness.transcripts.steps import (
    Bind,
    Expect,
    Hangup,
    Hear,
    Repeat,
    Say,
    Step,
    Write,
)
from harness.transcripts.turning import turned
from harness.transcripts.wants import Template
from tests.transcripts.written import case


def text(template: Template) -> str:
    return "".join(
        it.decode() if isinstance(it, bytes) else f"{{{it.name}}}" for it in template.pieces
    )


def shown(step: Step) -> str:
    """A step as one line."""
    match step:
        case Write():
            return "write " + "".join(text(line.octets) for line in step.lines)
        case Expect():
            return f"expect {step.want}"
        case Say():
            return "say " + text(step.octets)
        case Hear():
            return "hear " + "".join(
                f"{{{it.name}}}" if isinstance(it, Bind) else it.decode() for it in step.pattern
            )
        case Repeat():
            return f"repeat {step.count}: " + ", ".join(map(shown, step.steps))
        case _:
            return type(step).__name__


def turn(dialogue: str, keys: str = "") -> list[str]:
    return [shown(step) for step in turned(case(dialogue, keys)).steps]


TO_CLIENT = {
    "a reply is said, a command heard": (
        "S: 220 hi\nC: HELO {our_name}\nS: 250 hello {our_name}",
        ["say 220 hi\r\n", "hear HELO {our_name}", "say 250 hello {our_name}\r\n"],
    ),
    "a group is heard line by line": (
        "C: A\nC: B {token}\nC! C\\r\\nD\\r\\n",
        ["hear A", "hear B {token}", "hear C", "hear D"],
    ),
    "a reply of many lines": ("S: 250-a\nS: 250 b", ["say 250-a\r\n250 b\r\n"]),
    "a code alone": ("S: 354", ["say 354\r\n"]),
    "the first code is said": ("S: 5xx|250|251 ok", ["say 250 ok\r\n"]),
    "what may be missing is not said": ("S: 503? no\nS: 250 ok", ["say 250 ok\r\n"]),
    "we close": ("S: close", ["Hangup"]),
    "the branch of what is said": (
        "S: 354|5xx go\n  on 5xx:\n    C: QUIT\n  on 354:\n    C: .\n    S: 250 ok",
        ["say 354 go\r\n", "hear .", "say 250 ok\r\n"],
    ),
    "no branch of what is said": ("S: 250|5xx ok\n  on 5xx:\n    C: QUIT", ["say 250 ok\r\n"]),
    "any branch": ("S: 250|5xx ok\n  else:\n    C: QUIT", ["say 250 ok\r\n", "hear QUIT"]),
    "again and again": ("* repeat 3\n  C: NOOP\n  S: 250 ok",
                        ["repeat 3: hear NOOP, say 250 ok\r\n"]),
    "for both sides": ("* starttls\n* tls\n* wait 1s\nS: silence 1s",
                       ["StartTls", "Tls", "Wait", "Silence"]),
    "what was filled": ("C: {fill 99}\nC: {fill 99 as x}", ["hear {fill}", "hear {x}"]),
}  # fmt: skip


@pytest.mark.parametrize(("dialogue", "steps"), TO_CLIENT.values(), ids=TO_CLIENT)
def test_a_server_s_dialogue_plays_the_server_to_a_client(dialogue, steps):
    assert turn(dialogue) == steps


TO_SERVER = {
    "what we said is expected": ("S: 220 hi\nS: 250-a\nS: 250 b", ["expect 220", "expect 250"]),
    "a code alone": ("S: 354", ["expect 354"]),
    "what was heard is written": ("C: A {x}\nC: B\nS: 250 {x}\nC: C",
                                  ["write A {x}\r\nB\r\n", "expect 250", "write C\r\n"]),
    "the server closes": ("S: 421 bye\nS: close", ["expect 421", "expect close"]),
    "the branch of the line": (
        "C: data\n  or RSET\n  on RSET:\n    S: 250 ok\n  on DATA:\n    S: 354 go",
        ["write data\r\n", "expect 354"],
    ),
    "any branch": ("C: {x}\n  else:\n    S: 250 ok", ["write {x}\r\n", "expect 250"]),
    "no branch": ("C: DATA\n  or RSET\n  on RSET:\n    S: 250 ok", ["write DATA\r\n"]),
    "an empty line": ("C:\n  else:\n    S: 250 ok", ["write \r\n", "expect 250"]),
    "without a line end": ("S! 250 ok", ["expect 250"]),
}  # fmt: skip


@pytest.mark.parametrize(("dialogue", "steps"), TO_SERVER.values(), ids=TO_SERVER)
def test_a_client_s_dialogue_tests_a_server(dialogue, steps):
    assert turn(dialogue, "role: client") == steps


REFUSED = {
    "a class": ("S: 5xx", "", "5xx cannot be said, a code is needed"),
    "anything": ("S: any", "", "any cannot be said, a code is needed"),
    "half a line": ("C! DATA", "", "a line does not end here"),
    "an action": ("* auth PLAIN", "", "what is done here belongs to one side alone"),
    "all lines": ("C: {text...}", "role: client", "what is done here belongs to one side alone"),
    "no reply": ("S: hello", "role: client", "what is said here is no reply"),
    "a variable for a reply": ("S: {our_name}", "role: client", "what is said here is no reply"),
}


@pytest.mark.parametrize(("dialogue", "keys", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_turned_is_told(dialogue, keys, why):
    with pytest.raises(UsageError, match="this dialogue cannot be turned: ") as refusal:
        turn(dialogue, keys)

    assert str(refusal.value).endswith(why)


def test_only_a_dialogue_from_the_beginning_can_be_turned():
    with pytest.raises(UsageError, match=r"x.smtp.yaml:3: only a dialogue that begins at"):
        turned(case("C: NOOP", "start: hello"))
    with pytest.raises(UsageError, match=r"x.smtp.yaml:3: a relay's case has no other side"):
        turned(case("C: NOOP", "role: relay"))


def test_names_are_bound_where_the_client_says_them():
    found = turned(case("C: HELO a.b\nS: 250 hello a.b", "names: {a.b: our_name}"))

    hear, say = found.steps
    assert isinstance(hear, Hear)
    assert isinstance(hear.pattern[1], Bind)
    assert hear.pattern[1].written == b"a.b"
    assert isinstance(say, Say)
    assert [it.name for it in say.octets.variables] == ["our_name"]


def test_every_step_keeps_its_line():
    found = turned(case("S: 220 x\nC: A\nC: B\nS: 250-x\nS: 250 y"))

    assert [step.at.line for step in found.steps] == [5, 6, 7, 8]


def test_what_only_a_server_can_be_blamed_for_is_left_out():
    found = turned(
        case("C: RCPT TO:<{recipient}>", "caught_by: lie\ndelivered: {}\nchecks: must-1")
    )

    assert (found.role, found.caught_by, found.delivered) == (Role.CLIENT, None, ())
    assert found.needs == ("client-driver",)
    assert found.checks == ("must-1",)


def test_twice_turned_is_what_it_was():
    first = case("S: 220 hi\nC: HELO {our_name}\nS: 250-a\nS: 250 b\nC: A\nC: B\nS: close")

    again: Case = turned(turned(first))

    assert again.role is Role.SERVER
    assert [shown(step) for step in again.steps] == [shown(step) for step in first.steps]
    assert [type(step) for step in turned(first).steps][-1] is Hangup


def test_our_textbook_serves_both_roles():
    found = load_suite(shipped_suites() / "textbook" / "dialogue.smtp.yaml").cases[0]

    said = [text(step.octets) for step in turned(found).steps if isinstance(step, Say)]

    assert said[0] == "220 hamburger.edu\r\n"
    assert said[2] == "250 {sender} ... Sender ok\r\n"
    assert said[-1] == "221 hamburger.edu closing connection\r\n"
