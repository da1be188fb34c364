import pytest

from tests.crash.account import Sent, faults

TRACE = b"Return-Path: <a@b.test>\r\nReceived: from c.test ([127.0.0.1])\r\n\tby d; now\r\n"
ONE = b"Token: t1\r\n\r\none\r\n"
GOT, UNKNOWN, TWICE = (True, 0), (False, 1), (True, 1)  # accepted, unanswered

# what was sent to alice and bob and how that went, what is there -> what is wrong
ACCOUNTS = {
    "all is well": (GOT, [("alice", ONE), ("bob", ONE)], []),
    "lost": (GOT, [("alice", ONE)], ["bob: b't1' is lost"]),
    "twice": (
        GOT,
        [("alice", ONE), ("alice", ONE), ("bob", ONE)],
        ["alice: b't1' is there 2 times, unanswered 0"],
    ),
    "no answer, not there": (UNKNOWN, [], []),
    "no answer, there for one": (UNKNOWN, [("bob", ONE)], []),
    "no answer, sent again": (TWICE, [("alice", ONE)] * 2 + [("bob", ONE)], []),
    "no answer, and too often": (
        UNKNOWN,
        [("alice", ONE)] * 2,
        ["alice: b't1' is there 2 times, unanswered 1"],
    ),
    "somebody else's": (
        GOT,
        [("alice", ONE), ("bob", ONE), ("carol", ONE)],
        ["carol: b't1' is not for them"],
    ),
    "torn": (
        UNKNOWN,
        [("alice", ONE[:-3])],
        [f"alice: b't1' of {len(TRACE + ONE) - 3} octets is nothing that was sent"],
    ),
    "empty": (UNKNOWN, [("alice", b"")], ["alice: None of 0 octets is nothing that was sent"]),
    "never sent": (
        UNKNOWN,
        [("alice", b"Token: t2\r\n\r\n")],
        [f"alice: b't2' of {len(TRACE) + 13} octets is nothing that was sent"],
    ),
}


@pytest.mark.parametrize(("told", "there", "wrong"), ACCOUNTS.values(), ids=ACCOUNTS)
def test_the_account_is_drawn_up_right(told, there, wrong):
    sent = {b"t1": Sent(ONE, ("alice", "bob"), *told)}
    found = [(whose, TRACE + octets if octets else b"") for whose, octets in there]
    assert faults(sent, found) == wrong


def test_a_message_without_our_trace_lines_is_none_of_ours():
    assert faults({b"t1": Sent(ONE, ("alice",), unanswered=1)}, [("alice", ONE)]) != []
