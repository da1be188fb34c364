"""Actions: `*` lines, what is below them, and which side they are for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.documents import Place
from harness.transcripts.steps import (
    Accept,
    Auth,
    CloseNotify,
    Connect,
    HalfClose,
    Repeat,
    Reset,
    Sasl,
    SaslVerified,
    SendFile,
    Start,
    StartTls,
    Tls,
    Wait,
    Write,
)
from harness.transcripts.templates import literal
from harness.transcripts.wants import Template
from tests.transcripts.written import LISTED, steps, told

AT = Place("", 0)

ACTIONS = {
    "* starttls": StartTls(at=AT),
    "*starttls": StartTls(at=AT),
    "* tls": Tls(at=AT),
    "* tls\n  or close": Tls(or_close=True, at=AT),
    "* tls\n  named no.test": Tls(named="no.test", at=AT),
    "* tls\n  unnamed": Tls(named="", at=AT),
    "* tls\n  or fails": Tls(or_fails=True, at=AT),
    "* tls\n  fails": Tls(fails=True, at=AT),
    "* tls\n  only 1.1\n  fails": Tls(only="1.1", fails=True, at=AT),
    "* close-notify": CloseNotify(at=AT),
    "* auth plain": Auth(mechanism="PLAIN", at=AT),
    "* sasl CRAM-MD5": Sasl(mechanism="CRAM-MD5", at=AT),
    "* sasl PLAIN\n  password wrong": Sasl(mechanism="PLAIN", password="wrong", at=AT),
    "* sasl PLAIN\n  password empty": Sasl(mechanism="PLAIN", password="empty", at=AT),
    "* sasl SCRAM-SHA-256\n  spoil nonce": Sasl(mechanism="SCRAM-SHA-256", spoil="nonce", at=AT),
    "* sasl verified": SaslVerified(at=AT),
    "* connect again": Connect(name="again", at=AT),
    "* connect again\n  start mail\n  over lmtp\n  after 2s": Connect(
        name="again", start=Start.MAIL, over="lmtp", after=literal(b"2s"), at=AT
    ),
    "* wait 200ms": Wait(seconds=0.2, at=AT),
    "* half-close": HalfClose(at=AT),
    "* reset": Reset(at=AT),
}


@pytest.mark.parametrize("line", ACTIONS)
def test_actions(line):
    (step,) = steps(line)

    assert step.at.line == 5
    assert replace(step, at=AT) == ACTIONS[line]


def test_a_connection_may_begin_when_the_target_is_ready_for_it():
    (step,) = steps("* connect again\n  after {greylist}")

    assert isinstance(step, Connect)
    assert step.after is not None
    assert [it.name for it in step.after.variables] == ["greylist"]


def test_an_action_may_be_done_on_a_named_connection():
    _, tls, _ = steps("* connect again\n*(again) tls\nC(again): x")

    assert isinstance(tls, Tls)
    assert tls.connection == "again"


def test_the_target_connects_to_us():
    (step,) = steps("* accept hop\n  within 60s\n  not before 5s", "role: relay")

    assert replace(step, at=AT) == Accept(name="hop", within=60, not_before=5, at=AT)


def test_a_repetition_has_steps_of_its_own():
    once, thrice = steps("* repeat 100 as n\n  C: {n}\n  S: 250\n* repeat 3\n  C: x\n  S: 250")

    assert isinstance(once, Repeat)
    assert (once.count, once.name, len(once.steps)) == (100, "n", 2)
    assert isinstance(once.steps[0], Write)
    assert isinstance(thrice, Repeat)
    assert (thrice.count, thrice.name) == (3, None)


def test_a_file_is_sent_from_beside_the_suite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.eml").write_text("x")

    (step,) = steps("* send a.eml")

    assert isinstance(step, SendFile)
    assert step.path == "a.eml"


WRONG = {
    "* stattls": "unknown action 'stattls' (did you mean 'starttls'?)",
    "*": "unknown action '' (there are: accept, auth, close-notify, connect, half-close, repeat, "
    "reset, sasl, send, starttls, tls, wait)",
    "* wait": "this is not how 'wait' is written (write `wait 1s`)",
    "* wait long": "'long' is no duration (such as 5s, 200ms or 2m)",
    "* sasl": "this is not how 'sasl' is written (write `sasl verified` or `sasl MECHANISM`)",
    "* sasl PLAIN\n  spoil all": "this is not how 'spoil' is written "
    "(write `spoil nonce|proof|binding|flag|type|extension|authzid|oneself|blank`)",
    "* tls\n  fail": "unknown modifier 'fail' (did you mean 'fails'?)",
    "* tls\n  or close\n    fails": "nothing may stand below 'or close'",
    "* starttls\n  fails": "unknown modifier 'fails'",
    "* connect again\n  start mial": "unknown start 'mial' (did you mean 'mail'?)",
    "* connect again\n  over smtpx": "unknown listener 'smtpx' (did you mean 'smtp'?)",
    "* connect again\n  after soon": "'soon' is no duration (such as 5s, 200ms or 2m)",
    "* connect again\n  after {soon}": "unknown variable 'soon' " + LISTED,
    "*(again) connect other": "`* connect NAME` is not done on a connection "
    "(write it without (again))",
    "* repeat 0\n  C: x": "'0' is no whole number",
    "* repeat 3": "nothing to repeat (indent the steps below it)",
    "* send nowhere.eml": "no file 'nowhere.eml' beside the suite",
    "* send /etc/passwd": "'/etc/passwd' leads away from the suite (put the file beside it)",
    "* send ../a.eml": "'../a.eml' leads away from the suite (put the file beside it)",
    "* accept hop": "a server under test does not connect to us "
    "(`* accept` is for role client and role relay)",
}


@pytest.mark.parametrize("dialogue", WRONG)
def test_what_is_wrong_with_an_action_is_one_complaint(dialogue):
    opened = "* connect again\n" if dialogue.startswith("*(again)") else ""

    assert told(opened + dialogue) == [WRONG[dialogue]]


def test_how_often_a_server_says_is_not_for_who_is_one():
    assert told("* repeat {rcpt_max}\n  C: NOOP\n  S: 250") == []
    (complaint,) = told("* repeat {our_name}\n  S: 250", "role: client")
    assert complaint.endswith("only a server says how often (write a number)")


@pytest.mark.parametrize("action", ["auth PLAIN", "sasl PLAIN", "sasl verified", "connect again"])
def test_an_action_of_clients_is_not_for_a_server(action):
    (complaint,) = told(f"* {action}", "role: client")

    assert "where the harness is the server (it is for the other side)" in complaint


@pytest.mark.parametrize("action", ["starttls", "tls", "half-close", "reset", "wait 1s"])
def test_other_actions_are_for_both(action):
    assert told(f"* {action}", "role: client") == []


def test_a_template_alone_is_no_duration():
    (step,) = steps("* connect again\n  after 2s")

    assert isinstance(step, Connect)
    assert step.after == Template((b"2s",))
