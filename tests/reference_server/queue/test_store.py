import os
import resource
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest
import trio

from harness.errors import UsageError
from reference_server.queue import Change, Fate, Item, QueuedRecipient, Wishes, rows, schema
from reference_server.queue.store import StoredQueue


def item(id="1", *to, arrived=1.0, **more):
    recipients = tuple(QueuedRecipient(address=address) for address in to or ("bob@b.test",))
    facts = {"reverse_path": "alice@a.test", "arrived": arrived, "size": 3}
    return Item(id=id, **{**facts, "recipients": recipients, **more})


@contextmanager
def opened(folder, **how):
    with closing(StoredQueue(folder / "queue.db", **how)) as queue:
        yield queue


@contextmanager
def beside(folder):
    """What another process has open."""
    with closing(schema.open_file(folder / "queue.db")) as connection:
        yield connection


WHOLE = item(
    "whole",
    parameters=(("SIZE", "3"), ("SMTPUTF8", None)),
    recipients=(
        QueuedRecipient(
            address='"a b"@b.test',
            parameters=(("NOTIFY", "FAILURE,DELAY"), ("ORCPT", "rfc822;x+2Bb@b.test")),
            fate=Fate.WAITING,
            tries=7,
            not_before=1_700_000_000.25,
            told_of_delay=True,
            last="mx.b.test: 451 4.7.1 später",
        ),
        QueuedRecipient(address="zoé@b.test", fate=Fate.FAILED),
        QueuedRecipient(address="a@b.test", fate=Fate.RELAYED, tries=1),
    ),
)


@pytest.mark.parametrize("inline", [False, True])
async def test_what_is_committed_is_there_after_opening_again(tmp_path, inline):
    octets = bytes(range(256))
    with opened(tmp_path, inline=inline) as queue:
        await queue.commit(new={WHOLE: octets})
    with opened(tmp_path, inline=inline) as queue:
        assert await queue.load() == [WHOLE]
        assert await queue.content("whole") == octets


async def test_the_oldest_comes_first(tmp_path):
    with opened(tmp_path) as queue:
        await queue.commit(new={item("b", arrived=2.0): b"", item("c", arrived=1.0): b""})
        await queue.commit(new={item("a", arrived=3.0): b""})
        assert [one.id for one in await queue.load()] == ["c", "b", "a"]


async def test_a_change_is_one_recipients_alone(tmp_path):
    two = item("1", "bob@b.test", "eve@b.test")
    bob, eve = two.recipients
    later = replace(bob, tries=1, not_before=9.5, last="b.test: 451 4.2.0 later")
    with opened(tmp_path) as queue:
        await queue.commit(new={two: b"x"})
        await queue.commit(changes=[Change(id="1", recipient=later)])
        assert (await queue.load())[0].recipients == (later, eve)


async def test_what_is_done_is_forgotten_with_its_content(tmp_path):
    with opened(tmp_path) as queue:
        await queue.commit(new={item("1"): b"x", item("2"): b"y"})
        await queue.commit(done=["1"], new={item("bounce"): b"z"})
        assert {one.id for one in await queue.load()} == {"2", "bounce"}
        with pytest.raises(KeyError):
            await queue.content("1")


async def test_a_change_of_what_was_dropped_changes_nothing(tmp_path):
    with opened(tmp_path) as queue:
        gone = Change(id="gone", recipient=QueuedRecipient(address="a@b.test"))
        await queue.commit(changes=[gone], done=["gone"])
        assert await queue.load() == []


async def test_a_commit_is_all_or_nothing(tmp_path):
    with opened(tmp_path) as queue:
        await queue.commit(new={item("1"): b"x"})
        with pytest.raises(FileExistsError):
            await queue.commit(new={item("2"): b"y", item("1", arrived=2.0): b"x"}, done=["1"])
        assert [one.id for one in await queue.load()] == ["1"]
        await queue.commit(new={item("2"): b"y"})  # and it goes on


@pytest.mark.parametrize("inline", [False, True])
async def test_who_commits_at_the_same_time_shares_a_transaction_and_no_fate(tmp_path, inline):
    with opened(tmp_path, inline=inline) as queue:
        await queue.commit(new={item("1"): b"x"})
        refused = []

        async def commit(id):
            try:
                await queue.commit(new={item(id, arrived=2.0): b"x"})
            except FileExistsError:
                refused.append(id)

        async with trio.open_nursery() as nursery:
            for id in map(str, range(5)):
                nursery.start_soon(commit, id)
        assert refused == ["1"]
        assert {one.id for one in await queue.load()} == set("01234")


# --- wishes ---------------------------------------------------------------------------------------


async def test_wishes_of_another_process_are_granted_once(tmp_path):
    waiting = QueuedRecipient(address="eve@C.test", not_before=99.0)
    over = QueuedRecipient(address="bob@c.test", fate=Fate.RELAYED, not_before=99.0)
    with opened(tmp_path) as queue, beside(tmp_path) as other:
        await queue.commit(
            new={
                item("1"): b"",
                item("2", recipients=(waiting, over)): b"",
                item("3", recipients=(replace(waiting, address="x@sub.c.test"),)): b"",
            }
        )
        assert not await queue.wishes()
        rows.add_wish(other, "retry", domain="c.test")
        rows.add_wish(other, "drop", item="1")
        assert await queue.wishes() == Wishes((("2", "eve@C.test"),), frozenset({"1"}))
        assert not await queue.wishes()
        assert [
            (one.id, [recipient.not_before for recipient in one.recipients])
            for one in await queue.load()
        ] == [("2", [0.0, 99.0]), ("3", [99.0])]


@pytest.mark.parametrize(
    ("wish", "due"), [({"item": "2"}, {"2"}), ({}, {"1", "2", "3"}), ({"item": "none"}, set())]
)
async def test_one_or_all_may_be_wished_for(tmp_path, wish, due):
    with opened(tmp_path) as queue, beside(tmp_path) as other:
        for id in ("1", "2", "3"):
            await queue.commit(new={item(id): b""})
        rows.add_wish(other, "retry", **wish)
        assert {id for id, _ in (await queue.wishes()).due} == due


async def test_wishes_from_before_the_start_count(tmp_path):
    with opened(tmp_path) as queue:
        await queue.commit(new={item("1"): b""})
    with beside(tmp_path) as other:
        rows.add_wish(other, "drop", item="1")
    with opened(tmp_path) as queue:
        assert (await queue.wishes()).dropped == {"1"}
        assert await queue.load() == []


# --- the file -------------------------------------------------------------------------------------


def test_it_is_synced_in_wal_mode_and_private(tmp_path):
    with opened(tmp_path), beside(tmp_path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        for name in os.listdir(tmp_path):
            assert (tmp_path / name).stat().st_mode & 0o077 == 0, name


def test_half_a_file_from_a_crash_is_made_anew(tmp_path):
    (tmp_path / "queue.db.new").write_bytes(b"half")
    with opened(tmp_path):
        assert not (tmp_path / "queue.db.new").exists()


def _text(path):
    path.write_bytes(b"Dear diary, " * 1_000)


def _foreign(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE diary (day, words)")


def _of_tomorrow(path):
    schema.open_file(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def _damaged(path):
    with closing(schema.open_file(path)) as connection:
        connection.execute("BEGIN")
        rows.write(connection, {item(str(n)): b"x" * 4_000 for n in range(50)}, (), ())
        connection.execute("COMMIT")
    octets = path.read_bytes()
    path.write_bytes(octets[:8_192] + b"\xa5" * 40_000 + octets[48_192:])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_text, "file is not a database"),
        (_foreign, "it is an SQLite file, but no queue of smtp-harness"),
        (_of_tomorrow, "it is of version 99, and this program reads 1"),
        (_damaged, "damaged"),
        (lambda path: path.mkdir(), "it cannot be written: Is a directory"),
    ],
)
def test_a_file_that_is_no_sound_queue_is_refused(tmp_path, spoil, words):
    spoil(tmp_path / "queue.db")
    with (
        pytest.raises(UsageError, match=r"cannot use the queue .*queue\.db: ") as caught,
        opened(tmp_path),
    ):
        pass
    assert words in str(caught.value)


def test_reading_makes_no_queue_and_refuses_what_is_none(tmp_path):
    with pytest.raises(UsageError, match="there is no queue"):
        schema.open_beside(tmp_path / "queue.db")
    _foreign(tmp_path / "queue.db")
    with pytest.raises(UsageError, match="but no queue of smtp-harness"):
        schema.open_beside(tmp_path / "queue.db")


async def test_a_full_disk_is_an_os_error_and_nothing_has_changed(tmp_path):
    with opened(tmp_path) as queue:
        await queue.commit(new={item("1"): b"x"})
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        try:
            with pytest.raises(OSError, match="queue: "):
                await queue.commit(new={item("2"): b"x" * 300_000}, done=["1"])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert [one.id for one in await queue.load()] == ["1"]
        await queue.commit(new={item("2"): b"x" * 300_000})
        assert len(await queue.load()) == 2
