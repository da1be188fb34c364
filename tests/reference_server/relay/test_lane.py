import pytest
import trio

from reference_server.queue.items import Item, QueuedRecipient
from reference_server.relay.halt import Halt
from reference_server.relay.lane import Lane, Parcel, parcels_of
from reference_server.relay.routes import NoWay
from reference_server.relay.schedule import Schedule

PLAN = Schedule(pauses=(10.0, 20.0), jitter=0.5)


def parcel(id, due=0.0, *, urgency=0, for_host=False, to="b@y.test"):
    return Parcel(
        id=id,
        addresses=(to,),
        due=due,
        urgency=(urgency, 0.0, id),
        waits_for_host=for_host,
    )


def lane(*parcels):
    made = Lane(NoWay("5.0.0", "for a test"))
    for one in parcels:
        made.add(one)
    return made


def ids(parcels):
    return [one.id for one in parcels]


def test_what_is_due_comes_out_the_most_urgent_first_and_nothing_else():
    some = lane(parcel("a", 5), parcel("b", 1, urgency=2), parcel("c", 4, urgency=1))
    assert ids(some.take_all(4.5)) == ["c", "b"]
    assert some.take(4.5) is None
    assert (len(some), some.next_try) == (1, 5)


def test_what_became_due_first_waits_for_what_is_more_urgent():
    some = lane(parcel("a", 1, urgency=2), parcel("z", 1, urgency=3))
    assert some.take(1).id == "a"
    some.add(parcel("b", 2, urgency=1))
    assert ids(some.take_all(2)) == ["b", "z"]


def test_a_host_that_is_down_makes_all_wait():
    some = lane(parcel("a"), parcel("b", 100))
    assert some.fail(PLAN, "gone", 50.0, chance=0.0) == 60.0
    assert some.take(59.0) is None
    assert (some.next_try, some.tries, some.last) == (60.0, 1, "gone")
    assert some.fail(PLAN, "still gone", 60.0, chance=1.0) == 90.0
    assert some.next_try == 90.0
    assert some.take(90.0).id == "a"
    assert some.next_try == 100.0


def test_a_host_that_is_back_frees_those_who_waited_for_it_alone():
    some = lane(parcel("a", 100), parcel("b", 100, for_host=True))
    some.fail(PLAN, "gone", 50.0, chance=0.0)
    some.recover()
    assert (some.tries, some.not_before) == (0, 0.0)
    assert ids(some.take_all(51.0)) == ["b"]


def test_all_or_some_can_be_tried_at_once():
    late = [parcel(id, 100) for id in "ab"]
    some = lane(*late)
    some.fail(PLAN, "gone", 50.0, chance=0.0)
    some.hasten(late[1:])
    assert ids(some.take_all(50.0)) == ["b"]
    some.hasten()
    assert ids(some.take_all(50.0)) == ["a"]


def test_what_is_removed_is_gone_whether_it_was_due_or_not():
    some = lane(parcel("a"), parcel("b"), parcel("c", 9))
    some.take(0.0)
    assert sorted(ids(some.remove(lambda one: one.id != "b"))) == ["c"]
    assert ids(some.parcels) == ["b"]
    assert some.backlog == 1


def test_which_domains_it_serves():
    some = lane(parcel("a", to="b@sub.Y.test"))
    assert some.serves("sub.y.test")
    assert not some.serves("y.test")
    assert some.serves("y.test", below=True)
    assert not some.serves("ub.y.test", below=True)


def test_recipients_of_one_item_share_a_parcel_if_they_share_their_next_try():
    recipients = [
        QueuedRecipient(address=to, not_before=at)
        for to, at in (("a", 5.0), ("b", 9.0), ("c", 5.0))
    ]
    item = Item(
        id="1", reverse_path="", parameters=(("MT-PRIORITY", "3"),), arrived=1.0, size=0,
        recipients=tuple(recipients),
    )  # fmt: skip
    parcels = list(parcels_of(item, recipients))
    assert [(one.addresses, one.due) for one in parcels] == [(("a", "c"), 5.0), (("b",), 9.0)]
    assert parcels[0].urgency == (-3, 1.0, "1")
    (behind,) = parcels_of(item, recipients[1:2], behind=7.0)
    assert behind.urgency > parcels[0].urgency


async def test_who_waits_is_woken_by_what_comes_and_so_is_everybody_else(autojump_clock):
    some = lane()
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(some.wait_until, 50.0, 0.0)
        await trio.sleep(1)
        some.add(parcel("a"))
    assert trio.current_time() == pytest.approx(1)
    await some.wait_until(51.0, 1.0)
    assert trio.current_time() == pytest.approx(51)


async def test_nothing_is_waited_for_once_we_stop(autojump_clock):
    halt = Halt()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stop_later, halt)
        with halt.interruptible() as scope:
            await trio.sleep(1_000)
    assert scope.cancelled_caught
    with halt.interruptible():
        await trio.sleep(1_000)
    assert trio.current_time() == pytest.approx(5)


async def _stop_later(halt):
    await trio.sleep(5)
    halt.set()
