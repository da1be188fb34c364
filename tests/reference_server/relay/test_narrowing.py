"""A large message is put into 7 bits in a thread, so that nobody else waits for it."""

import threading

import pytest
import trio

from reference_server.relay.sessions.conversion import seven_bit
from reference_server.relay.sessions.narrowing import SMALL, Narrowing, one_at_a_time
from tests.reference_server.relay.hosts import Host
from tests.reference_server.relay.world import running, world

HEADER = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
LINE = "Schöne Grüße, und so weiter.\r\n".encode()
LARGE = HEADER + LINE * (SMALL // len(LINE) + 1)


class Converting:
    """Converts by the book, and may be held up; knows how often, where, and how many at once."""

    def __init__(self):
        self.goes_on = threading.Event()
        self.threads = []
        self.at_work = self.most = 0

    def __call__(self, content):
        self.threads.append(threading.current_thread())
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        if len(content) > SMALL:
            self.goes_on.wait(10)
        self.at_work -= 1
        return seven_bit(content)


async def test_others_go_on_while_a_large_message_is_converted():
    convert = Converting()
    narrowing = Narrowing(LARGE, one_at_a_time(), convert)
    async with trio.open_nursery() as tasks:
        tasks.start_soon(narrowing.converted)
        while not convert.threads:
            await trio.lowlevel.checkpoint()
        convert.goes_on.set()  # which nobody could do from here if the event loop stood still
    assert convert.threads != [threading.current_thread()]
    assert await narrowing.converted() == seven_bit(LARGE)


async def test_a_small_message_is_converted_where_it_is():
    convert = Converting()
    small = HEADER + LINE
    assert await Narrowing(small, one_at_a_time(), convert).converted() == seven_bit(small)
    assert convert.threads == [threading.current_thread()]


@pytest.mark.parametrize("content", [LARGE, HEADER + LINE, "Subject: ü\r\n\r\nx\r\n".encode()])
async def test_a_message_is_converted_once_whatever_it_comes_to(content):
    convert = Converting()
    convert.goes_on.set()
    narrowing = Narrowing(content, one_at_a_time(), convert)
    assert await narrowing.converted() == await narrowing.converted() == seven_bit(content)
    assert len(convert.threads) == 1


async def test_one_is_converted_at_a_time():
    convert, limiter = Converting(), one_at_a_time()
    async with trio.open_nursery() as tasks:
        for _ in range(5):
            tasks.start_soon(Narrowing(LARGE, limiter, convert).converted)
        await trio.lowlevel.checkpoint()
        convert.goes_on.set()
    assert (len(convert.threads), convert.most) == (5, 1)


async def test_mail_for_others_is_delivered_while_a_large_message_is_converted():
    narrow, wide = Host(("PIPELINING",)), Host()
    hosts = {"a:25": narrow, "b:25": wide}
    async with world({"a.test": "a:25", "b.test": "b:25"}, hosts) as w, running(w) as relay:
        relay.take(await w.put("one@a.test", content=LARGE * 5))
        relay.take(await w.put("two@b.test"))
        with trio.fail_after(20):
            while not (narrow.mail and wide.mail):
                await trio.lowlevel.checkpoint()
    assert narrow.mail[0].content == seven_bit(LARGE * 5)
    assert narrow.mail[0].content.isascii()
