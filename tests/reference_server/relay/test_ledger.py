import trio

from harness.protocol.replies import reply
from reference_server.bounces import Action, Office
from reference_server.queue.items import Fate, Item, QueuedRecipient
from reference_server.relay.delivery import waiting
from reference_server.relay.ledger import Decision, Ledger
from reference_server.relay.outcomes import Kind, Outcome, failed, postponed
from reference_server.relay.schedule import Schedule
from reference_server.relay.settling import settle
from tests.reference_server.relay.world import CONTENT, DAY, EPOCH, HOUR, MemoryQueue, now

PLAN = Schedule(jitter=0.0)
GONE = failed("5.1.1", "nobody")
LATER = postponed("4.2.1", "busy", "mx")
TAKEN = Outcome(kind=Kind.RELAYED, status="2.0.0", remote="mx", reply=reply(250, "ok"))


def item(*to, id="m1", **parameters):
    return Item(
        id=id, reverse_path="alice@us.test", parameters=tuple(parameters.items()), arrived=EPOCH,
        size=1, recipients=tuple(QueuedRecipient(address=one) for one in to),
    )  # fmt: skip


# --- settling ------------------------------------------------------------------------------------


def test_each_recipient_gets_his_outcome_and_the_others_stay():
    settled = settle(item("a", "b", "c", "d"), {"a": TAKEN, "b": GONE, "c": LATER}, PLAN, EPOCH)
    fates = [one.fate for one in settled.item.recipients]
    assert fates == [Fate.RELAYED, Fate.FAILED, Fate.WAITING, Fate.WAITING]
    assert [one.tries for one in settled.item.recipients] == [1, 1, 1, 0]
    assert settled.item.recipients[2].not_before == EPOCH + 1_800
    assert settled.item.recipients[2].last == "mx: 4.2.1 busy"
    assert [one.address for one in settled.changed] == ["a", "b", "c"]
    assert [(one.address, one.action) for one in settled.findings] == [
        ("a", Action.RELAYED), ("b", Action.FAILED),
    ]  # fmt: skip


def test_what_is_over_is_not_decided_again():
    once = settle(item("a", "b"), {"a": TAKEN, "b": GONE}, PLAN, EPOCH).item
    again = settle(once, {"a": GONE, "b": LATER}, PLAN, EPOCH)
    assert (again.item, again.changed, again.findings) == (once, (), ())
    assert waiting(once, ["a", "b", "x"]) == ()


def test_a_destination_says_when_its_next_try_is():
    settled = settle(item("a"), {"a": LATER}, PLAN, EPOCH, next_try=EPOCH + 99)
    assert settled.item.recipients[0].not_before == EPOCH + 99


def test_the_end_keeps_the_status_and_counts_the_tries():
    (finding,) = settle(item("a"), {"a": LATER}, PLAN, EPOCH + 5 * DAY).findings
    assert (finding.action, finding.status) == (Action.FAILED, "4.2.1")
    assert finding.words == "busy (given up after one try)"


def test_a_delay_is_told_once():
    late = settle(item("a"), {"a": LATER}, PLAN, EPOCH + 4 * HOUR)
    assert [one.action for one in late.findings] == [Action.DELAYED]
    assert late.findings[0].retry_until == EPOCH + 5 * DAY
    assert settle(late.item, {"a": LATER}, PLAN, EPOCH + 5 * HOUR).findings == ()


# --- writing -------------------------------------------------------------------------------------


def ledger(queue, *items):
    taken = []
    made = Ledger(
        queue=queue, schedule=PLAN, office=Office(domain="us.test"), now=now,
        new_id=iter(f"n{n}" for n in range(99)).__next__, chance=lambda: 0.0, take=taken.append,
        tell=lambda what, facts: None,
    )  # fmt: skip
    made.items = {one.id: one for one in items}
    queue.items = dict(made.items)
    queue.contents = dict.fromkeys(made.items, CONTENT)
    return made, taken


async def test_an_item_is_not_forgotten_before_the_last_notice_about_it_is_written(autojump_clock):
    class Slow(MemoryQueue):
        async def content(self, id):
            await trio.sleep(10)
            return CONTENT

    queue = Slow()
    book, taken = ledger(queue, item("a", "b"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(book.record, [Decision("m1", {"a": GONE})])
        await trio.sleep(1)
        await book.record([Decision("m1", {"b": TAKEN})])
        # A crash now must find it: its sender has not been told yet.
        assert list(queue.items) == ["m1"]
        assert queue.items["m1"].recipients[1].fate is Fate.RELAYED
        assert queue.items["m1"].recipients[0].fate is Fate.WAITING
    assert list(queue.items) == [one.id for one in taken] == ["n0"]
    assert book.items == {}


async def test_what_comes_while_the_disk_is_busy_is_written_together(autojump_clock):
    class Busy(MemoryQueue):
        async def commit(self, **what):
            await trio.sleep(1)
            await super().commit(**what)

    queue = Busy()
    book, _ = ledger(queue, *(item("a", id=f"m{n}") for n in range(20)))
    async with trio.open_nursery() as nursery:
        for n in range(20):
            nursery.start_soon(book.record, [Decision(f"m{n}", {"a": TAKEN})])
    assert queue.commits <= 2
    assert queue.items == {}


async def test_what_has_been_dropped_is_not_written_about(autojump_clock):
    queue = MemoryQueue()
    book, taken = ledger(queue)
    assert await book.record([Decision("gone", {"a": GONE})]) == []
    assert (queue.commits, taken) == (0, [])
