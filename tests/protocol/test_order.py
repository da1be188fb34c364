import pytest

from harness.protocol.order import ORDER, State, Verb, after


def test_every_state_has_a_row():
    assert set(ORDER) == set(State)


@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
@pytest.mark.parametrize("verb", [Verb.NOOP, Verb.HELP, Verb.EXPN, Verb.VRFY, Verb.RSET])
def test_some_commands_are_in_order_at_any_time(state, verb):
    # RFC 5321 4.1.4
    assert after(state, verb) is not None


@pytest.mark.parametrize(
    ("state", "verb"),
    [
        (State.FRESH, Verb.MAIL),
        (State.FRESH, Verb.AUTH),
        (State.READY, Verb.RCPT),
        (State.READY, Verb.DATA),
        (State.SENDER, Verb.MAIL),
        (State.SENDER, Verb.DATA),
        (State.SENDER, Verb.AUTH),
        (State.RECIPIENTS, Verb.MAIL),
        (State.CLOSED, Verb.NOOP),
    ],
)
def test_what_is_missing_from_a_row_is_out_of_order(state, verb):
    assert after(state, verb) is None


def test_a_transaction_goes_from_mail_to_data_and_ends_ready_for_the_next():
    state = State.FRESH
    for verb in (Verb.EHLO, Verb.MAIL, Verb.RCPT, Verb.RCPT, Verb.DATA):
        state = after(state, verb) or state
    assert state is State.READY
