import base64

import pytest

from harness.protocol.sasl import Attempt, Challenge, Denied, Granted, Judging, Spoilt
from tests.protocol.accounts import Accounts
from tests.protocol.sasl.exchanges import server_side

GOOD = base64.b64encode(b"\0alice\0secret")


def judged(step):
    return step.judge() if isinstance(step, Judging) else step


BEGUN = {
    "right at once": ("PLAIN", GOOD, Granted("alice")),
    "wrong at once": ("PLAIN", base64.b64encode(b"\0alice\0no"), Denied()),
    "nothing, said in so many words": ("PLAIN", b"=", Denied()),
    "later": ("PLAIN", None, Challenge("")),
    "where the server begins": ("CRAM-MD5", GOOD, Spoilt.INITIAL_REFUSED),
    "the name of LOGIN": ("LOGIN", base64.b64encode(b"alice"), Challenge("UGFzc3dvcmQ6")),
    "no base64": ("PLAIN", b"?", Spoilt.BAD_BASE64),
}


@pytest.mark.parametrize(("mechanism", "initial", "step"), BEGUN.values(), ids=BEGUN)
def test_how_an_exchange_begins(mechanism, initial, step):
    assert judged(Attempt(mechanism, server_side()).begin(initial)) == step


def test_an_exchange_goes_on_line_by_line():
    attempt = Attempt("LOGIN", server_side())

    assert judged(attempt.begin(None)) == Challenge("VXNlcm5hbWU6")
    assert judged(attempt.respond(base64.b64encode(b"alice"))) == Challenge("UGFzc3dvcmQ6")
    assert judged(attempt.respond(base64.b64encode(b"secret"))) == Granted("alice")


@pytest.mark.parametrize(
    ("line", "step"), [(b"*", Spoilt.CANCELLED), (b"**", Spoilt.BAD_BASE64), (b"", Denied())]
)
def test_a_line_may_be_no_response(line, step):
    attempt = Attempt("PLAIN", server_side())
    attempt.begin(None)

    assert judged(attempt.respond(line)) == step


@pytest.mark.parametrize(
    ("mechanism", "slow", "takes_time"),
    [("PLAIN", True, True), ("PLAIN", False, False), ("CRAM-MD5", True, False)],
)
def test_only_checking_a_password_takes_time_and_nothing_is_asked_before_it_is_judged(
    mechanism, slow, takes_time
):
    accounts = Accounts(takes_time=slow)
    attempt = Attempt(mechanism, server_side(accounts))
    attempt.begin(None)

    step = attempt.respond(GOOD)

    assert isinstance(step, Judging)
    assert step.takes_time is takes_time
    assert accounts.asked == []


def test_what_is_not_to_be_read_is_not_shown():
    attempt = Attempt("PLAIN", server_side())

    assert "secret" not in repr(attempt.begin(GOOD))
    assert "dG9w" not in repr(Challenge("dG9wIHNlY3JldA=="))
