"""Maildirs: real directories, filled the way delivery agents fill them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.delivery.arrivals import arrivals
from harness.delivery.maildir import Maildir, maildirs
from harness.delivery.sink_spool import SinkSpool


def make(path: Path) -> Path:
    for part in ("new", "cur", "tmp"):
        (path / part).mkdir(parents=True)
    return path


def put(maildir: Path, name: str, octets: bytes, part: str = "new") -> None:
    (maildir / part / name).write_bytes(octets)


async def test_what_was_there_before_is_not_new(tmp_path):
    box = make(tmp_path)
    put(box, "old", b"old\r\n")
    reader = await arrivals(Maildir(box, "alice@example.test"))
    put(box, "fresh", b"fresh\r\n")
    put(box, "unfinished", b"half", part="tmp")
    put(box, ".hidden", b"no message")

    assert [stored.octets for stored in await reader.messages()] == [b"fresh\r\n"]


async def test_a_message_that_a_mail_reader_moves_stays_the_same_message(tmp_path):
    box = make(tmp_path)
    put(box, "old", b"old\r\n")
    reader = await arrivals(Maildir(box, "alice@example.test"))
    put(box, "fresh", b"fresh\r\n")
    await reader.messages()
    (box / "new/fresh").rename(box / "cur/fresh:2,S")
    (box / "new/old").rename(box / "cur/old:2,RS")

    assert [stored.octets for stored in await reader.messages()] == [b"fresh\r\n"]


async def test_line_ends_that_a_store_changed_are_undone_and_told(tmp_path):
    box = make(tmp_path)
    reader = await arrivals(Maildir(box, "alice@example.test"))
    put(box, "unix", b"a\n\nb\rc\n")

    (stored,) = await reader.messages()
    assert stored.octets == b"a\r\n\r\nb\rc\r\n"
    assert stored.changed == ("the store wrote LF for CRLF, which was undone before comparing",)
    assert stored.path == str(box / "new/unix")


@pytest.mark.parametrize("octets", [b"a\r\nb\n", b"a\r\n", b"", b"no end"])
async def test_other_line_ends_are_left_as_they_are(tmp_path, octets):
    box = make(tmp_path)
    reader = await arrivals(Maildir(box, "alice@example.test"))
    put(box, "as-it-is", octets)

    (stored,) = await reader.messages()
    assert (stored.octets, stored.changed) == (octets, ())


async def test_a_file_that_cannot_be_read_is_looked_at_again(tmp_path):
    box = make(tmp_path)
    reader = await arrivals(Maildir(box, "alice@example.test"))
    (box / "new/gone").symlink_to(box / "cur/gone:2,")
    assert await reader.messages() == []

    put(box, "gone:2,", b"here\r\n", part="cur")
    assert [stored.octets for stored in await reader.messages()] == [b"here\r\n"]


async def test_a_mailbox_may_be_made_when_its_first_message_comes(tmp_path):
    reader = await arrivals(Maildir(tmp_path / "mail", "alice@example.test"))
    assert await reader.messages() == []

    put(make(tmp_path / "mail/alice"), "first", b"1\r\n")
    assert len(await reader.messages()) == 1


def names(found: list[Path], root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in found]


BOTH = ("alice@example.test", "bob@example.test")


def test_each_user_of_a_directory_has_a_maildir_by_name(tmp_path):
    make(tmp_path / "alice")
    make(tmp_path / "example.test/Bob/Maildir")
    make(tmp_path / "carol@example.test")

    assert names(maildirs(tmp_path, "alice@example.test", BOTH), tmp_path) == ["alice"]
    assert names(maildirs(tmp_path, "bob@example.test", BOTH), tmp_path) == [
        "example.test/Bob/Maildir"
    ]
    assert names(maildirs(tmp_path, "carol@example.test", BOTH), tmp_path) == ["carol@example.test"]


def test_what_others_got_is_not_mistaken_for_ones_own(tmp_path):
    make(tmp_path / "alice")

    assert maildirs(tmp_path, "bob@example.test", BOTH) == []


def test_a_recipient_whom_no_maildir_names_may_be_anywhere(tmp_path):
    make(tmp_path / "alice")
    make(tmp_path / "bob")

    assert names(maildirs(tmp_path, "postmaster", BOTH), tmp_path) == ["alice", "bob"]


def test_users_whom_no_maildir_names_are_looked_for_in_all(tmp_path):
    make(tmp_path / "1001")
    make(tmp_path / "1002")

    assert names(maildirs(tmp_path, "alice@example.test", BOTH), tmp_path) == ["1001", "1002"]


def test_the_search_ends_at_some_depth(tmp_path):
    make(tmp_path / "a/b/c/d")

    assert maildirs(tmp_path, "postmaster") == []


RELAYED = (
    b"Return-Path: <a@b.test>\r\nReceived: from relay.test\r\n\tby us\r\nReceived: 1\r\n\r\nx\r\n"
)


async def test_of_a_sinks_messages_only_its_own_received_field_is_taken_off(tmp_path):
    box = make(tmp_path)
    reader = await arrivals(SinkSpool(box, "alice@example.test", ()))
    put(box, "1", RELAYED)
    put(box, "2", b"no header at all\r\n")

    relayed, bare = await reader.messages()
    assert relayed.octets == b"Return-Path: <a@b.test>\r\nReceived: 1\r\n\r\nx\r\n"
    assert [len(relayed.changed), len(bare.changed)] == [1, 0]
