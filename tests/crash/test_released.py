"""Mail that was held is delivered once, though the server is killed before it has noted that."""

import contextlib
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from reference_server.queue import Item, QueuedRecipient
from reference_server.queue.store import StoredQueue
from tests.crash.account import token_of
from tests.crash.serving import USERS, Child
from tests.crash.test_kill import SEED, await_empty, delivered

DOOMED = str(Path(__file__).with_name("doomed_server.py"))
TOKENS = [f"t{number}" for number in range(12)]
ALL = [f"{name}@example.test" for name in USERS]
SENDER = "bob@example.test"  # who is told of every delivery, by one message

pytestmark = pytest.mark.slow


def fill(spool):
    """Mail whose time has come into the queue of a server that does not run."""
    Child(spool).stop()
    queue = StoredQueue(spool / "queue.db")
    for number, token in enumerate(TOKENS):
        content = (
            f"Received: from c.test by example.test; now\r\nToken: {token}\r\n\r\nx\r\n".encode()
        )
        item = Item(
            id=f"1-{number}",
            reverse_path=SENDER,
            arrived=time.time() - 60,
            size=len(content),
            recipients=tuple(
                QueuedRecipient(address=one, parameters=(("NOTIFY", "SUCCESS"),)) for one in ALL
            ),
        )
        queue.write({item: content})
    queue.close()


def let_it_die(spool, *script):
    """Have it run until it is killed."""
    with contextlib.suppress(AssertionError):  # that may be before it says where it listens
        Child(spool, script=(DOOMED, *script)).await_end()


def found(spool):
    """How often each message, and each report, is in each mailbox."""
    return Counter(
        (whose, token_of(octets).decode(), b"report-type" in octets)
        for whose, octets in delivered(spool)
    )


def test_what_was_delivered_and_not_noted_is_not_delivered_again(tmp_path):
    spool, chance = tmp_path / "spool", random.Random(SEED)
    fill(spool)
    for _ in range(6):
        let_it_die(spool, str(chance.randint(1, 4)))
        assert max(found(spool).values()) == 1
    with contextlib.closing(Child(spool)):
        await_empty(spool)
    messages = Counter((whose, token, False) for whose in ALL for token in TOKENS)
    reports = Counter((SENDER, token, True) for token in TOKENS)
    assert found(spool) == messages + reports


def test_a_second_delivery_that_does_not_know_the_first_is_found_out(tmp_path):
    spool = tmp_path / "spool"
    fill(spool)
    for _ in range(2):
        let_it_die(spool, "forgetful", "1")
    assert set(found(spool).values()) == {2}
