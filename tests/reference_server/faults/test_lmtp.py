"""LMTP: each recipient has its reply, and each may meet with an accident of its own."""

import pytest

from reference_server.doors.door import Door, Kind
from tests.reference_server.connecting import mail_of, server_in
from tests.reference_server.faults.hearing import everything
from tests.reference_server.faults.troubled import (
    faults_in,
    meeting,
    troubled,
)

MAIL = b"MAIL FROM:<a@c.test>\r\n"
RCPT = b"RCPT TO:<alice@example.test>\r\n"


LMTP = b"LHLO c.test\r\n" + MAIL + RCPT + b"RCPT TO:<bob@example.test>\r\nDATA\r\n"
TAKEN = b"250 2.0.0 "

EACH = {
    "one of two": ("recipient: bob@*\nreply: 452 full", [TAKEN, b"452 full"], (1, 0)),
    "one of two, kept": (
        "recipient: bob@*\nreply: 452 full\nkeep: yes",
        [TAKEN, b"452 full"],
        (1, 1),
    ),
    "both": ("reply: 451 later", [b"451 later", b"451 later"], (0, 0)),
    "both, kept": ("reply: 451 later\nkeep: yes", [b"451 later", b"451 later"], (1, 1)),
    "the first": ("times: 1\nreply: 451 later", [b"451 later", TAKEN], (0, 1)),
    "in other words": ("nth: 2\nreply: 250 thanks", [TAKEN, b"250 thanks"], (1, 1)),
    "nobody": ("recipient: carl@*\nreply: 451 x", [TAKEN, TAKEN], (1, 1)),
    "one of two, lost": ("recipient: bob@*\nlose: yes", [TAKEN, TAKEN], (1, 0)),
    "both lost": ("lose: yes", [TAKEN, TAKEN], (0, 0)),
    "one of two, twice": ("recipient: bob@*\nduplicate: yes", [TAKEN, TAKEN], (1, 2)),
    "the end": ("recipient: alice@*\nreply: 421 bye", [b"421 bye", TAKEN], (0, 1)),
}


@pytest.mark.parametrize(("what", "said", "kept"), EACH.values(), ids=EACH)
async def test_in_lmtp_each_recipient_has_accidents_of_its_own(tmp_path, what, said, kept):
    server, faults = server_in(tmp_path), faults_in(tmp_path, f"at: .\n{what}\n")
    async with meeting(server, faults, Door(Kind.LMTP)) as client:
        await client.reply()
        await client.stream.send_all(LMTP)
        for _ in range(5):
            assert (await client.reply())[:1] in b"23"
        await client.stream.send_all(b"x\r\n.\r\n")
        for words in said:
            assert (await client.reply()).startswith(words)
        if b"421 bye" in said:
            assert await client.reply() == b""
    assert tuple(len(mail_of(tmp_path, name)) for name in ("alice", "bob")) == kept


async def test_in_lmtp_a_dropped_message_is_nobodys_and_lhlo_is_a_verb(tmp_path):
    server = server_in(tmp_path)
    faults = faults_in(tmp_path, "[{at: ., drop: yes}, {at: LHLO, times: 1, reply: 451 not yet}]")
    async with meeting(server, faults, Door(Kind.LMTP)) as client:
        await client.reply()
        assert await client.say(b"LHLO c.test\r\n") == b"451 not yet"
        await client.stream.send_all(LMTP)
        for _ in range(5):
            await client.reply()
        await client.stream.send_all(b"x\r\n.\r\n")
        assert await everything(client) == b""
    assert mail_of(tmp_path, "alice") == []


async def test_in_lmtp_a_last_chunk_for_nobody_has_no_reply_to_spoil(tmp_path):
    faults = faults_in(tmp_path, "{at: ., reply: 451 no}")
    async with meeting(server_in(tmp_path), faults, Door(Kind.LMTP)) as client:
        await client.reply()
        await client.stream.send_all(b"LHLO c.test\r\n" + MAIL + b"BDAT 3 LAST\r\nx\r\nNOOP\r\n")
        for _ in range(2):
            await client.reply()
        assert (await client.reply()).startswith(b"250 2.0.0 Nothing")


async def test_a_message_that_is_refused_anyway_is_not_welcomed(tmp_path):
    async with troubled(tmp_path, "{at: ., reply: 250 thanks}") as client:
        assert (await client.send("alice@example.test", b"bare\nLF\r\n")).startswith(b"550 5.6.0")
    async with troubled(tmp_path, "{at: ., reply: 451 later}") as client:
        assert (await client.send("alice@example.test", b"bare\nLF\r\n")) == b"451 later"


async def test_whatever_is_taken_is_remembered_for_who_asks(tmp_path):
    server, faults = server_in(tmp_path), faults_in(tmp_path, "{at: ., nth: 2, reply: 451 no}")
    async with meeting(server, faults) as client:
        await client.reply()
        for _ in range(3):
            await client.send("alice@example.test", b"x\r\n")
    assert faults.received is not None
    assert [(one.number, one.content) for one in faults.received] == [(1, b"x\r\n"), (2, b"x\r\n")]
    first = next(iter(faults.received))
    assert (first.client, first.hello, first.user) == ("127.0.0.1", "c.test", None)
    assert (first.sender, first.recipients) == ("sender@c.test", ("alice@example.test",))
