import pytest

from reference_server.queue.items import Item, QueuedRecipient
from reference_server.relay import schedule
from reference_server.relay.schedule import DAY, HOUR, Schedule

ARRIVED = 1_750_000_000.0


def item(*parameters):
    return Item(
        id="1",
        reverse_path="a@x.test",
        parameters=parameters,
        arrived=ARRIVED,
        size=1,
        recipients=(QueuedRecipient(address="b@y.test"),),
    )


def test_a_pause_is_thirty_minutes_for_ever_unless_told_otherwise():
    assert [Schedule().pause(tries) for tries in (1, 2, 240)] == [1_800.0] * 3


def test_the_last_pause_stands_for_all_that_follow():
    some = Schedule(pauses=(60.0, 300.0, 900.0))
    assert [some.pause(tries) for tries in (1, 2, 3, 4, 99)] == [60, 300, 900, 900, 900]


def test_jitter_makes_a_pause_longer_and_never_shorter():
    some = Schedule(jitter=0.5)
    assert [some.pause(1, chance) for chance in (0.0, 0.5, 1.0)] == [1_800, 2_250, 2_700]


def test_five_days_of_half_hours_are_240_pauses():
    some = Schedule()
    tries, now = 1, ARRIVED
    while some.may_wait_until(item(), now + some.pause(tries)):
        now += some.pause(tries)
        tries += 1
    assert (tries, now - ARRIVED) == (241, 5 * DAY)


@pytest.mark.parametrize(
    ("hours", "slow"), [(3.99, False), (4.0, True), (4 - 0.5 / 3_600, True), (100.0, True)]
)
def test_a_delay_is_worth_telling_after_four_hours(hours, slow):
    assert Schedule().is_slow(item(), ARRIVED + hours * HOUR) is slow
    assert not Schedule(warn_after=None).is_slow(item(), ARRIVED + hours * HOUR)


# --- what the envelope asks for ------------------------------------------------------------------

HELD = {
    "not held": ((), 0.0),
    "for an hour": ((("HOLDFOR", "3600"),), 3_600.0),
    "until a time": ((("HOLDUNTIL", "2025-06-15T16:06:40Z"),), 3_600.0),
    "until a time long gone": ((("HOLDUNTIL", "2020-01-01T00:00:00Z"),), 0.0),
}


@pytest.mark.parametrize(("parameters", "seconds"), HELD.values(), ids=HELD)
def test_a_message_is_held_and_all_is_counted_from_its_release(parameters, seconds):
    held = item(*parameters)
    assert schedule.release(held) == ARRIVED + seconds
    assert schedule.due(held, held.recipients[0]) == ARRIVED + seconds
    assert Schedule().expires(held) == ARRIVED + seconds + 5 * DAY


def test_a_deadline_runs_from_the_release():
    assert schedule.deadline(item()) is None
    assert schedule.deadline(item(("BY", "120;R"))) == ARRIVED + 120
    assert schedule.deadline(item(("BY", "120;N"), ("HOLDFOR", "60"))) == ARRIVED + 180
    assert not schedule.is_overdue(item(("BY", "120;R")), ARRIVED + 118)
    assert schedule.is_overdue(item(("BY", "120;R")), ARRIVED + 120)
    assert not schedule.is_overdue(item(), ARRIVED + 10 * DAY)


MOMENTS = {
    "the next try": ((), False, 1_800.0),
    "the deadline comes before it": ((("BY", "120;R"),), False, 120.0),
    "the deadline comes after it": ((("BY", "7200;R"),), False, 1_800.0),
    "to tell at the deadline": ((("BY", "120;N"),), False, 120.0),
    "told already": ((("BY", "120;N"),), True, 1_800.0),
    "told of a delay, to be returned all the same": ((("BY", "120;R"),), True, 120.0),
}


@pytest.mark.parametrize(("parameters", "told", "seconds"), MOMENTS.values(), ids=MOMENTS)
def test_something_has_to_be_done_at_the_try_or_at_the_deadline(parameters, told, seconds):
    recipient = QueuedRecipient(
        address="b@y.test", not_before=ARRIVED + 1_800, told_of_delay=told, tries=1
    )
    assert schedule.next_moment(item(*parameters), recipient) == ARRIVED + seconds


def test_priority_is_zero_unless_said():
    assert schedule.priority(item()) == 0
    assert schedule.priority(item(("MT-PRIORITY", "-4"))) == -4
