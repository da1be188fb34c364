"""What one client may have of us: commands, octets, time, and no dripping; in virtual time."""

import json
import math
import socket
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from harness.protocol.receiver import Occasion
from reference_server.doors.crowd import HAS_EPOLL, Crowd
from reference_server.doors.door import Door, Kind
from reference_server.doors.limits import Allowance, Pace
from reference_server.doors.listener import serve
from reference_server.watching.log import Logging
from tests.reference_server.connecting import Client, connected, server_in

# --- the pace ------------------------------------------------------------------------------------

SMALL = Allowance(commands=3, octets=100, seconds=1_000.0, rate=10, window=50.0)


def test_what_is_too_much_is_told_as_soon_as_it_is():
    pace = Pace(SMALL, 0.0)
    pace.commands, pace.octets = 3, 100
    assert pace.excess is None
    pace.octets = 101
    assert pace.excess is Occasion.TOO_MANY_OCTETS
    pace.commands = 4
    assert pace.excess is Occasion.TOO_MANY_COMMANDS


# (when, octets so far, commands so far, in a line or a text) -> what is found
LOOKS = {
    "silence between commands": [(0, 10, 1, False), (900, 10, 1, False)],
    "the session is over": [(999, 0, 0, False), (1_000, 0, 0, False)],
    "a line that does not end": [(0, 1, 0, True), (49, 1, 0, True), (50, 1, 0, True)],
    "a line that ends in time": [(0, 1, 0, True), (49, 9, 1, False), (99, 9, 1, False)],
    "another line each time": [(0, 1, 0, True), (40, 9, 1, True), (80, 18, 2, True)],
    "just fast enough": [(0, 0, 0, True), (50, 500, 0, True), (100, 1_000, 0, True)],
    "a burst, then drops": [
        (0, 0, 0, True), (50, 90_000, 0, True), (90, 90_010, 0, True), (100, 90_020, 0, True),
    ],
    "slower from window to window": [
        (0, 0, 0, True), (50, 500, 0, True), (100, 999, 0, True),
    ],
}  # fmt: skip
FOUND = {
    "the session is over": Occasion.SESSION_TOO_LONG,
    "a line that does not end": Occasion.TOO_SLOW,
    "a burst, then drops": Occasion.TOO_SLOW,
    "slower from window to window": Occasion.TOO_SLOW,
}


@pytest.mark.parametrize("case", LOOKS)
def test_who_is_slow_is_found_by_looking_now_and_then(case):
    pace, found = Pace(SMALL, 0.0), []
    for now, octets, commands, is_midway in LOOKS[case]:
        pace.octets, pace.commands = octets, commands
        found.append(pace.look(now, is_midway=is_midway))
    assert found[:-1] == [None] * (len(found) - 1)
    assert found[-1] is FOUND.get(case)


def test_the_deadline_is_the_first_moment_at_which_somebody_can_be_late():
    pace = Pace(SMALL, 0.0)
    assert pace.deadline == 1_000.0
    pace.look(100.0, is_midway=True)
    assert pace.deadline == 150.0
    pace.octets = 800  # enough for 80 seconds
    assert pace.deadline == 180.0
    pace.look(120.0, is_midway=False)
    assert pace.deadline == 1_000.0


def test_time_that_we_take_is_not_the_clients():
    pace = Pace(SMALL, 0.0)
    pace.look(0.0, is_midway=True)
    pace.excuse(30.0)
    assert pace.look(50.0, is_midway=True) is None
    assert pace.look(80.0, is_midway=True) is Occasion.TOO_SLOW


def test_without_a_rate_nobody_is_slow():
    pace = Pace(Allowance(rate=0, seconds=math.inf), 0.0)
    pace.look(0.0, is_midway=True)
    assert pace.look(1e9, is_midway=True) is None
    assert pace.deadline == math.inf


# --- clients in virtual time, by a task of their own and in the crowd ----------------------------


@asynccontextmanager
async def by_task(server):
    async with connected(server) as client:
        yield client


@asynccontextmanager
async def in_crowd(server):
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    client = Client(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
    async with trio.open_nursery() as tasks, client.stream:
        crowd = Crowd(server, tasks)
        tasks.start_soon(crowd.serve)
        tasks.start_soon(crowd.sweep)
        crowd.join(theirs, "127.0.0.1")
        await client.reply()
        yield client
        tasks.cancel_scope.cancel()


WAYS = [
    by_task,
    pytest.param(in_crowd, marks=pytest.mark.skipif(not HAS_EPOLL, reason="there is no epoll")),
]
everywhere = pytest.mark.parametrize("way", WAYS)


def logging_server(spool, **allowance):
    return server_in(spool, allowance=Allowance(**allowance), log=Logging(path=spool / "log"))


def dismissed(spool) -> list[str]:
    lines = (spool / "log").read_text().splitlines()
    return [line["because"] for line in map(json.loads, lines) if line["event"] == "dismissed"]


async def last_word(client) -> bytes:
    """The 421 that is the last thing said."""
    said = last = b""
    while said := await client.reply():
        last = said
    return last


def within_a_text(client):
    return [b"EHLO c.test\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<bob@example.test>\r\n", b"DATA\r\n"]


@everywhere
@pytest.mark.parametrize("stage", ["a line", "a text"])
async def test_who_sends_drop_by_drop_is_cut_off(tmp_path, autojump_clock, way, stage):
    server = logging_server(tmp_path, rate=1, window=100.0)
    async with way(server) as client:
        for line in within_a_text(client) if stage == "a text" else ():
            await client.say(line)
        began = trio.current_time()
        async with trio.open_nursery() as dripping:

            async def drip() -> None:
                while True:
                    await client.stream.send_all(b"x")
                    await trio.sleep(30)

            dripping.start_soon(drip)
            assert (await last_word(client)).endswith(
                b"too slow, closing connection" + mark(tmp_path)
            )
            dripping.cancel_scope.cancel()
        assert 100 <= trio.current_time() - began <= 132
    assert dismissed(tmp_path) == ["too slow"]


def mark(spool) -> bytes:
    """The session's id, as it stands in a reply."""
    first = json.loads((spool / "log").read_text().splitlines()[0])
    return f" [{first['session']}]".encode()


@everywhere
async def test_who_is_slow_but_fast_enough_is_heard_to_the_end(tmp_path, autojump_clock, way):
    server = logging_server(tmp_path, rate=1, window=100.0)
    async with way(server) as client:
        for line in within_a_text(client):
            await client.say(line)
        for _ in range(60):
            await client.stream.send_all(b"x" * 38 + b"\r\n")
            await trio.sleep(20)
        assert (await client.say(b".\r\n")).startswith(b"250")


@everywhere
async def test_who_waits_between_commands_is_idle_and_not_slow(tmp_path, autojump_clock, way):
    server = logging_server(tmp_path, window=10.0)
    async with way(server) as client:
        for _ in range(5):
            assert (await client.say(b"NOOP\r\n")).startswith(b"250")
            await trio.sleep(250)
        await last_word(client)
    assert dismissed(tmp_path) == ["idle"]


@everywhere
async def test_a_session_has_its_time(tmp_path, autojump_clock, way):
    server = logging_server(tmp_path, seconds=1_000.0)
    async with way(server) as client:
        for _ in range(10):
            assert (await client.say(b"NOOP\r\n")).startswith(b"250")
            await trio.sleep(100)
        await last_word(client)
        assert trio.current_time() <= 1_003
    assert dismissed(tmp_path) == ["session too long"]


@everywhere
@pytest.mark.parametrize(
    ("allowance", "because"),
    [({"commands": 10}, "too many commands"), ({"octets": 65}, "too many octets")],
)
async def test_a_session_has_so_many_commands_and_octets(tmp_path, way, allowance, because):
    server = logging_server(tmp_path, **allowance)
    async with way(server) as client:
        answers = [await client.say(b"NOOP\r\n") for _ in range(11)]
        assert [answer[:3] for answer in answers] == [b"250"] * 11
        assert (await client.reply()).startswith(b"421")
        assert await client.reply() == b""
    assert dismissed(tmp_path) == [because]


async def test_one_too_many_from_an_address_is_told_and_others_are_not_hurt(tmp_path):
    server = logging_server(tmp_path, connections_per_address=1)
    ours, theirs = trio.testing.memory_stream_pair()
    async with connected(server) as first, trio.open_nursery() as tasks:
        async with connected(server, greeted=False) as second:
            assert (await second.reply()).startswith(b"421 example.test too many connections")
        tasks.start_soon(serve, server, theirs, "192.0.2.2")
        assert (await Client(ours).reply()).startswith(b"220")
        assert (await first.say(b"NOOP\r\n")).startswith(b"250")
        await ours.aclose()
    assert dismissed(tmp_path) == ["too many connections"]
    assert server.open_connections == 0


async def test_no_hands_are_shaken_with_one_too_many(tmp_path):
    server = server_in(tmp_path, allowance=Allowance(connections=0), tls_self_signed=True)
    ours, theirs = trio.testing.memory_stream_pair()
    await serve(server, theirs, "192.0.2.1", Door(Kind.SMTPS))
    assert await ours.receive_some() == b""
    assert server.open_connections == 0
