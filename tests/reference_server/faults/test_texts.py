"""What happens to a client while its text arrives, and after the final dot."""

import contextlib
import socket

import pytest
import trio
import trio.testing

from tests.reference_server.connecting import mail_of, server_in
from tests.reference_server.faults.hearing import everything
from tests.reference_server.faults.troubled import (
    faults_in,
    meeting,
    on_a_socket,
    receive,
    troubled,
)

HELLO = b"EHLO c.test\r\n"
MAIL = b"MAIL FROM:<a@c.test>\r\n"
RCPT = b"RCPT TO:<alice@example.test>\r\n"
TRANSACTION = HELLO + MAIL + RCPT + b"DATA\r\n"


# --- while a text arrives ------------------------------------------------------------------------


async def test_a_text_is_read_as_slowly_as_wanted(tmp_path, autojump_clock):
    async with troubled(tmp_path, "{at: text, slow: 10/s}") as client:
        await client.stream.send_all(TRANSACTION)
        for _ in range(4):
            await client.reply()
        began = trio.current_time()
        assert (await client.say(b"x" * 95 + b"\r\n.\r\n")).startswith(b"250")
        assert trio.current_time() - began == pytest.approx(9, abs=1)
        began = trio.current_time()
        await client.say(b"NOOP\r\n" * 20)
        assert trio.current_time() - began < 1  # it was the text alone


async def test_all_may_be_read_slowly(tmp_path, autojump_clock):
    async with troubled(tmp_path, "{at: EHLO, slow: 1/s}") as client:
        await client.say(HELLO)
        began = trio.current_time()
        assert (await client.say(b"NOOP\r\n")).startswith(b"250")
        assert trio.current_time() - began == pytest.approx(5, abs=1)


@pytest.mark.parametrize("stage", ["text", "DATA", "connect"])
async def test_whom_we_slow_down_is_not_cut_off_as_too_slow(tmp_path, autojump_clock, stage):
    # The server wants a hundred octets a second over five minutes; we read one in two seconds.
    async with troubled(tmp_path, f"{{at: {stage}, slow: 0.5/s}}") as client:
        began = trio.current_time()
        await client.stream.send_all(TRANSACTION)
        for _ in range(4):
            await client.reply()
        assert (await client.say(b"x" * 495 + b"\r\n.\r\n")).startswith(b"250")
        assert trio.current_time() - began > 990


async def test_on_a_socket_a_slow_reader_pushes_back(tmp_path):
    async with on_a_socket(tmp_path, "{at: text, slow: 1000/s}") as sock:
        await receive(sock)
        sock.send(TRANSACTION)
        while not (await receive(sock)).endswith(b"itself\r\n"):
            pass
        taken = 0
        with contextlib.suppress(BlockingIOError):
            while taken < 20_000_000:
                taken += sock.send(b"x" * 65_536)
        assert taken < 20_000_000


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("{at: text, drop: yes}", b""),
        ("{at: text, after: 5, drop: yes}", b""),
        ("{at: text, after: 5, reply: 421 no more}", b"421 no more\r\n"),
        ("{at: text, after: 5, reply: 452 full, drop: yes}", b"452 full\r\n"),
        ("{at: text, reply: 550 abort, silent: yes}", b"550 abort\r\n"),
        ("{at: text, garbage: noise, drop: yes}", b"noise"),
    ],
)
async def test_a_text_is_broken_off(tmp_path, autojump_clock, fault, said):
    async with troubled(tmp_path, fault) as client:
        await client.stream.send_all(TRANSACTION)
        for _ in range(4):
            assert (await client.reply())[:1] in b"23"
        with contextlib.suppress(trio.BrokenResourceError):  # the server may be gone already
            await client.stream.send_all(b"0123456789\r\n.\r\n")
        assert await everything(client) == said
    assert mail_of(tmp_path, "alice") == []


@pytest.mark.slow  # who is not read is looked after once a second
async def test_on_a_socket_whoever_is_not_read_any_more_may_leave(tmp_path):
    async with on_a_socket(tmp_path, "{at: text, silent: yes}") as sock:
        await receive(sock)
        sock.send(TRANSACTION)
        while not (await receive(sock)).endswith(b"itself\r\n"):
            pass
        sock.send(b"x\r\n")
        sock.shutdown(socket.SHUT_WR)
        # Not a word; and what was never read makes a reset of the end.
        with trio.fail_after(5), pytest.raises(ConnectionResetError):
            await receive(sock)


async def test_what_was_read_before_the_accident_is_all_that_was_asked_for(tmp_path):
    async with troubled(tmp_path, "{at: text, after: 3, times: 1, reply: 250 what}") as client:
        await client.stream.send_all(TRANSACTION)
        for _ in range(4):
            await client.reply()
        await client.stream.send_all(b"abcdef\r\n.\r\n")
        assert await client.reply() == b"250 what"
        assert (await client.reply()).startswith(b"250 2.0.0")
    (message,) = mail_of(tmp_path, "alice")
    assert message.endswith(b"abcdef\r\n")


async def test_the_first_read_of_a_text_may_wait(tmp_path, autojump_clock):
    async with troubled(tmp_path, "{at: text, delay: 400s}") as client:
        began = trio.current_time()
        assert (await client.send("alice@example.test", b"x\r\n")).startswith(b"250")
        assert trio.current_time() - began == pytest.approx(400)


async def test_no_text_no_fault_of_it(tmp_path):
    async with troubled(tmp_path, "[{at: text, drop: yes}, {at: DATA, reply: 451 no}]") as client:
        await client.stream.send_all(TRANSACTION)
        for _ in range(3):
            await client.reply()
        assert await client.reply() == b"451 no"
        assert (await client.say(b"NOOP\r\n")).startswith(b"250")


# --- after the final dot -------------------------------------------------------------------------

ENDS = {
    "refused": ("reply: 451 4.3.0 later", b"451 4.3.0 later\r\n", 0),
    "refused and kept": ("reply: 451 later\nkeep: yes", b"451 later\r\n", 1),
    "taken in other words": ("reply: 250 thanks", b"250 thanks\r\n", 1),
    "dropped": ("drop: yes", b"", 0),
    "dropped and kept": ("drop: yes\nkeep: yes", b"", 1),
    "said in the end": ("reply: 421 bye\nkeep: yes", b"421 bye\r\n", 1),
    "garbled": ("garbage: '???'\ndrop: yes", b"???", 0),
    "garbled and kept": ("garbage: '???'\nkeep: yes\ndrop: yes", b"???", 1),
    "half a promise": ("truncate: 3\ndrop: yes", b"250", 1),
    "silent and kept": ("silent: yes\nkeep: yes", b"", 1),
}


async def end_of_a_message(client) -> bytes:
    await client.stream.send_all(TRANSACTION)
    for _ in range(4):
        await client.reply()
    await client.stream.send_all(b"x\r\n.\r\nQUIT\r\n")
    said = await everything(client)
    return said.removesuffix(b"221 2.0.0 example.test closing connection\r\n")


@pytest.mark.parametrize(("what", "said", "kept"), ENDS.values(), ids=ENDS)
async def test_a_message_is_kept_if_its_sender_hears_so(tmp_path, autojump_clock, what, said, kept):
    async with troubled(tmp_path, f"at: .\n{what}\n") as client:
        assert await end_of_a_message(client) == said
    assert len(mail_of(tmp_path, "alice")) == kept


# Silence would last an hour: there is no virtual time where the disk takes real time.
SOON = {name: row for name, row in ENDS.items() if "silent" not in row[0]}


@pytest.mark.parametrize(("what", "said", "kept"), SOON.values(), ids=SOON)
async def test_a_message_that_waits_for_the_disk_is_kept_no_less(tmp_path, what, said, kept):
    async with troubled(tmp_path, f"at: .\n{what}\n", sync=True) as client:
        assert await end_of_a_message(client) == said
    assert len(mail_of(tmp_path, "alice")) == kept


UNTOLD = {
    "lost": ("lose: yes", b"250", 0),
    "lost in other words": ("lose: yes\nreply: 250 thanks", b"250 thanks", 0),
    "twice there": ("duplicate: yes", b"250", 2),
    "refused, not twice there": ("duplicate: yes\nreply: 451 no", b"451 no", 0),
    "refused, and twice there": ("duplicate: yes\nreply: 451 no\nkeep: yes", b"451 no", 2),
}


@pytest.mark.parametrize("sync", [False, True], ids=["at once", "waits for the disk"])
@pytest.mark.parametrize(("what", "said", "kept"), UNTOLD.values(), ids=UNTOLD)
async def test_nobody_is_told_what_really_became_of_it(tmp_path, what, said, kept, sync):
    async with troubled(tmp_path, f"at: .\n{what}\n", sync=sync) as client:
        assert (await end_of_a_message(client)).startswith(said)
    assert len(mail_of(tmp_path, "alice")) == kept


CONTENT = b"Subject: as it was\r\n\r\nThe text 123.\r\nand more\r\n"


@pytest.mark.parametrize("octets", [1, 3, 1_000])
async def test_an_altered_message_differs_in_so_many_octets_of_its_text(tmp_path, octets):
    for _ in range(2):
        async with troubled(tmp_path, f"{{at: ., alter: {octets}, duplicate: yes}}") as client:
            assert (await client.send("alice@example.test", CONTENT)).startswith(b"250")
    kept = [octets[-len(CONTENT) :] for octets in mail_of(tmp_path, "alice")]
    assert len(kept) == 4
    assert len(set(kept)) == 1  # whenever it comes
    places = [at for at, pair in enumerate(zip(CONTENT, kept[0], strict=True)) if len({*pair}) > 1]
    letters = sum(chr(octet).isalnum() for octet in CONTENT[CONTENT.index(b"\r\n\r\n") :])
    assert len(places) == min(octets, letters)
    assert min(places) > CONTENT.index(b"\r\n\r\n")


async def test_what_has_no_text_is_not_altered(tmp_path):
    async with troubled(tmp_path, "{at: ., alter: 5}") as client:
        assert (await client.send("alice@example.test", b"X: 1\r\n\r\n")).startswith(b"250")
    (kept,) = mail_of(tmp_path, "alice")
    assert kept.endswith(b"X: 1\r\n\r\n")


async def test_one_in_so_many_is_lost_by_the_dice(tmp_path):
    faults = faults_in(tmp_path, "{seed: 3, faults: [{at: ., odds: 1/10, lose: yes}]}")
    async with meeting(server_in(tmp_path), faults) as client:
        await client.reply()
        for _ in range(100):
            await client.send("alice@example.test", CONTENT)
    (lost,) = (faults.counters.of(row).done for row in faults.table.rows)
    assert 0 < lost < 30
    assert len(mail_of(tmp_path, "alice")) == 100 - lost == faults.received.total


class Remembers:
    """A watcher that remembers what was answered."""

    def __init__(self):
        self.told = []

    def opened(self, visit): ...

    def answered(self, visit, event, reply, seconds):
        self.told.append((type(event).__name__, reply.code))

    def said(self, visit, occasion, answer): ...

    def shaken(self, handshake): ...

    def closed(self, visit):
        self.told.append(("closed", visit.messages))


async def test_who_watches_sees_what_was_said_and_marks_no_reply_of_a_fault(tmp_path):
    server, watcher = server_in(tmp_path), Remembers()
    server.watchers = (watcher,)
    faults = faults_in(
        tmp_path, "[{at: RCPT, nth: 1, reply: 451 no}, {at: ., nth: 1, reply: 452 full}]"
    )
    async with meeting(server, faults) as client:
        await client.reply()
        await client.say(HELLO)
        await client.say(MAIL)
        assert await client.say(RCPT) == b"451 no"
        for words in (b"452 full", b"250 2.0.0 "):
            await client.say(b"RSET\r\n")
            assert (await client.send("alice@example.test", b"x\r\n")).startswith(words)
    assert [one for one in watcher.told if one[0] in ("Recipient", "Message", "closed")] == [
        ("Recipient", 451), ("Recipient", 250), ("Message", 452), ("Recipient", 250),
        ("Message", 250), ("closed", 1),
    ]  # fmt: skip
