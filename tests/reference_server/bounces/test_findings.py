"""RFC 3461 5.2 as a table: NOTIFY x what became of the message."""

import itertools

import pytest

from reference_server.bounces.findings import Action, Finding, to_tell

# NOTIFY -> the actions that are told; all others are not
TRUTH = {
    None: {Action.FAILED, Action.DELAYED},
    "NEVER": set(),
    "SUCCESS": {Action.DELIVERED, Action.RELAYED, Action.EXPANDED},
    "FAILURE": {Action.FAILED},
    "DELAY": {Action.DELAYED},
    "SUCCESS,FAILURE": {Action.DELIVERED, Action.RELAYED, Action.EXPANDED, Action.FAILED},
    "SUCCESS,DELAY": {Action.DELIVERED, Action.RELAYED, Action.EXPANDED, Action.DELAYED},
    "FAILURE,DELAY": {Action.FAILED, Action.DELAYED},
    "SUCCESS,FAILURE,DELAY": set(Action),
}
ROWS = list(itertools.product(TRUTH, Action))


def finding(notify, action, **more):
    parameters = () if notify is None else (("NOTIFY", notify),)
    return Finding(address="b@y.test", parameters=parameters, action=action, status="4.0.0", **more)


@pytest.mark.parametrize(("notify", "action"), ROWS)
def test_the_sender_hears_what_he_asked_for(notify, action):
    one = finding(notify, action)
    assert to_tell("a@x.test", [one]) == ((one,) if action in TRUTH[notify] else ())


@pytest.mark.parametrize(("notify", "action"), ROWS)
def test_nobody_hears_of_what_a_null_reverse_path_sent(notify, action):
    assert to_tell("", [finding(notify, action)]) == ()
    assert to_tell("", [finding(notify, action, asked_by_deadline=True)]) == ()


@pytest.mark.parametrize("notify", TRUTH)
def test_what_a_deadline_asks_for_is_told_unless_never(notify):
    one = finding(notify, Action.RELAYED, asked_by_deadline=True)
    assert to_tell("a@x.test", [one]) == (() if notify == "NEVER" else (one,))


def test_the_case_and_order_of_notify_do_not_matter():
    assert to_tell("a@x.test", [finding("delay,Failure", Action.FAILED)])


def test_only_those_who_are_to_be_told_of_are_named():
    loud, quiet = finding("FAILURE", Action.FAILED), finding("NEVER", Action.FAILED)
    assert to_tell("a@x.test", [loud, quiet]) == (loud,)
