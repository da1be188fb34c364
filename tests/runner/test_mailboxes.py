"""Mailboxes: shared by those who can tell their mail, alone for one who cannot."""

from __future__ import annotations

import trio
import trio.testing

from harness.runner.mailboxes import Mailboxes


class Diary:
    """Who is in which mailboxes when."""

    def __init__(self) -> None:
        self.boxes = Mailboxes()
        self.rows: list[str] = []

    async def use(self, who: str, *, shared=(), alone=(), seconds: float = 1.0) -> None:
        async with self.boxes.claimed(shared=shared, alone=alone):
            self.rows.append(f"{trio.current_time():g} {who}")
            await trio.sleep(seconds)


async def test_many_share_a_mailbox_at_a_time(autojump_clock):
    diary = Diary()
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(lambda: diary.use("x", shared=["a"]))

    assert diary.rows == ["0 x"] * 3


async def test_one_alone_waits_for_all_others_and_they_for_it(autojump_clock):
    diary = Diary()

    async def later(seconds: float, who: str, **claims) -> None:
        await trio.sleep(seconds)
        await diary.use(who, **claims)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: later(0.0, "first", shared=["A"]))
        nursery.start_soon(lambda: later(0.1, "alone", alone=["a"]))
        nursery.start_soon(lambda: later(0.2, "other box", alone=["b"]))
        nursery.start_soon(lambda: later(0.5, "who came later", shared=["a", "b"]))

    assert diary.rows == ["0 first", "0.2 other box", "1 alone", "2 who came later"]


async def test_nobody_waits_in_a_ring(autojump_clock):
    diary = Diary()
    async with trio.open_nursery() as nursery:
        for who, boxes in [("x", ["a", "b"]), ("y", ["b", "a"]), ("z", ["b", "A", "c"])]:
            nursery.start_soon(lambda who=who, boxes=boxes: diary.use(who, alone=boxes))

    assert sorted(row.split()[0] for row in diary.rows) == ["0", "1", "2"]


async def test_who_gives_up_waiting_is_not_waited_for(autojump_clock):
    diary = Diary()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: diary.use("long", shared=["a"], seconds=10))
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(1):
            await diary.use("impatient", alone=["a"])
        await diary.use("later", shared=["a"])

    assert diary.rows == ["0 long", "1 later"]
