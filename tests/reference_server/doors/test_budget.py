"""The budget for messages in flight: refused is what does not fit, given back is what is over."""

import errno
import threading
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing

from harness.protocol.receiver import Limits
from reference_server.doors.budget import Budget, Share
from reference_server.doors.limits import Allowance
from reference_server.doors.listener import serve
from reference_server.faults.certificates import Certificates
from reference_server.faults.faults import Faults
from reference_server.faults.reading import parse_table
from reference_server.faults.serving import serve_with_faults
from reference_server.intake.intake import Intake
from reference_server.running import hostess_of
from reference_server.server import Patience
from tests.reference_server.connecting import Client, connected, mail_of, server_in
from tests.reference_server.doors.test_limits import WAYS

# --- the count -----------------------------------------------------------------------------------


def test_what_does_not_fit_is_not_had_and_what_is_given_back_is_there_for_others():
    budget = Budget(100)
    one, other = Share(budget), Share(budget)
    assert one.hold(60)
    assert one.hold(60)
    assert not other.hold(41)
    assert (one.octets, other.octets, budget.taken) == (60, 0, 60)
    assert one.hold(59)
    assert other.hold(41)
    assert not budget.has_room(0)  # what does not say how large it is has an octet at least
    assert other.hold(0)
    assert budget.has_room(0)
    assert budget.has_room(41)
    assert not budget.has_room(42)


def test_less_is_always_taken_even_after_the_budget_was_made_smaller():
    budget = Budget(100)
    share = Share(budget)
    assert share.hold(90)
    budget.most = 10
    assert share.hold(80)
    assert not share.hold(81)
    assert budget.taken == 80


# --- clients: by a task of their own, in the crowd, by rote, where accidents happen ---------------


@asynccontextmanager
async def by_rote(server):
    async with talking(partial(serve, server, connect=hostess_of(server))) as client:
        yield client


@asynccontextmanager
async def with_faults(server):
    faults = Faults(parse_table("{at: ., delay: 20ms}"), Certificates(NOWHERE))
    async with talking(partial(serve_with_faults, server, faults)) as client:
        yield client


@asynccontextmanager
async def talking(serve):
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as tasks:
        tasks.start_soon(serve, theirs, "127.0.0.1")
        client = Client(ours)
        await client.reply()
        yield client
        await ours.aclose()


NOWHERE = Path("nowhere")
everywhere = pytest.mark.parametrize("way", [*WAYS, by_rote, with_faults])


# --- every way in which a transaction ends -------------------------------------------------------

# Twice the largest message is the least that there is for all.
MESSAGE, ALL = 1_000, 2_000
OPENING = (b"MAIL FROM:<>\r\n", b"RCPT TO:<bob@example.test>\r\n")
DATA = (*OPENING, b"DATA\r\n")
TEXT = b"x" * 78 + b"\r\n"
CHUNK = b"BDAT 600\r\n" + b"x" * 600


def budgeted(spool, **changed):
    settings = {"limits": Limits(message=MESSAGE), "allowance": Allowance(in_flight=ALL)}
    return server_in(spool, **{**settings, **changed})


# how a client leaves its text, in the middle of which it is -> the code of the answer, if any
ENDS = {
    "RSET behind a chunk": ([CHUNK], b"RSET\r\n", b"250"),
    "EHLO behind a chunk": ([CHUNK], b"EHLO c.test\r\n", b"250"),
    "QUIT behind a chunk": ([CHUNK], b"QUIT\r\n", b"221"),
    "the last chunk": ([CHUNK], b"BDAT 0 LAST\r\n", b"250"),
    "a chunk too many": ([CHUNK], b"BDAT 600\r\n" + b"x" * 600, b"552"),
    "a chunk with a wrong mark": ([CHUNK], b"BDAT 1 FIRST\r\nxRSET\r\n", b"501"),
    "the end of a text": ([b"DATA\r\n", TEXT * 9], b".\r\n", b"250"),
    "the end of a text that is too long": ([b"DATA\r\n", TEXT * 9], TEXT * 9 + b".\r\n", b"552"),
    "the end of a text with a bare LF": ([b"DATA\r\n", TEXT * 9], b"\n\r\n.\r\n", b"550"),
    "hanging up within a text": ([b"DATA\r\n", TEXT * 9], None, None),
    "hanging up within a chunk": ([CHUNK[:400]], None, None),
    "hanging up between chunks": ([CHUNK], None, None),
}


@everywhere
@pytest.mark.parametrize(("text", "end", "code"), ENDS.values(), ids=ENDS)
async def test_however_a_transaction_ends_its_octets_are_given_back(tmp_path, way, text, end, code):
    server = budgeted(tmp_path)
    async with way(server) as client:
        await client.say(b"EHLO c.test\r\n")
        for line in OPENING:
            assert (await client.say(line)).startswith(b"250")
        for octets in text:
            await client.stream.send_all(octets)
            if octets in (b"DATA\r\n", CHUNK):
                assert (await client.reply())[:3] in (b"354", b"250")
        await until(lambda: server.budget.taken >= 300)
        if end is None:
            await client.stream.aclose()
        else:
            assert (await client.say(end)).startswith(code)
        await until(lambda: not server.budget.taken)


async def until(is_true):
    with trio.fail_after(5):
        while not is_true():
            await trio.lowlevel.checkpoint()


PATIENCES = {
    "who is silent": ({"patience": Patience(idle=100.0)}, b"421 4.4.2"),
    "who drips": ({"allowance": Allowance(rate=10, window=50.0)}, b"421 4.4.2"),
    "who has been here too long": ({"allowance": Allowance(seconds=100.0)}, b"421 4.7.0"),
}


@everywhere
@pytest.mark.parametrize(("changed", "word"), PATIENCES.values(), ids=PATIENCES)
async def test_who_is_sent_away_within_a_text_gives_its_octets_back(
    tmp_path, autojump_clock, way, changed, word
):
    server = budgeted(tmp_path, **changed)
    async with way(server) as client:
        await client.say(b"EHLO c.test\r\n")
        for line in DATA:
            await client.say(line)
        await client.stream.send_all(TEXT)
        assert (await client.reply()).startswith(word)
        assert await client.reply() == b""
    assert server.budget.taken == 0


@everywhere
async def test_when_all_is_cancelled_nothing_is_in_flight_any_more(tmp_path, way):
    server = budgeted(tmp_path)
    with trio.CancelScope() as everything:
        async with way(server) as client:
            await client.say(b"EHLO c.test\r\n")
            for line in DATA:
                await client.say(line)
            await client.stream.send_all(TEXT)
            await until(lambda: server.budget.taken)
            everything.cancel()
    assert server.budget.taken == 0


class Slow:
    """A storage that keeps nothing before it is told to, and then says what it has been told."""

    waits = True

    def __init__(self):
        self.goes_on = threading.Event()
        self.outcome = None

    def keep_all(self, deliveries):
        self.goes_on.wait(20)
        return [self.outcome] * len(deliveries)


@asynccontextmanager
async def waiting_for_the_disk(server, way):
    """A client whose message is being written."""
    storage = Slow()
    server.intake = Intake(server.house, storage)
    try:
        async with way(server) as client:
            await client.say(b"EHLO c.test\r\n")
            for line in DATA:
                await client.say(line)
            await client.stream.send_all(TEXT * 12 + b".\r\n")
            await until(lambda: server.budget.taken >= len(TEXT * 12))
            yield client, storage
    finally:
        storage.goes_on.set()


@everywhere
@pytest.mark.parametrize("outcome", [None, OSError(errno.ENOSPC, "no space")])
async def test_a_message_is_in_flight_until_the_disk_has_answered(tmp_path, way, outcome):
    server = budgeted(tmp_path)
    async with waiting_for_the_disk(server, way) as (client, storage):
        assert server.budget.taken == len(TEXT * 12)
        storage.outcome = outcome
        storage.goes_on.set()
        assert (await client.reply()).startswith(b"452 4.3.1" if outcome else b"250")
        assert server.budget.taken == 0


@everywhere
async def test_who_hangs_up_before_the_disk_has_answered_gives_back_too(tmp_path, way):
    server = budgeted(tmp_path)
    async with waiting_for_the_disk(server, way) as (client, storage):
        await client.stream.aclose()
        storage.goes_on.set()
        await until(lambda: not server.budget.taken)


# --- who does not fit ----------------------------------------------------------------------------


@asynccontextmanager
async def nearly_full(server, way, taken):
    """Another client has so many octets in the middle of its text."""
    before = server.budget.taken
    async with way(server) as client:
        await client.say(b"EHLO c.test\r\n")
        for line in DATA:
            await client.say(line)
        await client.stream.send_all(b"x" * (taken - 2))  # behind the line end of DATA
        await until(lambda: server.budget.taken == before + taken)
        yield client


@pytest.mark.parametrize("way", [*WAYS, with_faults])
async def test_what_does_not_fit_is_452_at_its_end_and_can_be_sent_again(tmp_path, way):
    server = budgeted(tmp_path)
    async with nearly_full(server, way, 990) as first, nearly_full(server, way, 990) as second:
        async with way(server) as third:
            reply = await third.send("bob@example.test", TEXT)
            assert reply == b"452 4.3.1 Insufficient system storage"
            assert (await first.say(b"\r\n.\r\n")).startswith(b"250")
            assert (await third.send("bob@example.test", TEXT)).startswith(b"250")
        assert (await second.say(b"\r\n.\r\n")).startswith(b"250")
    assert len(mail_of(tmp_path, "bob")) == 3


@everywhere
async def test_messages_that_wait_for_the_disk_are_no_more_than_there_may_be(tmp_path, way):
    server = budgeted(tmp_path)
    async with waiting_for_the_disk(server, way) as (first, storage), way(server) as second:
        await second.say(b"EHLO c.test\r\n")
        for line in DATA:
            await second.say(line)
        await second.stream.send_all(TEXT * 12 + b".\r\n")
        await until(lambda: server.budget.taken >= 2 * len(TEXT * 12))
        async with way(server) as third:
            assert (await third.send("bob@example.test", TEXT * 2)).startswith(b"452 4.3.1")
            assert (await third.say(b"NOOP\r\n")).startswith(b"250")
        storage.goes_on.set()
        for waited in first, second:
            assert (await waited.reply()).startswith(b"250")


@everywhere
async def test_a_text_that_grows_too_large_for_what_is_left_makes_room_for_others(tmp_path, way):
    server = budgeted(tmp_path)
    async with nearly_full(server, way, 990), nearly_full(server, way, 900) as second:
        await second.stream.send_all(b"x" * 200)
        await until(lambda: server.budget.taken < 1_000)
        async with way(server) as third:
            assert (await third.send("bob@example.test", TEXT)).startswith(b"250")
        assert (await second.say(b"\r\n.\r\n")).startswith(b"452 4.3.1")
        assert (await second.say(b"NOOP\r\n")).startswith(b"250")
    assert len(mail_of(tmp_path, "bob")) == 1


# what is said where 100 octets are left -> the answer
WISHES = {
    "SIZE fits": (b"MAIL FROM:<> SIZE=100\r\n", b"250 2.1.0"),
    "SIZE does not": (b"MAIL FROM:<> SIZE=101\r\n", b"452 4.3.1"),
    "no SIZE": (b"MAIL FROM:<>\r\n", b"250 2.1.0"),
    "SIZE is never taken": (b"MAIL FROM:<> SIZE=1001\r\n", b"552 5.3.4"),
}


@everywhere
@pytest.mark.parametrize(("mail", "answer"), WISHES.values(), ids=WISHES)
async def test_what_declares_more_than_is_left_is_452_at_mail(tmp_path, way, mail, answer):
    server = budgeted(tmp_path)
    async with nearly_full(server, way, 950), nearly_full(server, way, 950), way(server) as third:
        await third.say(b"EHLO c.test\r\n")
        assert (await third.say(mail)).startswith(answer)


@everywhere
async def test_where_all_is_spent_every_mail_is_452(tmp_path, way):
    server = budgeted(tmp_path)
    async with nearly_full(server, way, 1000), nearly_full(server, way, 1000), way(server) as third:
        await third.say(b"EHLO c.test\r\n")
        assert (await third.say(b"MAIL FROM:<>\r\n")).startswith(b"452 4.3.1")


@everywhere
async def test_a_chunk_that_does_not_fit_ends_its_transaction_and_no_other(tmp_path, way):
    server = budgeted(tmp_path)
    async with nearly_full(server, way, 990), nearly_full(server, way, 900), way(server) as third:
        await third.say(b"EHLO c.test\r\n")
        for line in OPENING:
            await third.say(line)
        assert (await third.say(b"BDAT 50\r\n" + b"x" * 50)).startswith(b"250")
        assert (await third.say(b"BDAT 80\r\n" + b"x" * 80)).startswith(b"452 4.3.1")
        assert server.budget.taken == 1_890
        assert (await third.say(b"BDAT 0 LAST\r\n")).startswith(b"503")


async def test_the_largest_message_is_taken_even_where_the_budget_is_smaller(tmp_path):
    server = budgeted(tmp_path, allowance=Allowance(in_flight=1))
    assert server.budget.most == ALL
    async with connected(server) as client:
        assert (await client.send("bob@example.test", b"..\r\n" * 333)).startswith(b"250")
