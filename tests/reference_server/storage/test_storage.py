import pytest

from reference_server.queue import Item, QueuedRecipient
from reference_server.queue.store import StoredQueue
from reference_server.storage.disk import DISK, UNSYNCED
from reference_server.storage.mailboxes import Mailboxes
from reference_server.storage.storage import Delivery, DiskStorage, Nowhere
from tests.reference_server.disks import BrokenDisk, Event, FullDisk, RecordingDisk


class House:
    """Two mailboxes and a queue in a directory."""

    def __init__(self, path, disk=DISK):
        self.path = path
        self.mailboxes = Mailboxes(path / "mail")
        for name in ("alice", "bob"):
            self.mailboxes.open(name)
        self.mailboxes.disk = disk  # from now on
        self.queue = StoredQueue(path / "queue.db", inline=True)
        self.storage = DiskStorage(self.mailboxes, self.queue)

    def keep(self, *deliveries):
        """Which of them were kept."""
        return [outcome is None for outcome in self.storage.keep_all(deliveries)]

    def mail(self, name, part="new"):
        return sorted(path.read_bytes() for path in (self.path / "mail" / name / part).iterdir())

    @property
    def debris(self):
        return self.mail("alice", "tmp") + self.mail("bob", "tmp")

    async def queued(self):
        return {one.id: await self.queue.content(one.id) for one in await self.queue.load()}


def item(id):
    to = (QueuedRecipient(address="eve@b.test"),)
    return Item(id=id, reverse_path="", arrived=1.0, size=1, recipients=to)


def to(*names, octets=b"x", queued=(), identity=None):
    copies, items = dict.fromkeys(names, octets), {item(id): octets for id in queued}
    return Delivery(copies=copies, items=items, identity=identity)


@pytest.mark.parametrize("disk", [DISK, UNSYNCED])
async def test_everything_is_kept_where_it_belongs(tmp_path, disk):
    house = House(tmp_path, disk)
    kept = house.keep(
        to("alice", octets=b"1"), to("alice", "bob", octets=b"2", queued=["q"]), to(queued=["r"])
    )
    assert kept == [True] * 3
    assert (house.mail("alice"), house.mail("bob"), house.debris) == ([b"1", b"2"], [b"2"], [])
    assert await house.queued() == {"q": b"2", "r": b"x"}


async def test_more_than_may_be_open_at_once_is_kept_too(tmp_path):
    house = House(tmp_path)
    assert all(house.keep(*[to("alice", "bob", octets=b"%d" % n) for n in range(100)]))
    assert sorted(map(int, house.mail("bob"))) == list(range(100))
    assert house.debris == []


# what a user agent has done with the first copy -> where there is one after the second
SECOND = {
    "nothing": (lambda new, cur: None, ("new",)),
    "moved": (lambda new, cur: new.rename(cur / new.name), ("cur",)),
    "read": (lambda new, cur: new.rename(cur / f"{new.name}:2,RS"), ("cur",)),
    # RFC 1047: what is gone cannot be known to have been there.
    "deleted": (lambda new, cur: new.unlink(), ("new",)),
}


@pytest.mark.parametrize(("done", "where"), SECOND.values(), ids=SECOND)
def test_what_is_delivered_again_is_there_once(tmp_path, done, where):
    house, alice = House(tmp_path), tmp_path / "mail" / "alice"
    again = to("alice", "bob", octets=b"1", identity="5.id")
    assert house.keep(to("alice", octets=b"0"), again) == [True, True]
    (first,) = (path for path in (alice / "new").iterdir() if path.read_bytes() == b"1")
    done(first, alice / "cur")
    assert house.keep(again, to("alice", octets=b"1")) == [True, True]
    found = [part for part in ("new", "cur") for octets in house.mail("alice", part)]
    assert sorted(found) == sorted(("new", "new", *where))
    assert (house.mail("bob"), house.debris) == ([b"1"], [])


def test_what_has_another_identity_is_another_message(tmp_path):
    house = House(tmp_path)
    assert house.keep(*(to("alice", identity=one) for one in ("a", "ab", "b"))) == [True] * 3
    assert len(house.mail("alice")) == 3


async def test_who_finds_no_room_spoils_it_for_nobody_else(tmp_path):
    house = House(tmp_path, FullDisk(lambda path: "/bob/" in path))
    kept = house.keep(to("alice", octets=b"1"), to("alice", "bob", queued=["q"]), to(queued=["r"]))
    assert kept == [True, False, True]
    assert (house.mail("alice"), house.mail("bob"), house.debris) == ([b"1"], [], [])
    assert set(await house.queued()) == {"r"}


# After a failed sync nobody can say which pages are lost, so it is everybody's who shared it.
@pytest.mark.parametrize("at", ["/tmp/", "/new"])
@pytest.mark.parametrize("copies", [1, 80])
async def test_a_sync_that_fails_is_a_promise_to_nobody(tmp_path, at, copies):
    house = House(tmp_path, BrokenDisk("sync", lambda path: "alice" in path and at in path))
    kept = house.keep(
        *[to("alice", "bob", queued=[f"q{n}"]) for n in range(copies)], to(queued=["r"])
    )
    assert kept == [False] * copies + [True]
    assert (house.mail("alice"), house.mail("bob"), house.debris) == ([], [], [])
    assert set(await house.queued()) == {"r"}


async def test_a_name_that_is_refused_takes_the_message_back_everywhere(tmp_path):
    house = House(tmp_path, BrokenDisk("rename", lambda path: "/bob/" in path))
    assert house.keep(to("alice", "bob", queued=["q"]), to("alice", octets=b"2")) == [False, True]
    assert (house.mail("alice"), house.mail("bob"), house.debris) == ([b"2"], [], [])
    assert await house.queued() == {}


class _Fussy:
    """A queue that refuses one item, and keeps nothing that comes with it."""

    def __init__(self, refused):
        self.refused, self.ids = refused, set()

    def write(self, new, changes=(), done=()):
        if any(item.id == self.refused for item in new):
            raise OSError(28, "full")
        self.ids |= {item.id for item in new}
        self.ids -= set(done)


async def test_an_item_that_the_queue_refuses_spoils_it_for_nobody_else(tmp_path):
    house, queue = House(tmp_path), _Fussy("b")
    storage = DiskStorage(house.mailboxes, queue)
    kept = storage.keep_all([to(queued=["a"]), to("alice", "bob", queued=["b"]), to(queued=["c"])])
    assert [outcome is None for outcome in kept] == [True, False, True]
    assert queue.ids == {"a", "c"}
    assert (house.mail("alice"), house.debris) == ([], [])


async def test_the_order_survives_a_crash_at_any_place(tmp_path):
    """Synced drafts, then the queue, then names, then their sync: and all of a batch together."""
    disk = RecordingDisk()
    house = House(tmp_path, disk)

    class Told:
        def write(self, new, changes=(), done=()):
            disk.events.append(Event("queue"))

    DiskStorage(house.mailboxes, Told()).keep_all([to("alice", queued=["a"]), to("bob", "alice")])
    whats = [event.what for event in disk.events]
    assert whats == ["write"] * 3 + ["sync"] * 3 + ["queue"] + ["rename"] * 3 + ["sync"] * 2
    assert {event.path for event in disk.events[-2:]} == {
        str(tmp_path / "mail" / name / "new") for name in ("alice", "bob")
    }


def test_a_single_mailbox_costs_two_syncs(tmp_path):
    disk = RecordingDisk()
    House(tmp_path, disk).keep(to("alice"))
    assert [event.what for event in disk.events] == ["write", "sync", "rename", "sync"]


def test_nowhere_takes_everything():
    assert Nowhere().keep_all([to("alice"), to(queued=["a"])]) == [None, None]


def test_what_a_killed_server_left_half_written_is_removed_and_nothing_else(tmp_path):
    house = House(tmp_path)
    house.keep(to("alice"))
    tmp = tmp_path / "mail" / "alice" / "tmp"
    (tmp / "1700000000000000000.1_99_smtp-harness").write_bytes(b"half")
    (tmp / "1700000000.M1P2.dovecot").write_bytes(b"somebody else's")
    (tmp_path / "mail" / "README").write_bytes(b"no Maildir")
    house.mailboxes.clear()
    assert house.mail("alice", "tmp") == [b"somebody else's"]
    assert house.mail("alice") == [b"x"]


def test_where_there_is_no_mail_yet_there_is_nothing_to_remove(tmp_path):
    Mailboxes(tmp_path / "mail").clear()
