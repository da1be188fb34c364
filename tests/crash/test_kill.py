"""What got its 250 survives kill -9 at any instant.

`make nightly` kills hundreds of times, by way of SMTP_HARNESS_KILLS.
"""

import os
import random
import time
from contextlib import closing
from pathlib import Path

import pytest

from reference_server.queue import Fate, rows, schema, steering
from tests.crash.account import faults
from tests.crash.sending import HERE, Sender
from tests.crash.serving import USERS, Child
from tests.ports import reserved_port

KILLS = int(os.environ.get("SMTP_HARNESS_KILLS", "20"))
SEED = int(os.environ.get("SMTP_HARNESS_SEED", "5321"))
MOST_BETWEEN_KILLS = 40  # messages

pytestmark = pytest.mark.slow


def killed_while_sending(spool, kills, *, recipients=HERE, **how):
    """The account of a client whose server was killed so many times, after each of them."""
    sender, chance = Sender(SEED, recipients), random.Random(SEED)
    for _ in range(kills):
        child = Child(spool, **how)
        threads = sender.begin(child.port)
        assert sender.wait_for(chance.randint(1, MOST_BETWEEN_KILLS)), "it does not take mail"
        child.kill()
        for thread in threads:
            thread.join(20)
        yield sender


def delivered(spool: Path, domain: str = "example.test"):
    """All that is in mailboxes, and whose it is."""
    for name in USERS:
        for path in (spool / "mail" / name / "new").iterdir():
            yield f"{name}@{domain}", path.read_bytes()


def queued(spool: Path):
    """All that waits in the queue, and for whom."""
    with closing(schema.open_beside(spool / "queue.db")) as connection:
        connection.execute("BEGIN")  # one and the same state, whatever the relay does meanwhile
        for item in rows.read_items(connection):
            for one in item.recipients:
                if one.fate is Fate.WAITING:
                    yield one.address, rows.read_content(connection, item.id)


@pytest.fixture
def next_hop(tmp_path):
    """Where mail for elsewhere.test goes: a server that is away at first, and how to start it."""
    where, spool = tmp_path / "next-hop.yaml", tmp_path / "next-hop"
    where.write_text("domain: elsewhere.test\n")
    with reserved_port() as port:
        yield port, spool, lambda: Child(spool, config=where, port=port)


ELSEWHERE = "alice@elsewhere.test"
RELAYS = """
relay:
  networks: [127.0.0.0/8]
  routes: {{elsewhere.test: "127.0.0.1:{port}"}}
  schedule: {{retry: [1h]}}
"""


def test_what_got_its_250_is_there_octet_for_octet_after_any_kill(tmp_path, next_hop):
    spool, config, sender = tmp_path / "spool", tmp_path / "config.yaml", None
    port, next_spool, start_next_hop = next_hop
    config.write_text(RELAYS.format(port=port))
    recipients = (*HERE, ELSEWHERE)
    for sender in killed_while_sending(spool, KILLS, recipients=recipients, config=config):
        assert faults(sender.sent, [*delivered(spool), *queued(spool)]) == []

    # A last round: what got no answer is sent again, nobody is killed, and the next hop is back.
    with closing(start_next_hop()), closing(Child(spool, config=config)) as child:
        for thread in sender.begin(child.port, messages=5):
            thread.join(60)
        steering.wish(spool, "retry")
        await_empty(spool)
    assert sender.is_settled
    assert all(message.is_accepted for message in sender.sent.values())
    everything = [*delivered(spool), *delivered(next_spool, "elsewhere.test")]
    assert faults(sender.sent, everything) == []
    for name in USERS:
        assert list((spool / "mail" / name / "tmp").iterdir()) == []
    doubtful = sum(message.unanswered > 0 for message in sender.sent.values())
    print(f"\n{KILLS} kills, {len(sender.sent)} messages accepted, {doubtful} of them sent again")


def await_empty(spool: Path) -> None:
    """Return when nothing waits in the queue any more."""
    until = time.monotonic() + 60
    while any(True for _ in queued(spool)):
        assert time.monotonic() < until, "mail is stuck in the queue"
        time.sleep(0.1)  # the server is another process: there is nothing to wait for but its file


def test_a_250_before_the_message_has_its_name_is_found_out(tmp_path):
    spool = tmp_path / "spool"
    hasty = (str(Path(__file__).with_name("hasty_server.py")),)
    for sender in killed_while_sending(spool, 10, script=hasty):
        wrong = faults(sender.sent, delivered(spool))
        if wrong:
            assert all(words.endswith("is lost") for words in wrong)
            return
    pytest.fail("ten kills, and nobody missed a message")


def test_a_second_server_on_the_same_spool_is_refused_by_a_line(tmp_path):
    with closing(Child(tmp_path / "spool")) as first:
        with pytest.raises(AssertionError, match="did not start") as refused:
            Child(tmp_path / "spool")
        said = f"error: process {first.pid} uses the spool {tmp_path / 'spool'} "
        assert f"it did not start: {said}" in str(refused.value)
