"""Each trick as octets on the wire, on virtual time."""

import contextlib
import gc
import socket
import ssl

import pytest
import trio
import trio.testing

from harness.protocol.transparency import DataReader
from reference_server.doors.door import Door, Kind
from reference_server.faults.serving import serve_with_faults
from reference_server.faults.tricks import LONGEST_SILENCE
from tests.reference_server.connecting import mail_of, server_in
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
OK = b"250 2.0.0 Nothing done\r\n"


async def everything(client) -> bytes:
    """What is still said until the server hangs up."""
    said = b""
    while octets := await client.stream.receive_some(65_536):
        said += bytes(octets)
    return said


async def said_to(client, octets, *, seconds=1e-6) -> bytes:
    """What is said in answer, within virtual time."""
    await client.stream.send_all(octets)
    said = b""
    with trio.move_on_after(seconds):
        while more := await client.stream.receive_some(65_536):
            said += bytes(more)
    return said


WORDS = {
    "a reply": ("reply: 451 4.7.1 try later", b"451 4.7.1 try later\r\n"),
    "a reply of lines": ('reply: "250-one\\n250 two"', b"250-one\r\n250 two\r\n"),
    "garbage": (r'garbage: "\\x00\\xff!"', b"\x00\xff!"),
    "truncated": ("truncate: 7", OK[:7]),
    "truncated to nothing": ("truncate: 0", b""),
    "LF alone": ("line_ends: lf", OK.replace(b"\r", b"")),
    "LF alone in a reply": (
        'reply: "451-a\\n451 b"\nline_ends: lf', b"451-a\n451 b\n",
    ),
    "truncated reply": ("reply: 451 later\ntruncate: 5", b"451 l"),
    "nothing but what went wrong elsewhere": ("reply: 451 x\nclient: 10.0.0.1", OK),
}  # fmt: skip


@pytest.mark.parametrize(("what", "said"), WORDS.values(), ids=WORDS)
async def test_a_reply_is_what_the_fault_makes_of_it(tmp_path, autojump_clock, what, said):
    async with troubled(tmp_path, f"at: NOOP\n{what}\n") as client:
        assert await said_to(client, b"NOOP\r\n") == said


@pytest.mark.parametrize(
    ("split", "pieces"),
    [
        ("1", [bytes([octet]) for octet in OK]),
        ("10", [OK[:10], OK[10:20], OK[20:]]),
        ("{after: 3}", [OK[:3], OK[3:]]),
        ("{after: 3, pause: 5s}", [OK[:3], OK[3:]]),
        ("{octets: 100}", [OK]),
        ("{after: 100}", [OK]),
    ],
)
async def test_a_reply_is_split_into_writes(tmp_path, autojump_clock, split, pieces):
    async with troubled(tmp_path, f"{{at: NOOP, split: {split}}}") as client:
        began, met = trio.current_time(), []
        await client.stream.send_all(b"NOOP\r\n")
        while sum(map(len, met)) < len(OK):
            met.append(bytes(await client.stream.receive_some(100)))
            assert met[-1], "the server has left"
        taken = trio.current_time() - began
    if "pause" in split:
        assert met == pieces
        assert taken == pytest.approx(5)
    assert b"".join(met) == OK


async def test_split_writes_are_writes(tmp_path):
    """Each piece goes out by a call of its own; what the network makes of them is its affair."""
    from reference_server.faults.model import Split, Trick
    from reference_server.faults.tricks import say

    written = []

    class Paper(trio.abc.SendStream):
        async def send_all(self, data):
            written.append(bytes(data))

        async def wait_send_all_might_not_block(self): ...

        async def aclose(self): ...

    await say(Trick(split=Split(pieces=2)), b"250 x\r\n", Paper())
    await say(Trick(split=Split(after=3)), b"250 x\r\n", Paper())
    assert written == [b"25", b"0 ", b"x\r", b"\n", b"250", b" x\r\n"]


async def test_a_delay_holds_the_reply_and_all_that_follow(tmp_path, autojump_clock):
    async with troubled(tmp_path, "{at: NOOP, times: 1, delay: 10m}") as client:
        began = trio.current_time()
        await client.stream.send_all(b"NOOP\r\nRSET\r\n")
        assert (await client.reply()).startswith(b"250 2.0.0 Nothing")
        # Ten minutes are more than a client has: but it is we who take them.
        assert trio.current_time() - began == pytest.approx(600)
        assert (await client.reply()).startswith(b"250 2.0.0 Forgotten")
        assert (await client.reply()).startswith(b"421 4.4.2 example.test idle")
        assert trio.current_time() - began == pytest.approx(901, abs=2)


async def test_what_was_said_before_goes_out_before_the_delay(tmp_path, autojump_clock):
    async with troubled(tmp_path, "{at: NOOP, delay: 10s}") as client:
        assert await said_to(client, b"RSET\r\nNOOP\r\n", seconds=9) == b"250 2.0.0 Forgotten\r\n"


async def test_421_is_said_and_ends_the_connection(tmp_path):
    async with troubled(tmp_path, "{at: RCPT, reply: 421 4.3.2 going down}") as client:
        await client.stream.send_all(TRANSACTION)
        said = await everything(client)
    assert said.endswith(b"250 2.1.0 Sender ok\r\n421 4.3.2 going down\r\n")


async def test_a_farewell_in_other_words_is_one_and_a_refusal_is_none(tmp_path):
    faults = "[{at: QUIT, nth: 1, reply: 451 stay}, {at: QUIT, nth: 2, reply: 221 so long}]"
    async with troubled(tmp_path, faults) as client:
        assert await client.say(b"QUIT\r\n") == b"451 stay"
        assert await client.say(b"QUIT\r\n") == b"221 so long"
        assert await client.reply() == b""


@pytest.mark.parametrize("drop", ["yes", "close", "reset"])
async def test_a_drop_says_nothing(tmp_path, drop):
    async with troubled(tmp_path, f"{{at: NOOP, drop: {drop}}}") as client:
        await client.stream.send_all(b"RSET\r\nNOOP\r\nRSET\r\n")
        assert await everything(client) == b"250 2.0.0 Forgotten\r\n"


async def test_a_drop_may_have_a_last_word(tmp_path):
    async with troubled(tmp_path, "{at: NOOP, reply: 451 bye, drop: yes}") as client:
        await client.stream.send_all(b"NOOP\r\nRSET\r\n")
        assert await everything(client) == b"451 bye\r\n"


async def test_half_a_reply_and_a_drop(tmp_path):
    async with troubled(tmp_path, "{at: NOOP, truncate: 2, drop: yes}") as client:
        await client.stream.send_all(b"NOOP\r\n")
        assert await everything(client) == b"25"


async def test_on_a_socket_a_reset_is_one_and_a_close_is_none(tmp_path):
    async with on_a_socket(tmp_path, "{at: NOOP, drop: reset}") as sock:
        await receive(sock)
        sock.send(b"NOOP\r\n")
        with pytest.raises(ConnectionResetError):
            await receive(sock)
    async with on_a_socket(tmp_path, "{at: NOOP, drop: close}") as sock:
        await receive(sock)
        sock.send(b"NOOP\r\n")
        assert await receive(sock) == b""


async def test_silence_lasts_but_not_for_ever(tmp_path, autojump_clock):
    async with troubled(tmp_path, "{at: NOOP, silent: yes}") as client:
        began = trio.current_time()
        await client.stream.send_all(b"NOOP\r\nQUIT\r\n")
        assert await everything(client) == b""
        assert trio.current_time() - began == pytest.approx(LONGEST_SILENCE)


async def test_silence_ends_when_the_client_leaves(tmp_path, autojump_clock):
    server = server_in(tmp_path)
    faults = faults_in(tmp_path, "{at: NOOP, silent: yes}")
    async with meeting(server, faults) as client:
        await client.reply()
        await client.stream.send_all(b"NOOP\r\n")
        await trio.sleep(1)
        began = trio.current_time()
    assert trio.current_time() - began < 1
    assert server.open_connections == 0


# --- before the first command --------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["connect", "greeting"])
async def test_a_server_that_stops_keeps_nobody_waiting(tmp_path, stage):
    server = server_in(tmp_path)
    faults = faults_in(tmp_path, f"{{at: {stage}, delay: 1h}}")
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as tasks:
        tasks.start_soon(serve_with_faults, server, faults, theirs, "127.0.0.1")
        await trio.testing.wait_all_tasks_blocked()
        assert server.open_connections == 1
        tasks.cancel_scope.cancel()
    assert server.open_connections == 0
    said = bytes(await ours.receive_some(1_000))
    assert said.startswith(b"421") if stage == "greeting" else said == b""


async def test_421_instead_of_a_greeting_is_the_end(tmp_path):
    async with troubled(tmp_path, "{at: greeting, reply: 421 no}", greeted=False) as client:
        assert await everything(client) == b"421 no\r\n"


async def test_a_refusal_instead_of_a_greeting_is_not(tmp_path):
    async with troubled(tmp_path, "{at: greeting, reply: 554 no}", greeted=False) as client:
        assert await client.reply() == b"554 no"
        assert (await client.say(b"NOOP\r\n")).startswith(b"250")


async def test_a_greeting_may_come_late(tmp_path, autojump_clock):
    async with troubled(tmp_path, "{at: greeting, delay: 30s}", greeted=False) as client:
        began = trio.current_time()
        assert (await client.reply()).startswith(b"220 example.test")
        assert trio.current_time() - began == pytest.approx(30)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("{at: greeting, reply: 554 no service here}", b"554 no service here\r\n"),
        ("{at: greeting, reply: 421 not now}", b"421 not now\r\n"),
        ("{at: connect, reply: 421 not now}", b"421 not now\r\n"),
        ("{at: connect, garbage: HTTP, drop: yes}", b"HTTP"),
        ("{at: connect, drop: yes}", b""),
        ("{at: connect, drop: reset}", b""),
        ("{at: greeting, drop: yes}", b""),
        ("{at: greeting, truncate: 3, drop: yes}", b"220"),
    ],
)
async def test_instead_of_a_welcome(tmp_path, fault, said):
    async with troubled(tmp_path, fault, greeted=False) as client:
        await client.stream.send_all(b"QUIT\r\n")
        met = await everything(client)
    assert met.removesuffix(b"221 2.0.0 example.test closing connection\r\n") == said


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


# --- LMTP ----------------------------------------------------------------------------------------

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


# --- who and when --------------------------------------------------------------------------------


async def test_a_recipient_is_refused_and_another_one_is_not(tmp_path):
    async with troubled(tmp_path, "{at: RCPT, recipient: bob@*, reply: 450 busy}") as client:
        await client.say(HELLO)
        await client.say(MAIL)
        assert await client.say(b"RCPT TO:<bob@example.test>\r\n") == b"450 busy"
        assert (await client.say(RCPT)).startswith(b"250")
        await client.say(b"DATA\r\n")
        assert (await client.say(b"x\r\n.\r\n")).startswith(b"250")
    assert (len(mail_of(tmp_path, "alice")), len(mail_of(tmp_path, "bob"))) == (1, 0)


async def test_a_message_for_one_of_them_is_enough(tmp_path):
    async with troubled(
        tmp_path, "{at: ., recipient: bob@*, sender: a@*, reply: 451 no}"
    ) as client:
        await client.say(HELLO)
        await client.say(MAIL)
        await client.say(RCPT)
        await client.say(b"RCPT TO:<bob@example.test>\r\n")
        await client.say(b"DATA\r\n")
        assert await client.say(b"x\r\n.\r\n") == b"451 no"


async def test_a_refused_sender_has_no_transaction(tmp_path):
    async with troubled(tmp_path, "{at: MAIL, sender: a@*, reply: 451 no}") as client:
        await client.say(HELLO)
        assert await client.say(MAIL) == b"451 no"
        assert (await client.say(RCPT)).startswith(b"503")
        assert (await client.say(b"MAIL FROM:<>\r\n")).startswith(b"250")


async def test_each_connection_counts_for_itself(tmp_path):
    server = server_in(tmp_path)
    faults = faults_in(tmp_path, "{at: MAIL, nth: 2, per: connection, reply: 421 enough}")
    for _ in range(2):
        async with meeting(server, faults) as client:
            await client.reply()
            await client.say(HELLO)
            assert (await client.say(MAIL)).startswith(b"250")
            await client.say(b"RSET\r\n")
            assert await client.say(MAIL) == b"421 enough"
            assert await client.reply() == b""


@pytest.mark.slow
async def test_a_pipelined_batch_has_its_accident_in_its_place(tmp_path):
    fault = "{at: RCPT, recipient: bob@*, reply: 450 busy}"
    batch = HELLO + MAIL + RCPT + b"RCPT TO:<bob@example.test>\r\nDATA\r\n"
    for cut in range(len(batch) + 1):
        async with troubled(tmp_path, fault) as client:
            await client.stream.send_all(batch[:cut])
            await client.stream.send_all(batch[cut:])
            codes = [(await client.reply())[:3] for _ in range(5)]
        assert codes == [b"250", b"250", b"250", b"450", b"354"]


VERBS = {
    "EHLO": HELLO,
    "HELO": b"HELO c.test\r\n",
    "RSET": b"RSET\r\n",
    "QUIT": b"QUIT\r\n",
    "HELP": b"HELP\r\n",
    "VRFY": b"VRFY alice\r\n",
    "EXPN": b"EXPN list\r\n",
    "STARTTLS": HELLO + b"STARTTLS\r\n",
    "MAIL": HELLO + MAIL,
    "RCPT": HELLO + MAIL + RCPT,
    "DATA": TRANSACTION,
    "BDAT": HELLO + MAIL + RCPT + b"BDAT 3\r\nx\r\n",
    "ETRN": HELLO + b"ETRN example.test\r\n",
    ".": HELLO + MAIL + RCPT + b"BDAT 3 LAST\r\nx\r\n",
}


@pytest.mark.parametrize(("verb", "talk"), VERBS.items(), ids=VERBS)
async def test_every_verb_can_be_refused(tmp_path, autojump_clock, verb, talk):
    async with troubled(tmp_path, f"{{at: {verb}, reply: 455 not so}}", tls_self_signed=True) as c:
        assert (await said_to(c, talk)).endswith(b"455 not so\r\n")


async def test_what_the_protocol_refuses_is_no_business_of_the_faults(tmp_path):
    async with troubled(tmp_path, "[{at: RCPT, drop: yes}, {at: NOOP, drop: yes}]") as client:
        assert (await client.say(RCPT)).startswith(b"503")
        assert (await client.say(b"NOPE\r\n")).startswith(b"500")


# --- TLS -----------------------------------------------------------------------------------------


def trusting(spool):
    return ssl.create_default_context(cafile=str(spool / "cert.pem"))


async def secured(client, spool):
    tls = trio.SSLStream(
        client.stream, trusting(spool), server_hostname="localhost", https_compatible=True
    )
    await tls.do_handshake()
    client.stream = tls


WRONG = {
    "expired": "certificate has expired",
    "other-name": "Hostname mismatch",
}


@pytest.mark.parametrize(("certificate", "words"), WRONG.items(), ids=WRONG)
@pytest.mark.parametrize("implicit", [True, False])
async def test_a_certificate_is_wrong_in_one_way_alone(tmp_path, certificate, words, implicit):
    server = server_in(tmp_path, tls_self_signed=True)
    faults = faults_in(tmp_path, f"{{at: tls, times: 1, certificate: {certificate}}}")
    door = Door(Kind.SMTPS if implicit else Kind.SMTP)
    for attempt in (1, 2):
        async with meeting(server, faults, door) as client:
            if not implicit:
                await client.reply()
                await client.say(HELLO)
                assert await client.say(b"STARTTLS\r\n") == b"220 2.0.0 Ready to start TLS"
            if attempt == 1:
                with pytest.raises(trio.BrokenResourceError) as caught:
                    await secured(client, tmp_path)
                assert words in str(caught.value.__cause__)
            else:
                await secured(client, tmp_path)
                assert (await client.reply() if implicit else await client.say(HELLO))[:1] == b"2"


async def test_where_no_certificate_is_ours_a_wrong_one_vouches_for_itself(tmp_path):
    from reference_server.faults.certificates import Certificates
    from reference_server.faults.model import Certificate

    certificates = Certificates(tmp_path)
    expired = certificates.context(Certificate.EXPIRED, None)
    assert expired is certificates.context(Certificate.EXPIRED, None) is not None
    assert certificates.context(None, expired) is expired
    assert not (tmp_path / "cert.pem").exists()


HANDSHAKES = {
    "noise": "{at: tls, garbage: 32, drop: yes}",
    "a drop": "{at: tls, drop: yes}",
    "silence": "{at: tls, silent: yes}",
}


@pytest.mark.parametrize("fault", HANDSHAKES.values(), ids=HANDSHAKES)
@pytest.mark.parametrize("implicit", [True, False])
async def test_a_handshake_is_spoilt(tmp_path, autojump_clock, fault, implicit):
    server = server_in(tmp_path, tls_self_signed=True)
    async with meeting(
        server, faults_in(tmp_path, fault), Door(Kind.SMTPS if implicit else Kind.SMTP)
    ) as client:
        if not implicit:
            await client.reply()
            await client.say(HELLO)
            assert await client.say(b"STARTTLS\r\n") == b"220 2.0.0 Ready to start TLS"
        with pytest.raises(trio.BrokenResourceError):
            await secured(client, tmp_path)
    assert server.open_connections == 0


@pytest.mark.parametrize(
    "fault", ["{at: tls, delay: 60s}", "{at: tls, slow: 100/s}", "{at: STARTTLS, delay: 60s}",
              "{at: STARTTLS, split: 1}", "{at: STARTTLS, slow: 100/s}"]
)  # fmt: skip
async def test_a_handshake_takes_its_time(tmp_path, autojump_clock, fault):
    async with troubled(tmp_path, fault, tls_self_signed=True) as client:
        began = trio.current_time()
        await client.say(HELLO)
        assert (await client.say(b"STARTTLS\r\n")).startswith(b"220")
        await secured(client, tmp_path)
        assert (await client.say(HELLO)).startswith(b"250")
        if "split" not in fault:
            assert trio.current_time() - began > 1


async def test_a_fault_of_a_user_is_met_by_that_user(tmp_path):
    fault = """
        - {at: AUTH, user: alice, times: 1, reply: 454 4.7.0 no}
        - {at: MAIL, user: al*, reply: 451}
        """
    async with troubled(tmp_path, fault, tls_self_signed=True) as client:
        await client.say(HELLO)
        await client.say(b"STARTTLS\r\n")
        await secured(client, tmp_path)
        await client.say(HELLO)
        assert (await client.say(MAIL)).startswith(b"250")
        await client.say(b"RSET\r\n")
        log_in = b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"
        assert await client.say(log_in) == b"454 4.7.0 no"
        assert (await client.say(log_in)).startswith(b"235")
        assert await client.say(MAIL) == b"451 4.0.0 said on purpose"


async def test_what_a_client_has_sent_is_freed_when_it_goes(tmp_path, autojump_clock):
    gc.collect()
    before = readers()  # of whoever ran before us in this process, and has not gone yet
    gc.disable()  # which would hide a circle of references
    try:
        async with troubled(tmp_path, "at: NOOP\nreply: 451 later\n") as client:
            await said_to(client, TRANSACTION + b"Subject: half a message")
            assert len(readers()) == len(before) + 1
        left = [one for one in readers() if not any(one is other for other in before)]
    finally:
        gc.enable()
    assert left == []


def readers():
    return [one for one in gc.get_objects() if isinstance(one, DataReader)]
