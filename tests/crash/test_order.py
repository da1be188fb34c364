"""Data and directory are synced before a 250 leaves the socket; and a sync less is found out."""

import subprocess
import sys

import pytest
import trio
import trio.testing

from harness.cli.children import environment
from reference_server.doors.listener import serve
from reference_server.intake.intake import Intake
from reference_server.queue.store import StoredQueue
from reference_server.storage.mailboxes import Mailboxes
from reference_server.storage.storage import DiskStorage
from tests.crash import traces
from tests.crash.order import broken_promises, promises
from tests.crash.sending import Sender
from tests.crash.serving import Child
from tests.reference_server.connecting import Client, server_in
from tests.reference_server.disks import Event, NoDirectorySync, NoFileSync, RecordingDisk


class RecordingStream(trio.abc.Stream):
    """What is said through it is written down before it is."""

    def __init__(self, stream, events):
        self._stream, self._events = stream, events

    async def send_all(self, data):
        self._events.append(Event("say", octets=bytes(data)))
        await self._stream.send_all(data)

    async def receive_some(self, max_bytes=None):
        return await self._stream.receive_some(max_bytes)

    async def wait_send_all_might_not_block(self):
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self):
        await self._stream.aclose()


async def recorded(spool, make_disk):
    """All that a server does and says while six clients send at once."""
    events = []
    server = server_in(spool, sync=True)
    mailboxes = Mailboxes(spool / "mail", disk=make_disk(events))
    server.intake = Intake(server.house, DiskStorage(mailboxes, StoredQueue(spool / "queue.db")))
    async with trio.open_nursery() as nursery:
        for n in range(6):
            ours, theirs = trio.testing.memory_stream_pair()
            nursery.start_soon(serve, server, RecordingStream(theirs, events), "127.0.0.1")
            nursery.start_soon(_send, ours, ("alice", "bob")[n % 2])
    return events


async def _send(stream, to):
    client = Client(stream)
    await client.reply()
    for _ in range(5):
        assert (await client.send(f"{to}@example.test", b"x\r\n")).startswith(b"250")
    await stream.aclose()


async def test_file_and_directory_are_synced_before_the_250_is_said(tmp_path):
    events = await recorded(tmp_path, RecordingDisk)
    assert len(promises(events)) == 30
    assert broken_promises(events) == []
    syncs = sum(event.what == "sync" for event in events)
    assert syncs < 2 * 30, "one sync for each file and one for its directory: nothing was shared"


@pytest.mark.parametrize(
    ("disk", "words"), [(NoFileSync, "/tmp/"), (NoDirectorySync, "/new is not synced")]
)
async def test_a_sync_less_is_found_out(tmp_path, disk, words):
    wrong = broken_promises(await recorded(tmp_path, disk))
    assert len(wrong) == 30
    assert all(words in one and one.endswith("is not synced") for one in wrong)


# --- the real thing -------------------------------------------------------------------------------

under_strace = pytest.mark.skipif(traces.STRACE is None, reason="there is no strace here")


@under_strace
@pytest.mark.slow
def test_the_kernel_is_asked_for_all_that_before_the_250_is_sent(tmp_path):
    record = tmp_path / "record"
    child = Child(tmp_path / "spool", under=traces.command(record))
    for thread in Sender(seed=1).begin(child.port, messages=5):
        thread.join(60)
    child.stop()
    with record.open() as lines:
        events = list(traces.read(lines))
    assert len(promises(events)) == 30
    assert broken_promises(events) == []
    without = [event for event in events if event.what != "sync"]
    assert len(broken_promises(without)) >= 2 * 30


_COMMIT = """
import os, pathlib, sys, trio
from reference_server.queue import Item, QueuedRecipient
from reference_server.queue.store import StoredQueue
queue = StoredQueue(pathlib.Path(sys.argv[1]), sync=sys.argv[2] == "sync")
to = (QueuedRecipient(address="bob@b.test"),)
for n in range(3):
    item = Item(id=f"i{n}", reverse_path="", arrived=1.0, size=1, recipients=to)
    trio.run(lambda: queue.commit(new={item: b"token-%d" % n}))
    os.write(1, b"kept token-%d" % n)
"""


@under_strace
@pytest.mark.slow
@pytest.mark.parametrize(("how", "is_promised"), [("sync", True), ("no-sync", False)])
def test_what_the_queue_has_committed_is_synced(tmp_path, how, is_promised):
    record, queue = tmp_path / "record", tmp_path / "queue.db"
    subprocess.run(
        [*traces.command(record), sys.executable, "-c", _COMMIT, str(queue), how],
        check=True,
        env=environment(),
        stdout=subprocess.PIPE,
    )
    with record.open() as lines:
        events = list(traces.read(lines))
    for n in range(3):
        (told,) = _places(events, b"kept token-%d" % n)
        written = max(place for place in _places(events, b"token-%d" % n) if place < told)
        path = events[written].path
        assert path == f"{queue}-wal"
        synced = Event("sync", path) in events[written:told]
        assert synced is is_promised


def _places(events, octets):
    return [n for n, event in enumerate(events) if octets in event.octets]
