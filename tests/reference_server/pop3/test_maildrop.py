import os

import pytest

from harness.protocol.pop3.maildrop import Entry
from reference_server.pop3.maildrop import InUse, Maildrops
from reference_server.storage.mailboxes import Mailboxes


@pytest.fixture
def drops(tmp_path):
    return Maildrops(tmp_path)


def put(tmp_path, user: str, name: str, octets: bytes, *, part: str = "new", at: int = 0) -> None:
    path = tmp_path / user / part / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    os.utime(path, (at, at))


def test_new_and_cur_are_one_mailbox_in_the_order_of_arrival(drops, tmp_path):
    put(tmp_path, "alice", "b", b"second\r\n", at=2)
    put(tmp_path, "alice", "a:2,S", b"third\r\n", part="cur", at=3)
    put(tmp_path, "alice", "c", b"first\r\n", at=1)
    put(tmp_path, "alice", "d", b"not yet\r\n", part="tmp")
    put(tmp_path, "alice", ".hidden", b"no message\r\n")
    (tmp_path / "alice" / "new" / "folder").mkdir()

    drop = drops.open("alice")

    assert drop.entries == (Entry("c", 7), Entry("b", 8), Entry("a", 7))
    assert [drop.read(entry) for entry in drop.entries] == [
        b"first\r\n",
        b"second\r\n",
        b"third\r\n",
    ]
    drop.close()


def test_what_was_delivered_here_is_read_as_it_was_written(drops, tmp_path):
    mailboxes = Mailboxes(tmp_path)
    mailboxes.open("alice")
    drafts = mailboxes.drafts()
    written = drafts.write({"alice": b"Subject: x\r\n\r\nhello\r\n"})
    drafts.sync()
    drafts.publish(written)

    drop = drops.open("alice")

    (entry,) = drop.entries
    assert entry.octets == 21
    assert drop.read(entry) == b"Subject: x\r\n\r\nhello\r\n"
    drop.close()


OTHER_STORES = {
    "LF for CRLF": (b"Subject: x\n\nhello\n", b"Subject: x\r\n\r\nhello\r\n"),
    "no last line end": (b"Subject: x\r\n\r\nhello", b"Subject: x\r\n\r\nhello\r\n"),
    "nothing": (b"", b""),
}


@pytest.mark.parametrize(("stored", "told"), OTHER_STORES.values(), ids=OTHER_STORES)
def test_what_others_have_stored_is_told_with_the_line_ends_of_mail(drops, tmp_path, stored, told):
    put(tmp_path, "alice", "x", stored)
    drop = drops.open("alice")

    assert [(entry.octets, drop.read(entry)) for entry in drop.entries] == [(len(told), told)]
    drop.close()


UIDS = {
    "as it is": ("1700000000.1_2.host", "1700000000.1_2.host"),
    "without flags": ("1700000000.1_2.host:2,FS", "1700000000.1_2.host"),
    "of 70": ("x" * 70, "x" * 70),
}


@pytest.mark.parametrize(("name", "uid"), UIDS.values(), ids=UIDS)
def test_the_unique_id_is_the_unique_name(drops, tmp_path, name, uid):
    put(tmp_path, "alice", name, b"x\r\n")
    drop = drops.open("alice")

    assert [entry.uid for entry in drop.entries] == [uid]
    drop.close()


@pytest.mark.parametrize("name", ["x" * 71, "a b", "jösé", "tab\there"])
def test_a_name_that_can_be_no_unique_id_has_one_that_stays_all_the_same(drops, tmp_path, name):
    put(tmp_path, "alice", name, b"x\r\n")
    seen = []
    for flags in ("", ":2,S"):
        drop = drops.open("alice")
        seen.append(drop.entries[0].uid)
        drop.close()
        if not flags:
            (tmp_path / "alice" / "cur").mkdir(exist_ok=True)
            (tmp_path / "alice" / "new" / name).rename(tmp_path / "alice" / "cur" / f"{name}:2,S")

    assert seen[0] == seen[1]
    assert len(seen[0]) == 64


def test_a_message_that_a_mail_reader_moves_is_still_found(drops, tmp_path):
    put(tmp_path, "alice", "one", b"1\r\n")
    put(tmp_path, "alice", "two", b"2\r\n", at=1)
    drop = drops.open("alice")
    for name in ("one", "two"):
        (tmp_path / "alice" / "new" / name).rename(tmp_path / "alice" / "cur" / f"{name}:2,S")

    assert drop.read(drop.entries[0]) == b"1\r\n"
    assert drop.delete(drop.entries)
    assert os.listdir(tmp_path / "alice" / "cur") == []
    drop.close()


def test_only_what_is_named_is_deleted(drops, tmp_path):
    for at, name in enumerate(("one", "two", "three")):
        put(tmp_path, "alice", name, b"x\r\n", at=at)
    drop = drops.open("alice")

    assert drop.delete(drop.entries[1:2])
    assert sorted(os.listdir(tmp_path / "alice" / "new")) == ["one", "three"]
    assert drop.delete(())
    drop.close()


def test_what_has_gone_already_is_deleted_and_cannot_be_read(drops, tmp_path):
    put(tmp_path, "alice", "one", b"1\r\n")
    drop = drops.open("alice")
    (tmp_path / "alice" / "new" / "one").unlink()

    assert drop.delete(drop.entries)
    with pytest.raises(OSError, match="No such file"):
        drop.read(drop.entries[0])
    drop.close()


def test_a_deletion_that_fails_is_told(drops, tmp_path):
    put(tmp_path, "alice", "one", b"1\r\n")
    drop = drops.open("alice")
    (tmp_path / "alice" / "new" / "one").unlink()
    (tmp_path / "alice" / "new" / "one").mkdir()  # what cannot be unlinked, whoever we are

    assert not drop.delete(drop.entries)
    drop.close()


def test_one_visitor_at_a_time(drops):
    first = drops.open("alice")
    with pytest.raises(InUse):
        drops.open("alice")
    drops.open("bob").close()
    first.close()

    drops.open("alice").close()


def test_a_mailbox_that_cannot_be_listed_is_not_left_locked(drops, tmp_path):
    drops.open("alice").close()
    (tmp_path / "alice" / "new").rmdir()
    (tmp_path / "alice" / "new").write_bytes(b"no directory")
    for _ in range(2):
        with pytest.raises(OSError, match=r"irectory|exists"):
            drops.open("alice")


def test_whoever_has_no_mailbox_yet_gets_an_empty_one(drops, tmp_path):
    drop = drops.open("alice")

    assert drop.entries == ()
    assert sorted(os.listdir(tmp_path / "alice")) == ["cur", "new"]
    drop.close()


@pytest.mark.parametrize("user", ["../bob", "bob/new", ".", "..", "", ".hidden", "/etc"])
def test_a_name_leads_nowhere_else(drops, tmp_path, user):
    put(tmp_path, "bob", "x", b"x\r\n")
    with pytest.raises(FileNotFoundError):
        drops.open(user)


def test_a_link_to_somebody_elses_mail_is_no_message(drops, tmp_path):
    put(tmp_path, "bob", "x", b"bob's\r\n")
    drops.open("alice").close()
    (tmp_path / "alice" / "new" / "x").symlink_to(tmp_path / "bob" / "new" / "x")

    drop = drops.open("alice")
    assert drop.entries == ()
    drop.close()
