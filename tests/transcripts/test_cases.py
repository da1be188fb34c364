"""Cases and suites: their keys, what they inherit, what follows from their dialogues."""

from __future__ import annotations

import pytest

from harness.documents import Complaints, DocumentError
from harness.results import Grade
from harness.transcripts.loader import find_suites, load_suite, read_suite, shipped_suites
from harness.transcripts.model import Case, Role
from harness.transcripts.steps import Start
from tests.transcripts.written import CATALOGUE, case, read, sentences, told, wrap

HEAD = "suite: s\ncases:\n"
DIALOGUE = "    dialogue: |\n      C: NOOP\n      S: 250\n"


def cases(text: str) -> tuple[Case, ...]:
    suite, complaints = read(text)
    assert complaints == []
    assert suite is not None
    return suite.cases


def test_a_case_is_what_its_keys_say():
    found = case(
        "C: NOOP\nS: 250",
        """
        title: NOOP works
        checks: [must-1, should-1]
        caught_by: no-noop
        start: mail
        end: drop
        over: submission
        needs: [SIZE, unknown-rcpt]
        segment: as-written
        grade: vulnerability
        why: it is
        note: some do
        """,
    )

    assert found.address == "s/a"
    assert (found.title, found.note, found.why) == ("NOOP works", "some do", "it is")
    assert found.checks == ("must-1", "should-1")
    assert (found.caught_by, found.start, found.over) == ("no-noop", Start.MAIL, "submission")
    assert found.drops
    assert found.as_written
    assert found.grade == "vulnerability"
    assert found.needs == ("ext:SIZE", "unknown-rcpt", "submission-port")
    assert found.at.line == 3


def test_a_case_needs_little():
    found = case("C: NOOP\nS: 250")

    assert (found.title, found.checks, found.caught_by, found.grade) == ("a", (), None, None)
    assert (found.role, found.start, found.over) == (Role.SERVER, Start.CONNECT, None)
    assert (found.drops, found.as_written, found.needs, found.row) == (False, False, (), None)


def test_a_suite_speaks_for_its_cases():
    one, two = cases("""
        suite: rfc5321/4.5.2
        title: Dots
        role: client
        over: submission
        needs: SIZE
        names: {a.b: our_name, c.d: domain}
        segment: as-written
        texts: exact
        cases:
          - id: one
            dialogue: |
              C: HELO a.b
              S: 250 a.b
          - id: two
            role: server
            over: smtps
            needs: PIPELINING
            names: {a.b: sender}
            texts: codes
            dialogue: |
              C: a.b c.d
              S: 250 a.b
    """)

    assert one.address == "rfc5321/4.5.2/one"
    assert (one.role, one.over, one.as_written) == (Role.CLIENT, "submission", True)
    assert one.needs == ("ext:SIZE", "client-driver", "submission-port")
    assert (two.role, two.over, two.as_written) == (Role.SERVER, "smtps", True)
    assert two.needs == ("ext:SIZE", "ext:PIPELINING", "implicit-tls-port", "tls", "domain")
    write, expect = two.steps
    assert [it.name for it in write.lines[0].octets.variables] == ["sender", "domain"]  # type: ignore[union-attr]  # read above
    assert expect.checks == ()  # type: ignore[union-attr]  # read above


def test_a_suite_s_title_is_its_own_or_its_id():
    assert read("suite: a/b\ntitle: T\ncases: []")[0].title == "T"  # type: ignore[union-attr]  # read above
    assert read("suite: a/b\ncases: []")[0].title == "a/b"  # type: ignore[union-attr]  # read above


SUITES = {
    "no suite": ("cases: []", ["a suite has no 'suite'"]),
    "no cases": ("suite: s", ["a suite has no 'cases'"]),
    "a suite's id": ("suite: a b\ncases: []", ["'a b' is no id (such as rfc5321/4.5.2)"]),
    "a slash too many": ("suite: a/\ncases: []", ["'a/' is no id (such as rfc5321/4.5.2)"]),
    "a list": ("- a", ["a suite must be a mapping: `key: value` lines"]),
    "a text for a case": (HEAD + "  - a", ["a case must be a mapping: `key: value` lines"]),
    "no dialogue": (HEAD + "  - id: a", ["a case has no 'dialogue'"]),
    "no id": (HEAD + "  - title: a\n" + DIALOGUE, ["a case has no 'id'"]),
    "a number": (HEAD + "  - id: 3\n" + DIALOGUE,
                 ["'3' is no id (ids are names, never positions)"]),
    "no name": (HEAD + "  - id: a b\n" + DIALOGUE, ["'a b' is no id (letters, digits, '.', '-' "
                "and '_', at least one letter among them)"]),
    "an id twice": (HEAD + "  - id: a\n" + DIALOGUE + "  - id: a\n" + DIALOGUE,
                    ["the id 'a' is repeated (the case in line 3 has it)"]),
    "a key": (HEAD + "  - id: a\n    titel: x\n" + DIALOGUE,
              ["unknown key 'titel' (did you mean 'title'?)"]),
    "a mistyped dialogue": (HEAD + "  - id: a\n    dialog: |\n      C: x\n",
                            ["unknown key 'dialog' (did you mean 'dialogue'?)"]),
    "a key of a suite": ("suite: s\nsegmnt: x\ncases: []",
                         ["unknown key 'segmnt' (did you mean 'segment'?)"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "complaints"), SUITES.values(), ids=SUITES)
def test_what_is_wrong_with_a_suite_is_one_complaint(text, complaints):
    assert sentences(text) == complaints


KEYS = {
    "start: recipent": "unknown start 'recipent' (did you mean 'recipient'?)",
    "role: sever": "unknown role 'sever' (did you mean 'server'?)",
    "end: dropp": "unknown end 'dropp' (did you mean 'drop'?)",
    "over: smtpx": "unknown over 'smtpx' (did you mean 'smtp'?)",
    "segment: as-writen": "unknown segment 'as-writen' (did you mean 'as-written'?)",
    "texts: exactly": "unknown texts 'exactly' (did you mean 'exact'?)",
    "checks: must-11": "unknown catalogue id 'must-11' (did you mean 'must-1'?)",
    "needs: PIPLINING": "unknown need 'PIPLINING' (did you mean 'PIPELINING'?)",
    "needs: delivry": "unknown need 'delivry' (did you mean 'delivery'?)",
    "names: {a.b: sendr}": "unknown variable 'sendr' (did you mean 'sender'?)",
    "grade: MAY": "unknown grade 'MAY' (there are: MUST, SHOULD, vulnerability)",
    "grade: MUST": "a grade raised to MUST without a reason (add `why:`)",
    "checks: must-1\ngrade: SHOULD\nwhy: x": "SHOULD lowers the MUST of must-1 "
    "(a case may only raise its grade)",
    "checks: may-1\ngrade: SHOULD": "a grade raised to SHOULD without a reason (add `why:`)",
    "title: {token}": 'a mapping where text is wanted (quote it: "{token}")',
    "checks: {must-1}": 'a mapping where text is wanted (quote it: "{must-1}")',
}


@pytest.mark.parametrize("keys", KEYS)
def test_what_is_wrong_with_a_key_is_one_complaint(keys):
    assert told("C: NOOP\nS: 250", keys) == [KEYS[keys]]


RIGHT = [
    "checks: may-1\ngrade: SHOULD\nwhy: everybody does",
    "checks: should-1\ngrade: MUST\nwhy: it hurts",
    "checks: derived-1\ngrade: MUST\nwhy: it hurts",
    "checks: derived-1\ngrade: SHOULD",
    "checks: must-1\ngrade: MUST",
    "checks: must-1\ngrade: vulnerability",
    "checks: folklore-1\ngrade: vulnerability",
    "grade: vulnerability",
    "grade: MUST\nwhy: it hurts",
    "checks: []",
    "needs: [XCLIENT, many, slow, crash, EXPN, 'ext:SIZE']",
]


@pytest.mark.parametrize("keys", RIGHT)
def test_what_a_case_may_say(keys):
    assert told("C: NOOP\nS: 250", keys) == []


GRADES = {
    "must-1": Grade.MUST,
    "must-2": Grade.MUST,
    "derived-1": Grade.SHOULD,
    "should-1": Grade.SHOULD,
    "may-1": Grade.MAY,
    "folklore-1": Grade.DE_FACTO,
}


@pytest.mark.parametrize("id", GRADES)
def test_what_is_only_derived_from_a_sentence_weighs_less(id):
    assert CATALOGUE.entries[id].grade is GRADES[id]


# --- needs -----------------------------------------------------------------------------------

NEEDS = {
    "a recipient": ("C: RCPT TO:<{recipient}>", "", ["local-rcpt"]),
    "a second one": ("C: RCPT TO:<{recipient2}>", "", ["two-rcpts"]),
    "nobody": ("C: RCPT TO:<{unknown}>", "", ["unknown-rcpt"]),
    "a stranger": ("C: RCPT TO:<{foreign}>", "", ["remote-rcpt"]),
    "many": ("* repeat 3\n  C: RCPT TO:<{many}>", "", ["many"]),
    "a size": ("C: MAIL FROM:<{sender}> SIZE={over_size}", "", ["size-limit"]),
    "in a branch": ("S: 250\n  on 250:\n    C: {unknown}", "", ["unknown-rcpt"]),
    "in a check": ("S: 250\n  text ~ {recipient}", "", ["local-rcpt"]),
    "exact texts": ("S: 250 {domain}", "texts: exact", ["domain"]),
    "commentary": ("S: 250 {domain}", "", []),
    "always there": ("C: {token}{our_name}{sender}{server}", "", []),
    "starts": ("C: x", "start: recipient", ["local-rcpt"]),
    "starts at data": ("C: x", "start: data", ["local-rcpt"]),
    "starts with tls": ("C: x", "start: tls", ["tls", "ext:STARTTLS"]),
    "starts with implicit tls": ("C: x", "start: tls\nover: smtps", ["implicit-tls-port", "tls"]),
    "starts with auth": ("C: x", "start: auth", ["auth"]),
    "listener": ("C: x", "over: lmtp", ["lmtp"]),
    "starttls": ("* starttls", "", ["tls", "ext:STARTTLS"]),
    "tls": ("* tls", "", ["tls", "ext:STARTTLS"]),
    "auth": ("* auth PLAIN", "", ["anonymous", "auth"]),
    "sasl": ("* sasl PLAIN", "", ["anonymous", "auth"]),
    "auth by hand": ("C: NOOP\nC: auth PLAIN", "", ["anonymous"]),
    "auth once more": ("* auth PLAIN\nC: AUTH PLAIN", "start: auth", ["auth"]),
    "no auth": ("C: AUTHOR\nC: {recipient} AUTH", "", ["local-rcpt"]),
    "another connection": ("* connect x\n  start data\n  over smtps\n  after {greylist}", "",
                           ["implicit-tls-port", "tls", "local-rcpt", "greylist"]),
    "patience": ("S: silence 2.1s", "", ["slow"]),
    "a moment": ("S: silence 2s\n* wait 2s\nC: x\n  after 2s", "", []),
    "waiting": ("* wait 3s", "", ["slow"]),
    "a late line": ("C: x\n  after 3s", "", ["slow"]),
    "delivered": ("C: x", "delivered: {}", ["delivery", "local-rcpt"]),
    "delivered elsewhere": ("C: x", "delivered: {to: '{recipient2}'}", ["delivery", "two-rcpts"]),
    "not delivered": ("C: x", "not_delivered: {}", ["delivery", "local-rcpt"]),
    "bounced": ("C: x", "bounced: {to: '{sender}'}", ["bounce"]),
    "in a header": ("C: x", "delivered: {header: {X: '{unknown}'}}",
                    ["delivery", "local-rcpt", "unknown-rcpt"]),
    "a client": ("C: MAIL FROM:<{recipient}>\nS: 250 {recipient}", "role: client",
                 ["client-driver"]),
    "a relay": ("C: x", "role: relay", ["relay"]),
    "in a row": ("C: {v}", "each: [{id: a, v: '{unknown}'}]", ["unknown-rcpt"]),
    "said already": ("C: {unknown}", "needs: [unknown-rcpt, unknown-rcpt]", ["unknown-rcpt"]),
}  # fmt: skip


@pytest.mark.parametrize(("dialogue", "keys", "needs"), NEEDS.values(), ids=NEEDS)
def test_what_the_case_shows_need_not_be_said(dialogue, keys, needs):
    assert list(case(dialogue, keys).needs) == needs


TOKENS = {
    "in a line": ("C: Subject: {token}", "", True),
    "in a branch": ("S: 250\n  on 250:\n    C: {token}", "", True),
    "in a row": ("C: {v}", "each: [{id: a, v: '{token}'}]", True),
    "nowhere": ("C: x\nS: 250", "", False),
    "in a check": ("S: 250\n  text ~ {token}", "", False),
    "in a row without": ("C: {v}", "each: [{id: a, v: '{sender}'}]", False),
}


@pytest.mark.parametrize(("dialogue", "keys", "holds"), TOKENS.values(), ids=TOKENS)
def test_whether_a_message_can_be_found_by_its_token(dialogue, keys, holds):
    assert case(dialogue, keys).holds_token is holds


# --- lies ------------------------------------------------------------------------------------


def test_a_lie_must_be_one_that_the_server_can_tell():
    text = wrap("C: x", "caught_by: no-unstuf")

    assert sentences(text, lies=["no-unstuff"]) == [
        "unknown lie 'no-unstuf' (did you mean 'no-unstuff'?)"
    ]
    assert sentences(text) == []
    assert sentences(wrap("C: x", "caught_by: no-unstuff"), lies=["no-unstuff"]) == []


# --- files -----------------------------------------------------------------------------------


def test_a_suite_is_loaded_from_its_file(tmp_path):
    path = tmp_path / "x.smtp.yaml"
    path.write_text(wrap("C: NOOP\nS: 250"))

    suite = load_suite(path, CATALOGUE)

    assert suite.path == str(path)
    assert suite.cases[0].at.path == str(path)


def test_all_mistakes_of_a_file_are_raised_together(tmp_path):
    path = tmp_path / "x.smtp.yaml"
    path.write_text(wrap("C: {nix}\nS: 25", "start: mial\nstart: mail"))

    with pytest.raises(DocumentError) as refusal:
        load_suite(path, CATALOGUE)

    assert [complaint.at.line for complaint in refusal.value.complaints] == [4, 5, 7, 8]


def test_a_file_that_cannot_be_read_is_no_suite(tmp_path):
    complaints = Complaints()

    assert read_suite(tmp_path / "nowhere", CATALOGUE, complaints) is None
    assert len(complaints.errors) == 1


def test_suites_are_found_in_the_order_of_sections(tmp_path):
    names = ["4.5.10-z", "4.5.2-a", "4.5.2-b", "4.5-x"]
    for name in names:
        (tmp_path / f"{name}.smtp.yaml").write_text("")
    (tmp_path / "requirements.yaml").write_text("")

    assert [path.name.partition(".smtp")[0] for path in find_suites(tmp_path)] == [
        "4.5-x", "4.5.2-a", "4.5.2-b", "4.5.10-z"
    ]  # fmt: skip


def test_a_file_may_be_named_and_counts_once(tmp_path):
    one, two = tmp_path / "b.smtp.yaml", tmp_path / "a.yaml"
    one.write_text("")
    two.write_text("")

    assert find_suites([two, tmp_path, one]) == [two, one]


def test_our_suites_lie_below_where_the_reader_stands_or_anywhere(tmp_path, monkeypatch):
    root = shipped_suites().absolute().parent
    monkeypatch.chdir(root)
    assert str(shipped_suites()) == "suites"
    monkeypatch.chdir(tmp_path)
    assert shipped_suites().is_absolute()
