"""What a client said against what it must say."""

from __future__ import annotations

import pytest

from harness.results import Surprise
from harness.transcripts.listening import Said, listen
from harness.transcripts.steps import Hear
from tests.transcripts.written import case, steps


def hear(dialogue: str, keys: str = "") -> Hear:
    (step,) = steps(dialogue, f"role: client\n{keys}")
    assert isinstance(step, Hear)
    return step


def said(dialogue: str, line: str, keys: str = "", **options) -> Said | Surprise:
    return listen(hear(dialogue, keys), line.encode() + b"\r\n", **options)


# what must be said -> what was said -> whether it is that
LINES = {
    "QUIT": {"QUIT": True, "quit": True, "QUIT ": False, "QUITS": False, "": False},
    "": {"": True, "x": False},
    ".": {".": True, "..": False},
    "Do you like ketchup?": {"Do you like ketchup?": True, "do you like ketchup?": False},
    "EHLO {name}": {"EHLO a.test": True, "ehlo a.test": True, "HELO a.test": False, "EHLO": False},
    "MAIL FROM:<{s}>": {
        "MAIL FROM:<a@b>": True, "mail from:<a@b>": True, "MAIL FROM:<>": True,
        "MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME": True, "MAIL FROM: <a@b>": False,
        "MAIL FROM:<a@b>SIZE=10": False, "MAIL FROM:a@b": False, 'MAIL FROM:<"a>b"@c>': True,
    },
    "MAIL FROM: <{s}>": {"MAIL FROM: <a@b>": True, "MAIL FROM:<a@b>": True, "Mail From:<a>": True},
    "MAIL FROM:<a@b> SIZE=10": {
        "MAIL FROM:<a@b> size=10": True, "MAIL FROM:<a@b> SIZE=10 BODY=7BIT": True,
        "MAIL FROM:<a@b>": False, "MAIL FROM:<A@b> SIZE=10": False,
    },
    "RCPT TO:<{r}> NOTIFY=NEVER": {"rcpt to:<a> notify=never": True, "RCPT TO:<a>": False},
    "AUTH PLAIN {response}": {"auth plain abc": True, "AUTH LOGIN abc": False},
    "AUTH PLAIN": {"AUTH plain": True},
    "{verb} x": {"a x": True, "a b x": True, "a y": False},
    "a{x}b{y}c": {"a1b2c": True, "abc": True, "a1c": False},
}  # fmt: skip


@pytest.mark.parametrize("due", LINES)
def test_lines(due):
    for line, is_it in LINES[due].items():
        assert isinstance(said(f"C: {due}".rstrip(), line), Said) is is_it, line


BOUND = {
    ("EHLO {name}", "EHLO a b"): {"name": b"a b"},
    ("MAIL FROM:<{s}>", "MAIL FROM:<> SIZE=1"): {"s": b""},
    ("RCPT TO:<{local}@{domain}>", "RCPT TO:<a@b@c>"): {"local": b"a", "domain": b"b@c"},
    ("{x}-{x}", "1-2"): {"x": b"2"},
}


@pytest.mark.parametrize(("due", "line"), BOUND)
def test_a_variable_binds_up_to_the_next_literal(due, line):
    assert said(f"C: {due}", line) == Said(bound=BOUND[due, line])


def test_an_empty_line_is_called_so():
    found = said("C: .", "")

    assert isinstance(found, Surprise)
    assert found.met == "an empty line"


def test_names_are_bound_unless_the_dialogue_runs_as_it_is_written():
    keys = "names: {crepes.fr: our_name}"

    assert said("C: HELO crepes.fr", "HELO a.test", keys) == Said(bound={"our_name": b"a.test"})
    assert said("C: HELO crepes.fr", "HELO crepes.fr", keys, as_written=True) == Said()
    assert isinstance(said("C: HELO crepes.fr", "HELO a.test", keys, as_written=True), Surprise)


def test_what_a_row_sets_is_compared_and_not_bound():
    keys = "role: client\neach: [{id: x, verb: VRFY, a: 'x{domain}', b: '>'}]"
    found = case("C: {verb} <{a}{b}>", keys)
    (step,) = found.steps
    assert isinstance(step, Hear)

    assert listen(step, b"VRFY <xy>>\r\n", row=found.values) == Said(bound={"domain": b"y"})
    wrong = listen(step, b"EXPN <xy>>\r\n", row=found.values)
    assert isinstance(wrong, Surprise)
    assert wrong.wanted == "VRFY <x{domain}>>"


# params -> what stands behind the path -> what is wrong with it
PARAMETERS = {
    "params": {"": "", " SIZE=1": "the parameter SIZE is not allowed"},
    "params SIZE? BODY?": {
        "": "", " size=1": "", " BODY=7BIT SIZE=1": "",
        " SMTPUTF8": "the parameter SMTPUTF8 is not allowed",
        " SIZE=1 SIZE=2": "SIZE is given twice",
        " SIZE==": "SIZE== is no parameter",
    },
    "params SIZE": {"": "the parameter SIZE is missing", " SIZE=1": ""},
    "params BODY=8BITMIME?": {
        "": "", " body=8bitmime": "", " BODY=7BIT": "the parameter BODY is 7BIT, not 8BITMIME",
    },
}  # fmt: skip


@pytest.mark.parametrize("params", PARAMETERS)
def test_parameters(params):
    for given, wrong in PARAMETERS[params].items():
        found = said(f"C: MAIL FROM:<{{s}}>\n  {params}", f"MAIL FROM:<a@b>{given}")
        if wrong:
            assert isinstance(found, Surprise), given
            assert found.detail == (wrong,)
        else:
            assert isinstance(found, Said), given


def test_any_parameter_is_allowed_where_none_is_named():
    assert isinstance(said("C: MAIL FROM:<{s}>", "MAIL FROM:<a> X=1 SIZE=="), Said)


DUE = """
    C: DATA
      or QUIT
      or close
      on DATA:
        S: 354 go on
      on QUIT:
        S: 221 bye
      on close:
        * wait 1s
"""


def test_a_client_may_do_something_else_if_it_is_allowed_to():
    due = hear(DUE)

    assert listen(due, b"data\r\n") == Said(branch=due.branches[0])
    assert listen(due, b"quit\r\n") == Said(branch=due.branches[1])
    assert listen(due, None) == Said(branch=due.branches[2], closed=True)


def test_else_is_for_what_no_branch_names():
    due = hear("C: DATA\n  or RSET\n  on DATA:\n    S: 354 x\n  else:\n    S: 250 x")

    assert listen(due, b"RSET\r\n") == Said(branch=due.branches[1])


def test_what_was_not_due_is_told():
    found = said(DUE, "RSET")

    assert isinstance(found, Surprise)
    assert str(found) == "wanted DATA|QUIT|close, met RSET"
    assert found.at.line == 6
    assert found.at.text == "C: DATA"


def test_a_client_that_goes_away_is_told():
    found = listen(hear("C: MAIL FROM:<{sender}>"), None)

    assert isinstance(found, Surprise)
    assert str(found) == "wanted MAIL FROM:<{sender}>, met the connection was closed"
