import os

import pytest

from reference_server.storage import syncing
from reference_server.storage.syncing import Syncer


class Kernel:
    """Syncs that take the time they are told to, on a clock of their own."""

    def __init__(self, *, one=0.001, everything=0.002, is_trusted=True):
        self.now = 0.0
        self.one, self.everything = one, everything
        self.calls = []
        self.syncer = Syncer(
            lambda file: self._take(("one", file), self.one),
            lambda file: self._take(("all", file), self.everything),
            lambda files: is_trusted,
            lambda: self.now,
        )

    def _take(self, call, seconds):
        self.calls.append(call)
        self.now += seconds

    def sync(self, count):
        self.calls.clear()
        self.syncer.sync(range(count))
        return self.calls


def test_many_files_are_synced_by_one_call_as_soon_as_it_is_known_what_one_costs():
    kernel = Kernel()
    assert kernel.sync(3) == [("one", 0), ("one", 1), ("one", 2)]
    assert kernel.sync(3) == [("all", 0)]
    assert kernel.sync(50) == [("all", 0)]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_few_files_are_synced_one_by_one(count):
    kernel = Kernel()
    kernel.sync(5)
    assert kernel.sync(count) == [("one", n) for n in range(count)]


def test_where_syncfs_cannot_be_trusted_every_file_is_synced():
    kernel = Kernel(is_trusted=False)
    assert [len(kernel.sync(5)) for _ in range(3)] == [5, 5, 5]


def test_while_a_stranger_writes_much_every_file_is_synced():
    kernel = Kernel()
    kernel.sync(10)
    kernel.everything = 2.0
    assert kernel.sync(10) == [("all", 0)]  # now it is known
    away = 0
    while kernel.sync(10) != [("all", 0)]:
        away += 1
    assert away == 500  # five seconds
    kernel.everything = 0.002
    kernel.now += 5.0
    assert [kernel.sync(10) for _ in range(100)][-1] == [("all", 0)]


def test_one_call_that_took_long_for_once_is_forgiven():
    kernel = Kernel()
    for _ in range(5):
        kernel.sync(10)
    kernel.everything = 0.02
    kernel.sync(10)
    kernel.everything = 0.002
    assert kernel.sync(10) == [("all", 0)]


MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw - proc proc rw
35 22 254:1 / /with\040blank rw,relatime shared:1 master:2 - xfs /dev/vdb rw
something else
"""


@pytest.mark.parametrize(
    ("device", "kind"), [((254, 0), "ext4"), ((254, 1), "xfs"), ((0, 21), "proc"), ((9, 9), None)]
)
def test_the_kind_of_a_file_system_is_read_from_the_list_of_mounts(tmp_path, device, kind):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert syncing.file_system(os.makedev(*device), mounts) == kind


def test_where_there_is_no_list_nothing_is_known(tmp_path):
    assert syncing.file_system(os.makedev(254, 0), tmp_path / "mountinfo") is None


def test_the_system_calls_themselves_work_here(tmp_path):
    with (tmp_path / "x").open("wb") as file:
        file.write(b"x")
        file.flush()
        syncing.begin_writing(file.fileno())
        syncing.sync_file(file.fileno())
        if syncing.is_trusted([file.fileno()]):
            syncing.sync_file_system(file.fileno())
            with pytest.raises(OSError, match="Bad file descriptor"):
                syncing.sync_file_system(999_999)


def test_files_on_two_devices_are_not_synced_together(tmp_path):
    with (tmp_path / "x").open("wb") as one, open(os.devnull, "wb") as other:
        assert not syncing.is_trusted([one.fileno(), other.fileno()])
