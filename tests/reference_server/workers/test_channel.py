from pathlib import Path

import pytest
import trio
import trio.testing

from reference_server.configuration import Config, KeyPair, read_config
from reference_server.doors.door import Door, Kind
from reference_server.workers.channel import Ask, Begin, Channel, Ready, Renew, Told
from tests.reference_server.configuration.written import EVERYTHING, written

SAMPLES = (("commands_total", ("MAIL",), 2.0), ("storing_seconds", (), ([1, 0], 0.5)))


async def test_any_configuration_comes_through(tmp_path):
    config = read_config(written(tmp_path, EVERYTHING))
    pair = Config(key_pair=KeyPair(Path("a"), Path("b")))
    begin = Begin(
        config=config, spool=tmp_path, doors=(Door(Kind.LMTP, "::1", 5),), number=1, workers=2
    )
    ours, theirs = trio.testing.memory_stream_pair()
    sending, receiving = Channel(ours, ours), Channel(theirs, theirs)
    for message in (begin, Renew(pair), Ask(), Ready(), Told(SAMPLES)):
        await sending.send(message)
        assert await receiving.receive() == message


async def test_messages_are_read_the_same_wherever_they_are_cut():
    ours, theirs = trio.testing.memory_stream_pair()
    await Channel(ours, ours).send(Told(SAMPLES))
    await Channel(ours, ours).send(Ready())
    octets = bytes(await theirs.receive_some(65_536))
    for cut in range(len(octets) + 1):
        ours, theirs = trio.testing.memory_stream_pair()
        channel = Channel(theirs, theirs)
        async with trio.open_nursery() as tasks:

            async def send(stream=ours, at=cut) -> None:
                await stream.send_all(octets[:at])
                await trio.testing.wait_all_tasks_blocked()
                await stream.send_all(octets[at:])
                await stream.aclose()

            tasks.start_soon(send)
            received = [await channel.receive() for _ in range(3)]
        assert received == [Told(SAMPLES), Ready(), None]


@pytest.mark.parametrize("left", [b"", b"\0\0", b"\0\0\0\5abc"])
async def test_an_end_that_is_gone_says_nothing_more(left):
    ours, theirs = trio.testing.memory_stream_pair()
    await ours.send_all(left)
    await ours.send_eof()
    assert await Channel(theirs, theirs).receive() is None
