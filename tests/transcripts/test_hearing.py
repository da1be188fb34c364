"""Where we are the server: what is said, and what must be heard."""

from __future__ import annotations

import pytest

from harness.transcripts.steps import Bind, Hangup, Hear, HearText, Say, Silence
from tests.transcripts.written import LISTED, steps, told

CLIENT = "role: client"


def heard(dialogue: str, keys: str = CLIENT) -> Hear:
    (step,) = steps(dialogue, keys)
    assert isinstance(step, Hear)
    return step


def pattern(hear: Hear) -> list[str | bytes]:
    return [it.name if isinstance(it, Bind) else it for it in hear.pattern]


def test_consecutive_server_lines_are_one_write_as_written():
    say, hangup, raw = steps("S: 220-{server}\nS: 220 ESMTP\nS: close\nS! 250 x\\n", CLIENT)

    assert isinstance(say, Say)
    assert say.octets.pieces[0] == b"220-"
    assert say.octets.pieces[2] == b"\r\n220 ESMTP\r\n"
    assert isinstance(hangup, Hangup)
    assert isinstance(raw, Say)
    assert raw.octets.pieces == (b"250 x\n",)


def test_silence_is_not_said():
    (step,) = steps("S: silence 2s", CLIENT)

    assert isinstance(step, Silence)


def test_every_client_line_is_heard_by_itself():
    found = steps("C: MAIL FROM:<{sender}>\nC:\nC! DATA\\r\\n", CLIENT)

    assert [pattern(step) for step in found if isinstance(step, Hear)] == [
        [b"MAIL FROM:<", "sender", b">"], [], [b"DATA"]
    ]  # fmt: skip


def test_names_are_bound_where_they_stand():
    (bind,) = [it for it in heard("C: HELO crepes.fr", "role: client\nnames: {crepes.fr: our_name}")
               .pattern if isinstance(it, Bind)]  # fmt: skip

    assert (bind.name, bind.written) == ("our_name", b"crepes.fr")


def test_all_lines_to_the_lone_dot():
    text, say = steps("C: {text...}\nS: 250 {text}", CLIENT)

    assert isinstance(text, HearText)
    assert text.name == "text"
    assert isinstance(say, Say)


def test_what_a_client_may_do_instead_and_what_it_must_not():
    found = heard("""
        C: RCPT TO:<{a}>
          or rset
          or close
          params SIZE? body=8bitmime?
          waits
          alone
    """)

    assert found.alternatives == ("RSET", "close")
    assert found.params == ("SIZE?", "BODY=8BITMIME?")
    assert found.waits
    assert found.alone


def test_no_parameter_is_allowed_or_any():
    assert heard("C: RCPT TO:<{a}>\n  params").params == ()
    assert heard("C: RCPT TO:<{a}>").params is None


def test_branches_are_named_by_what_the_client_did():
    found = heard("""
        C: data
          or RSET
          or close
          on DATA:
            S: 354 go on
            C: .
          on rset:
            S: 250 ok
          on close:
            * accept again
          else:
            S: 250 ok
    """)

    assert [branch.verb for branch in found.branches] == ["DATA", "RSET", "close", None]
    assert [len(branch.steps) for branch in found.branches] == [2, 1, 1, 1]


def test_a_line_that_begins_with_a_variable_may_branch_anywhere():
    found = heard("C: {verb} x\n  on QUIT:\n    S: 221 bye")

    assert found.branches[0].verb == "QUIT"


WRONG = {
    "S: 250 ok\n  best 251": "nothing may stand below what the harness says "
    "(modifiers belong to what the target says)",
    "S: silence": "how long is the silence? (write `S: silence 2s`)",
    "C: {a}{b}": "nothing parts {a} from {b} (a variable binds up to the next literal)",
    "C! DATA": r"this is not one line (what a client must say ends in \r\n, once)",
    r"C! A\r\nB\r\n": r"this is not one line (what a client must say ends in \r\n, once)",
    "C: DATA\n  params SIZE??": "this is not how 'params' is written (write `params SIZE? BODY?`)",
    "C: DATA\n  or": "this is not how 'or' is written (write `or RSET`)",
    "C: DATA\n  on RSET:\n    S: 250 ok": "unknown branch 'RSET' (there are: DATA)",
    "C: DATA\n  within 5s": "unknown modifier 'within' (there are: alone, or, params, waits)",
    "C: {text...}\n  waits": "nothing may stand below '{text...}'",
    "S: 250 {nix}": "unknown variable 'nix' " + LISTED,
    "C: {fill 9}{a}": "nothing parts {fill} from {a} (a variable binds up to the next literal)",
}


@pytest.mark.parametrize("dialogue", WRONG)
def test_what_is_wrong_is_one_complaint(dialogue):
    assert told(dialogue, CLIENT) == [WRONG[dialogue]]


def test_what_a_client_says_may_be_named_like_a_fact():
    assert told("C: MAIL FROM:<{sender}>\nS: 250 {sender} ok\nC: {token...}", CLIENT) == []


def test_a_branch_knows_what_was_bound():
    assert told("C: VRFY {name}\n  or QUIT\n  on VRFY:\n    S: 252 {name}", CLIENT) == []


def test_a_client_s_case_begins_when_it_connects():
    assert told("C: x", "role: client\nstart: hello") == [
        "a client's case begins when the client connects (leave `start:` out)"
    ]
    assert told("C: x", "role: client\nstart: connect") == []
