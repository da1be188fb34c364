"""A worker in our own process: its channel is a pair of memory streams."""

import json
import signal
from contextlib import asynccontextmanager
from dataclasses import replace

import trio
import trio.testing

from reference_server.doors.door import Door, Endpoint, reserve_door
from reference_server.intake.directory import Alias
from reference_server.watching.log import Logging
from reference_server.workers.channel import Ask, Begin, Channel, Ready, Renew, Taken, Told
from reference_server.workers.worker import work
from tests.reference_server.connecting import Client, config, mail_of


@asynccontextmanager
async def working(spool, held, number=0, **changed):
    """A worker's door and the supervisor's end of its channel."""
    door = reserve_door(Door(), held)
    ours, theirs = trio.testing.memory_stream_pair()
    channel = Channel(ours, ours)
    async with trio.open_nursery() as tasks:
        tasks.start_soon(work, Channel(theirs, theirs))
        begin = Begin(
            config=config(spool, **changed), spool=spool, doors=(door,), number=number, workers=2
        )
        await channel.send(begin)
        assert await channel.receive() == Ready()
        yield door, channel, begin
        await ours.aclose()


@asynccontextmanager
async def visiting(door):
    async with await trio.open_tcp_stream(door.host, door.port) as stream:
        client = Client(stream)
        await client.reply()
        yield client


async def test_it_takes_mail_and_tells_its_numbers(tmp_path, held):
    metrics = Endpoint("127.0.0.1", 0)
    async with working(tmp_path, held, metrics=metrics) as (door, channel, _):
        async with visiting(door) as client:
            assert (await client.send("alice@example.test", b"x\r\n")).startswith(b"250")
        await channel.send(Ask())
        told = await channel.receive()
    assert isinstance(told, Told)
    assert ("messages_total", ("250",), 1) in told.samples
    assert len(mail_of(tmp_path, "alice")) == 1


async def test_a_sink_tells_at_its_end_what_it_has_taken(tmp_path, held):
    async with working(tmp_path, held, sink=True) as (door, channel, _):
        async with visiting(door) as client:
            assert (await client.send("x@y.test", b"123\r\n")).startswith(b"250")
        signal.raise_signal(signal.SIGTERM)
        assert await channel.receive() == Taken(1, len(b"123\r\n"))


async def test_it_has_no_queue_and_takes_nothing_that_would_need_one(tmp_path, held):
    away = {"away": Alias(("x@elsewhere.test",))}
    async with (
        working(tmp_path, held, aliases=away) as (door, _, _),
        visiting(door) as client,
    ):
        assert (await client.send("away@example.test", b"x\r\n")).startswith(b"452")
    assert not (tmp_path / "queue.db").exists()


async def test_ids_of_two_workers_are_never_the_same(tmp_path, held):
    serials = []
    for number in (0, 1):
        async with working(tmp_path, held, number) as (door, _, _), visiting(door) as client:
            said = [await client.send("alice@example.test", b"x\r\n") for _ in range(3)]
            serials.append([int(reply.rsplit(b"-", 1)[1], 16) for reply in said])
    assert serials == [[1, 3, 5], [2, 4, 6]]


async def test_its_log_tells_who_it_is_and_news_are_obeyed(tmp_path, held):
    log = Logging(path=tmp_path / "log")
    async with working(tmp_path, held, 1, log=log) as (door, channel, begin):
        users = {**begin.config.users, "carol": None}
        await channel.send(Renew(replace(begin.config, users=users)))
        await channel.send(Ask())
        assert await channel.receive() == Told(())
        async with visiting(door) as client:
            assert (await client.send("carol@example.test", b"x\r\n")).startswith(b"250")
    told = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {line["worker"] for line in told} == {1}
    assert "reloaded" in [line["event"] for line in told]


async def test_it_ends_when_its_supervisor_is_gone_and_when_it_is_told(tmp_path, held):
    async with working(tmp_path, held):
        pass  # leaving closes the channel, and waits for the worker
    async with working(tmp_path, held) as (door, *_), visiting(door) as client:
        signal.raise_signal(signal.SIGTERM)
        assert (await client.reply()).startswith(b"421 4.3.2 example.test shutting")
        assert await client.reply() == b""


async def test_a_supervisor_that_is_gone_before_it_says_anything_needs_no_worker():
    ours, theirs = trio.testing.memory_stream_pair()
    await ours.send_eof()
    with trio.fail_after(5):
        await work(Channel(theirs, theirs))
