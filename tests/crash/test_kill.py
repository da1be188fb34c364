"""What got its 250 survives kill -9 at any instant.

`make nightly` kills hundreds of times, by way of SMTP_HARNESS_KILLS.
"""

import os
import random
from pathlib import Path

import pytest

from tests.crash.account import faults
from tests.crash.sending import Sender
from tests.crash.serving import USERS, Child

KILLS = int(os.environ.get("SMTP_HARNESS_KILLS", "20"))
SEED = int(os.environ.get("SMTP_HARNESS_SEED", "5321"))
MOST_BETWEEN_KILLS = 40  # messages

pytestmark = pytest.mark.slow


def killed_while_sending(spool, kills, *, seed=SEED, **how):
    """The account of a client whose server was killed so many times, after each of them."""
    sender, chance = Sender(seed), random.Random(seed)
    for _ in range(kills):
        child = Child(spool, **how)
        threads = sender.begin(child.port)
        assert sender.wait_for(chance.randint(1, MOST_BETWEEN_KILLS)), "it does not take mail"
        child.kill()
        for thread in threads:
            thread.join(20)
        yield sender


def found_in(spool: Path):
    """All that is in mailboxes, by whose it is."""
    for name in USERS:
        for path in (spool / "mail" / name / "new").iterdir():
            yield name, path.read_bytes()


def test_what_got_its_250_is_there_octet_for_octet_after_any_kill(tmp_path):
    spool, sender = tmp_path / "spool", None
    for sender in killed_while_sending(spool, KILLS):
        assert faults(sender.sent, found_in(spool)) == []
    # And a last round, in which what got no answer is sent again, and nobody is killed.
    child = Child(spool)
    for thread in sender.begin(child.port, messages=5):
        thread.join(60)
    child.stop()
    assert faults(sender.sent, found_in(spool)) == []
    assert sender.is_settled
    assert all(message.is_accepted for message in sender.sent.values())
    for name in USERS:
        assert list((spool / "mail" / name / "tmp").iterdir()) == []
    doubtful = sum(message.unanswered > 0 for message in sender.sent.values())
    print(f"\n{KILLS} kills, {len(sender.sent)} messages accepted, {doubtful} of them sent again")


def test_a_250_before_the_message_has_its_name_is_found_out(tmp_path):
    spool = tmp_path / "spool"
    hasty = (str(Path(__file__).with_name("hasty_server.py")),)
    for sender in killed_while_sending(spool, 10, script=hasty):
        wrong = faults(sender.sent, found_in(spool))
        if wrong:
            assert all(words.endswith("is lost") for words in wrong)
            return
    pytest.fail("ten kills, and nobody missed a message")
