"""The whole server, from its stream to its mailboxes: in step, and what it took is what arrived."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
import trio
import trio.testing

from harness.protocol.receiver import Limits
from harness.protocol.services import Service
from reference_server.configuration import Config, make_server
from reference_server.doors.door import Door, Kind
from reference_server.doors.listener import serve
from reference_server.server import Server
from tests.fuzz.expectation import Expectation, Mode, Terms
from tests.fuzz.volume import segments
from tests.peers.serving import Mailbox

SMALL = Limits(message=1_000, chunk=5_000, recipients=3, junk=100, errors=60, log_ins=5)
KINDS = (Kind.SMTP, Kind.LMTP)


def server_in(spool: Path) -> Server:
    users = {"alice": "secret"}
    return make_server(
        Config(domain="example.test", users=users, spool=spool, sync=False, limits=SMALL)
    )


def expectation(service: Service) -> Expectation:
    return Expectation(
        Terms(
            message=SMALL.message,
            chunk=SMALL.chunk,
            recipients=SMALL.recipients,
            errors=SMALL.errors,
            log_ins=SMALL.log_ins,
            idle=SMALL.junk,
            has_tls=False,
            service=service,
        )
    )


async def converse(server: Server, kind: Kind, seed: int) -> list[bytes]:
    """One client's conversation from a seed; the contents that got their 250."""
    door = Door(kind)
    assert door.service is not None
    expected = expectation(door.service)
    ours, theirs = trio.testing.memory_stream_pair()
    heard = bytearray()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, server, theirs, "127.0.0.1", door)
        nursery.start_soon(listen, ours, heard)
        await quiet(heard)
        for segment in segments(random.Random(seed), expected):
            if expected.mode is Mode.OVER:
                break
            await ours.send_all(segment)
            expected.settle(segment, await quiet(heard))
        await ours.send_eof()
    return expected.taken


async def listen(stream: trio.abc.ReceiveStream, heard: bytearray) -> None:
    """Keep all that is said until the server hangs up."""
    async for octets in stream:
        heard.extend(octets)


async def quiet(heard: bytearray) -> bytes:
    """What was said until nobody had anything to do any more."""
    await trio.testing.wait_all_tasks_blocked()
    said = bytes(heard)
    heard.clear()
    return said


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
async def test_what_got_its_250_is_what_arrived(tmp_path, kind):
    server = server_in(tmp_path)
    mailboxes = [Mailbox(tmp_path / "mail" / name) for name in ("alice", "postmaster")]
    for seed in range(60):
        taken = Counter(await converse(server, kind, seed))
        arrived = [it for mailbox in mailboxes for it in mailbox.fresh()]
        # One message may be in both mailboxes; its id is in its trace.
        found = {it.received.partition(" id ")[2].split()[0]: it.content for it in arrived}
        assert Counter(found.values()) == taken, f"seed {seed}"
    assert server.open_connections == 0
