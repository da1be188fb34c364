import trio
import trio.testing

from reference_server.doors.attendance import Attendance
from reference_server.doors.limits import Allowance


def test_there_are_no_more_than_may_be_in_all_and_from_one_address():
    here, few = Attendance(), Allowance(connections=3, connections_per_address=2)
    answers = []
    for address in ("a", "a", "a", "b"):
        here.enter(address)
        answers.append(here.is_within(few, address))
        if not answers[-1]:
            here.leave(address)
    assert answers == [True, True, False, True]
    here.enter("c")
    assert not here.is_within(few, "c")  # a fourth one in all
    assert here.is_within(Allowance(connections=4), "c")  # nobody said how many from one address


async def test_it_can_be_waited_for_that_all_have_left():
    here = Attendance()
    await here.until_empty()
    for address in ("a", "b"):
        here.enter(address)
    async with trio.open_nursery() as tasks:
        tasks.start_soon(here.until_empty)
        here.leave("a")
        await trio.testing.wait_all_tasks_blocked()
        assert len(tasks.child_tasks) == 1
        here.leave("b")
    assert here.total == 0
