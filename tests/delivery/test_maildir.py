"""Maildirs: real directories, filled the way delivery agents fill them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.delivery.arrivals import arrivals
from harness.delivery.maildir import Maildir
from harness.delivery.maildir_tree import Tree
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
    reader = await arrivals(Maildir(Tree(box), "alice@example.test"))
    put(box, "fresh", b"fresh\r\n")
    put(box, "unfinished", b"half", part="tmp")
    put(box, ".hidden", b"no message")

    assert [stored.octets for stored in await reader.messages()] == [b"fresh\r\n"]


async def test_a_message_that_a_mail_reader_moves_stays_the_same_message(tmp_path):
    box = make(tmp_path)
    put(box, "old", b"old\r\n")
    reader = await arrivals(Maildir(Tree(box), "alice@example.test"))
    put(box, "fresh", b"fresh\r\n")
    await reader.messages()
    (box / "new/fresh").rename(box / "cur/fresh:2,S")
    (box / "new/old").rename(box / "cur/old:2,RS")

    assert [stored.octets for stored in await reader.messages()] == [b"fresh\r\n"]


async def test_line_ends_that_a_store_changed_are_undone_and_told(tmp_path):
    box = make(tmp_path)
    reader = await arrivals(Maildir(Tree(box), "alice@example.test"))
    put(box, "unix", b"a\n\nb\rc\n")

    (stored,) = await reader.messages()
    assert stored.octets == b"a\r\n\r\nb\rc\r\n"
    assert stored.changed == ("the store wrote LF for CRLF, which was undone before comparing",)
    assert stored.path == str(box / "new/unix")


@pytest.mark.parametrize("octets", [b"a\r\nb\n", b"a\r\n", b"", b"no end"])
async def test_other_line_ends_are_left_as_they_are(tmp_path, octets):
    box = make(tmp_path)
    reader = await arrivals(Maildir(Tree(box), "alice@example.test"))
    put(box, "as-it-is", octets)

    (stored,) = await reader.messages()
    assert (stored.octets, stored.changed) == (octets, ())


async def test_a_file_that_cannot_be_read_is_looked_at_again(tmp_path):
    box = make(tmp_path)
    reader = await arrivals(Maildir(Tree(box), "alice@example.test"))
    (box / "new/gone").symlink_to(box / "cur/gone:2,")
    assert await reader.messages() == []

    put(box, "gone:2,", b"here\r\n", part="cur")
    assert [stored.octets for stored in await reader.messages()] == [b"here\r\n"]


async def test_a_mailbox_may_be_made_when_its_first_message_comes(tmp_path):
    reader = await arrivals(Maildir(Tree(tmp_path / "mail"), "alice@example.test"))
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

    assert names(Tree(tmp_path).of("alice@example.test", BOTH), tmp_path) == ["alice"]
    assert names(Tree(tmp_path).of("bob@example.test", BOTH), tmp_path) == [
        "example.test/Bob/Maildir"
    ]
    assert names(Tree(tmp_path).of("carol@example.test", BOTH), tmp_path) == ["carol@example.test"]


def test_what_others_got_is_not_mistaken_for_ones_own(tmp_path):
    make(tmp_path / "alice")

    assert Tree(tmp_path).of("bob@example.test", BOTH) == []


def test_a_recipient_whom_no_maildir_names_may_be_anywhere(tmp_path):
    make(tmp_path / "alice")
    make(tmp_path / "bob")

    assert names(Tree(tmp_path).of("postmaster", BOTH), tmp_path) == ["alice", "bob"]


def test_users_whom_no_maildir_names_are_looked_for_in_all(tmp_path):
    make(tmp_path / "1001")
    make(tmp_path / "1002")

    assert names(Tree(tmp_path).of("alice@example.test", BOTH), tmp_path) == ["1001", "1002"]


def test_the_search_ends_at_some_depth(tmp_path):
    make(tmp_path / "a/b/c/d")

    assert Tree(tmp_path).of("postmaster") == []


RELAYED = (
    b"Return-Path: <a@b.test>\r\nReceived: from relay.test\r\n\tby us\r\nReceived: 1\r\n\r\nx\r\n"
)


async def test_of_a_sinks_messages_only_its_own_received_field_is_taken_off(tmp_path):
    box = make(tmp_path)
    reader = await arrivals(SinkSpool(Tree(box), "alice@example.test", ()))
    put(box, "1", RELAYED)
    put(box, "2", b"no header at all\r\n")

    relayed, bare = await reader.messages()
    assert relayed.octets == b"Return-Path: <a@b.test>\r\nReceived: 1\r\n\r\nx\r\n"
    assert [len(relayed.changed), len(bare.changed)] == [1, 0]


LONG_AGO = 1_000_000_000


def age(*directories: Path) -> None:
    """As if nothing had changed there for years."""
    for directory in directories:
        os.utime(directory, (LONG_AGO, LONG_AGO))


async def test_where_nothing_has_changed_nothing_is_listed(tmp_path):
    box = make(tmp_path)
    reader = await arrivals(Maildir(Tree(box), "alice@example.test"))
    put(box, "first", b"1\r\n")
    age(box / "new", box / "cur")
    assert len(await reader.fresh()) == 1

    put(box, "second", b"2\r\n")
    age(box / "new")
    assert await reader.fresh() == []  # nothing tells of it

    (box / "new").touch()
    assert [stored.octets for stored in await reader.fresh()] == [b"2\r\n"]


async def test_where_something_changed_just_now_it_is_listed_again(tmp_path):
    box = make(tmp_path)
    reader = await arrivals(Maildir(Tree(box), "alice@example.test"))
    put(box, "first", b"1\r\n")
    assert len(await reader.fresh()) == 1
    changed = (box / "new").stat().st_mtime_ns
    put(box, "second", b"2\r\n")
    os.utime(box / "new", ns=(changed, changed))  # a clock that had not ticked yet
    assert len(await reader.fresh()) == 1


async def test_a_file_that_cannot_be_read_yet_is_not_forgotten(tmp_path):
    box = make(tmp_path)
    reader = await arrivals(Maildir(Tree(box), "alice@example.test"))
    (box / "new/later").symlink_to(tmp_path / "elsewhere")
    age(box / "new", box / "cur")
    assert await reader.fresh() == []

    (tmp_path / "elsewhere").write_bytes(b"1\r\n")
    assert len(await reader.fresh()) == 1


def test_a_tree_is_searched_again_where_it_has_grown(tmp_path):
    make(tmp_path / "example.test/alice")
    (tmp_path / "example.test/bob").mkdir()
    age(tmp_path / "example.test/bob", tmp_path / "example.test", tmp_path)
    tree = Tree(tmp_path)
    assert len(tree.of("alice@example.test", BOTH)) == 1
    assert tree.of("bob@example.test", BOTH) == []

    make(tmp_path / "other.test/alice")
    (tmp_path / "example.test/bob/new").mkdir()
    (tmp_path / "example.test/bob/cur").mkdir()
    assert len(tree.of("alice@example.test", BOTH)) == 2
    assert len(tree.of("bob@example.test", BOTH)) == 1


def test_at_the_greatest_depth_a_directory_may_become_a_maildir(tmp_path):
    (tmp_path / "a/b/alice").mkdir(parents=True)
    age(tmp_path / "a/b/alice", tmp_path / "a/b", tmp_path / "a", tmp_path)
    tree = Tree(tmp_path)
    assert tree.of("alice@example.test") == []
    for part in ("new", "cur"):
        (tmp_path / "a/b/alice" / part).mkdir()
    assert len(tree.of("alice@example.test")) == 1
