"""Directories of files, one a message."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.delivery.reading import octets_of, opened


def put(path: Path, octets: bytes, *, age: float = 1.0) -> None:
    path.write_bytes(octets)
    written = time.time() - age
    os.utime(path, (written, written))


async def test_each_new_file_is_a_message(tmp_path):
    put(tmp_path / "old.eml", b"old\r\n")
    reader = await opened(f"dir:{tmp_path}")
    put(tmp_path / "b.eml", b"b\r\n")
    put(tmp_path / "a", b"a\n")
    (tmp_path / "below").mkdir()
    put(tmp_path / "below/c.eml", b"c\r\n")

    assert await octets_of(reader) == [b"a\r\n", b"b\r\n"]
    assert [len(stored.changed) for stored in await reader.messages()] == [1, 0]


async def test_what_is_being_written_is_no_message_yet(tmp_path):
    reader = await opened(f"dir:{tmp_path}")
    for name in (".a", "a.tmp", "a.part", "a.lock", "a~"):
        put(tmp_path / name, b"half")
    put(tmp_path / "fresh.eml", b"half", age=-60)
    assert await octets_of(reader) == []

    put(tmp_path / "fresh.eml", b"whole\r\n")
    assert await octets_of(reader) == [b"whole\r\n"]


async def test_a_directory_may_be_made_when_its_first_message_comes(tmp_path):
    reader = await opened("dir:{recipient}", directory=tmp_path)
    assert await octets_of(reader) == []
    (tmp_path / "alice@example.test").mkdir()
    put(tmp_path / "alice@example.test/1.eml", b"1\r\n")
    assert await octets_of(reader) == [b"1\r\n"]


async def test_where_nothing_has_changed_nothing_is_listed(tmp_path):
    reader = await opened(f"dir:{tmp_path}")
    put(tmp_path / "1.eml", b"1\r\n")
    os.utime(tmp_path, (1e9, 1e9))
    assert len(await reader.fresh()) == 1

    put(tmp_path / "2.eml", b"2\r\n")
    os.utime(tmp_path, (1e9, 1e9))
    assert await reader.fresh() == []  # nothing tells of it

    tmp_path.touch()
    assert [stored.octets for stored in await reader.fresh()] == [b"2\r\n"]


async def test_what_was_not_complete_is_looked_at_again(tmp_path):
    reader = await opened(f"dir:{tmp_path}")
    put(tmp_path / "1.eml", b"ha", age=-60)
    os.utime(tmp_path, (1e9, 1e9))
    assert await reader.fresh() == []

    put(tmp_path / "1.eml", b"half\r\n")
    os.utime(tmp_path, (1e9, 1e9))
    assert [stored.octets for stored in await reader.fresh()] == [b"half\r\n"]
