"""Mboxes, filled by Python's own mailbox module, which writes as delivery agents do."""

from __future__ import annotations

import mailbox
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import trio

from harness.delivery.mbox import Mbox, read_mbox
from harness.delivery.undoing import LF_UNDONE, QUOTE_UNDONE
from tests.delivery.reading import octets_of, opened


def append(path: Path, *messages: bytes) -> None:
    """Deliver, as one does: with the file locked."""
    box = mailbox.mbox(path)
    box.lock()
    for octets in messages:
        box.add(octets.replace(b"\r\n", b"\n"))
    box.close()


MESSAGES = [
    b"Subject: plain\r\n\r\nhello\r\n",
    b"Subject: no text\r\n\r\n",
    b"Subject: empty lines\r\n\r\n\r\n\r\n",
    b"Subject: From\r\n\r\nFrom here on\r\n\r\nFrom there on\r\nnot From here\r\n",
    b"Subject: 8 bits\r\n\r\n\xff\xfe\r\n",
]


@pytest.mark.parametrize("octets", MESSAGES)
async def test_a_message_comes_out_as_it_went_in(tmp_path, octets):
    append(tmp_path / "alice", b"Subject: old\r\n\r\nold\r\n")
    reader = await opened(f"mbox:{tmp_path}/{{local}}")
    append(tmp_path / "alice", octets)

    assert await octets_of(reader) == [octets]


async def test_all_that_is_appended_is_read_in_its_order(tmp_path):
    reader = await opened(f"mbox:{tmp_path}/alice")
    assert await octets_of(reader) == []
    append(tmp_path / "alice", *MESSAGES[:2])
    assert await octets_of(reader) == MESSAGES[:2]
    append(tmp_path / "alice", *MESSAGES[2:])
    assert await octets_of(reader) == MESSAGES


async def test_what_the_store_changed_is_told(tmp_path):
    reader = await opened(f"mbox:{tmp_path}/alice")
    append(tmp_path / "alice", *MESSAGES)

    told = [stored.changed for stored in await reader.messages()]
    assert told == [(LF_UNDONE,)] * 3 + [(LF_UNDONE, QUOTE_UNDONE), (LF_UNDONE,)]


ENTRY = b"From a@b.test Thu Jan  1 00:00:00 2026\n"
QUOTED = b"\n>From a\n>>From b\n>>>From c\nx >From d\n"


@pytest.mark.parametrize(
    ("reversible", "text"),
    [
        (False, b"\r\nFrom a\r\n>>From b\r\n>>>From c\r\nx >From d\r\n"),
        (True, b"\r\nFrom a\r\n>From b\r\n>>From c\r\nx >From d\r\n"),
    ],
)
def test_quoting_is_undone_as_it_was_done(reversible, text):
    (stored,) = read_mbox(ENTRY + QUOTED + b"\n", "file", reversible=reversible)
    assert (stored.octets, stored.path) == (text, "file at octet 0")


def test_a_line_that_only_looks_like_a_separator_is_none():
    (stored,) = read_mbox(ENTRY + b"\nabc\nFrom x\n\n", "file", reversible=True)
    assert stored.octets == b"\r\nabc\r\nFrom x\r\n"


def test_an_mbox_with_crlf_stays_as_it_is():
    text = b"From a b\r\nS: 1\r\n\r\nx\r\n\r\nFrom a b\r\nS: 2\r\n\r\n\r\n"
    found = list(read_mbox(text, "file", reversible=False))
    assert [it.octets for it in found] == [b"S: 1\r\n\r\nx\r\n", b"S: 2\r\n\r\n"]
    assert [it.changed for it in found] == [(), ()]


async def test_while_a_lock_file_is_there_nothing_is_read(tmp_path):
    path, lock = tmp_path / "alice", tmp_path / "alice.lock"
    reader = await opened(f"mbox:{path}")
    path.write_bytes(ENTRY + b"Subject: half")
    lock.touch()
    assert await octets_of(reader) == []
    lock.unlink()
    assert await octets_of(reader) == [b"Subject: half"]


HOLD = "import fcntl, sys; f = open(sys.argv[2], 'r+b'); getattr(fcntl, sys.argv[1])(f, 2); print()"


@pytest.mark.parametrize("kind", ["flock", "lockf"])
async def test_while_another_process_holds_a_lock_nothing_is_read(tmp_path, kind):
    path = tmp_path / "alice"
    reader = await opened(f"mbox:{path}")
    path.write_bytes(ENTRY + b"Subject: half")
    script = f"{HOLD}; sys.stdout.flush(); sys.stdin.read()"
    words = [sys.executable, "-I", "-S", "-c", script, kind, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    async with trio.open_nursery() as nursery:
        holder = await nursery.start(partial(trio.run_process, words, **pipes))
        assert await holder.stdout.receive_some()
        assert await octets_of(reader) == []
        await holder.stdin.aclose()
    assert await octets_of(reader) == [b"Subject: half"]


async def test_an_mbox_that_was_emptied_is_read_from_its_beginning(tmp_path):
    append(tmp_path / "alice", *MESSAGES)
    reader = Mbox(tmp_path / "alice", reversible=False)
    (tmp_path / "alice").write_bytes(b"")
    append(tmp_path / "alice", MESSAGES[0])

    assert await octets_of(reader) == [MESSAGES[0]]


async def test_what_is_told_as_new_is_told_once(tmp_path):
    path = tmp_path / "alice"
    append(path, MESSAGES[0])
    reader = Mbox(path, reversible=False)
    told = []
    for octets in MESSAGES:
        append(path, octets)
        told.append([stored.octets for stored in await reader.fresh()])
    assert told == [[octets] for octets in MESSAGES]
    assert await reader.fresh() == []
    assert await octets_of(reader) == []  # nothing of it was kept


async def test_each_message_is_told_by_where_it_stands(tmp_path):
    path = tmp_path / "alice"
    path.write_bytes(ENTRY + b"x\n\n")
    reader = Mbox(path, reversible=False)
    places = []
    for _ in range(2):
        with path.open("ab") as file:
            file.write(ENTRY + b"x\n\n")
        places += [stored.path for stored in await reader.fresh()]
    size = len(ENTRY + b"x\n\n")
    assert places == [f"{path} at octet {size}", f"{path} at octet {2 * size}"]
    path.write_bytes(ENTRY + b"x\n\n")
    again = [stored.path for stored in await reader.fresh()]
    assert again == [f"{path} at octet 0 for the 2. time"]


async def test_an_empty_line_above_a_message_is_not_of_the_one_before(tmp_path):
    path = tmp_path / "alice"
    path.write_bytes(ENTRY + b"1\n")
    reader = Mbox(path, reversible=False)
    with path.open("ab") as file:
        file.write(b"\n" + ENTRY + b"2\n")
    assert await octets_of(reader) == [b"2\r\n"]


async def test_what_was_written_in_parts_without_a_lock_is_put_right(tmp_path):
    path = tmp_path / "alice"
    reader = Mbox(path, reversible=False)
    path.write_bytes(ENTRY + b"1\n\n" + ENTRY + b"ha")
    assert await octets_of(reader) == [b"1\r\n", b"ha"]
    with path.open("ab") as file:
        file.write(b"lf\n\n" + ENTRY + b"3\n\n")
    assert await octets_of(reader) == [b"1\r\n", b"half\r\n", b"3\r\n"]
