"""What all clients have in flight together, whatever they say and in whatever order it comes."""

import tracemalloc
from collections import deque

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from harness.protocol.receiver import Limits
from reference_server.configuration import make_server
from reference_server.configuration.relays import World
from reference_server.doors.door import PLAIN
from reference_server.doors.limits import Allowance
from reference_server.running import hostess_of
from reference_server.talks.connection import Connection
from tests.fuzz.profile import profile
from tests.reference_server.connecting import config, server_in
from tests.reference_server.doors.test_budget import ALL, CHUNK, DATA, MESSAGE, OPENING, TEXT

SCRIPTS = (
    b"".join(DATA) + TEXT * 5 + b".\r\n",
    b"".join(DATA) + TEXT * 12 + b".\r\n",
    b"".join(DATA) + TEXT * 14 + b".\r\n",  # too large for ever
    b"MAIL FROM:<> SIZE=900\r\n" + OPENING[1] + b"DATA\r\n" + TEXT * 10 + b".\r\n",
    b"".join(OPENING) + CHUNK + b"BDAT 300 LAST\r\n" + b"y" * 300,
    b"".join(OPENING) + CHUNK + b"RSET\r\n",
    b"".join(OPENING) + CHUNK * 3 + b"BDAT 1 LAST\r\nz",
    b"MAIL FROM:<>\r\nRCPT TO:<nobody@example.test>\r\nDATA\r\n",
    b"WIBBLE\r\nQUIT\r\n",
)
DEEDS = st.sampled_from(["say"] * 8 + ["disk", "leave"])
STEPS = st.lists(st.tuples(st.integers(0, 5), DEEDS, st.integers(1, 700)), max_size=60)


class Visitor:
    """A client that says its script by and by, and waits while its message is being written."""

    def __init__(self, connection, script):
        self.connection = connection
        self.left = deque(script)
        self.waiting = None
        self.is_gone = False

    def say(self, count):
        if self.waiting is None and not self.is_gone:
            octets = bytes(self.left.popleft() for _ in range(min(count, len(self.left))))
            self.waiting = self.connection.hear(octets) if octets else None
            self.connection.output()

    async def disk(self, _count):
        if self.waiting is not None:
            await self.connection.attend(self.waiting, None)
            self.waiting = self.connection.go_on()
            self.connection.output()

    def leave(self, _count):
        if not self.is_gone and self.waiting is None:
            self.is_gone = True
            self.connection.close()


async def live(spool, scripts, steps, connect):
    world = World(inline=True)
    settings = {"limits": Limits(message=MESSAGE), "allowance": Allowance(in_flight=ALL)}
    server = make_server(config(spool, **settings), world)
    visitors = [Visitor(connect(server), b"EHLO c.test\r\n" + one) for one in scripts]
    for who, what, count in steps:
        visitor = visitors[who]
        done = getattr(visitor, what)(count)
        if done is not None:
            await done
        held = sum(one.connection._receiver.held for one in visitors if not one.is_gone)
        # Who was refused keeps the beginning of an end, for which there may be no room either.
        assert server.budget.taken <= held <= min(server.budget.taken, ALL) + 4 * len(visitors)
    for visitor in visitors:
        while visitor.waiting is not None:
            await visitor.disk(0)
        visitor.leave(0)
    assert server.budget.taken == 0


KINDS = {
    "a receiver": lambda server: Connection(server, "127.0.0.1", PLAIN),
    "by rote": lambda server: hostess_of(server)(server, "127.0.0.1", PLAIN, {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("connect", KINDS.values(), ids=KINDS)
@profile()
@given(
    scripts=st.lists(st.lists(st.sampled_from(SCRIPTS), max_size=3).map(b"".join),
                     min_size=6, max_size=6),
    steps=STEPS,
)  # fmt: skip
def test_what_is_counted_is_what_is_held_and_never_too_much(
    tmp_path_factory, connect, scripts, steps
):
    trio.run(live, tmp_path_factory.mktemp("spool"), scripts, steps, connect)


MIB = 1_048_576
BULK = b"x" * 65_534 + b"\r\n"


async def all_at_once(spool, in_flight):
    """The most memory while 30 clients send a message of a MiB each, and what they are told."""
    server = server_in(
        spool,
        limits=Limits(message=MIB),
        allowance=Allowance(in_flight=in_flight),
        discard=True,
    )
    clients = [Connection(server, "127.0.0.1", PLAIN) for _ in range(30)]
    for client in clients:
        client.hear(b"EHLO c.test\r\n" + b"".join(DATA))
        client.output()
    tracemalloc.start()
    try:
        for _ in range(16):
            for client in clients:
                client.hear(BULK)
        for client in clients:
            client.hear(b".\r\n")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert server.budget.taken == 0
    return peak, [client.output()[:9] for client in clients]


@pytest.mark.slow
async def test_many_who_send_at_once_take_no_more_memory_than_there_is(tmp_path):
    peak, said = await all_at_once(tmp_path / "few", 4 * MIB)
    assert peak < 9 * MIB  # a bytearray has an eighth more; one message at a time is copied
    assert said.count(b"250 2.0.0") >= 3  # whoever is refused makes room for others
    assert set(said) == {b"250 2.0.0", b"452 4.3.1"}
    peak, said = await all_at_once(tmp_path / "all", 64 * MIB)
    assert peak > 30 * MIB  # as it would be otherwise
    assert set(said) == {b"250 2.0.0"}
