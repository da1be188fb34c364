"""Accidents: a relay that is stopped, killed, or refused by its disk, and what comes back here."""

import pytest
import trio

from harness.protocol.replies import reply
from reference_server.queue.items import Fate, Submitted
from reference_server.relay import Caps, Schedule
from tests.reference_server.relay.hosts import DROP, Host
from tests.reference_server.relay.world import CONTENT, HOUR, running, world

B = {"b.test": "b:25"}


async def relayed(b, *to, until=60.0, route="b:25", content=CONTENT, settings=None, **parameters):
    async with world({"b.test": route}, {"b:25": b}, settings=settings) as w:
        async with running(w) as relay:
            relay.take(await w.put(*(to or ("bob@b.test",)), content=content, **parameters))
            await trio.sleep(until)
        return w


async def test_a_stop_finishes_the_transaction_under_way_and_says_quit(autojump_clock):
    going = trio.Event()
    b = Host()

    def slow(_):
        going.set()
        return "354 go ahead"

    b.answers["DATA"] = slow
    async with world(B, {"b:25": b}) as w:
        for _ in range(3):
            await w.put("bob@b.test")
        relay = w.make_relay()
        async with trio.open_nursery() as nursery:
            await nursery.start(relay.run)
            await going.wait()
            relay.stop()
        assert len(b.copies) == 1
        assert b.commands[-1] == "QUIT"
        assert len(w.waiting()) == 2


async def test_a_stop_waits_for_nobody_who_only_waits(autojump_clock):
    began = trio.current_time()
    hosts = {"b:25": Host(answers={"greeting": "silence"}), "c:25": Host()}
    async with world({**B, "c.test": "c:25", "d.test": "d:25"}, hosts, caps=Caps(linger=500)) as w:
        async with running(w) as relay:
            for name in "bcd":
                relay.take(await w.put(f"bob@{name}.test"))
            await trio.sleep(10)
        assert trio.current_time() - began < 30
        assert len(w.waiting()) == 2


async def test_a_crash_between_a_250_and_its_record_may_repeat_and_nothing_else(autojump_clock):
    said = {"a": "250 ok", "b": "550 5.1.1 no", "c": "250 ok"}
    b = Host(answers={"RCPT": lambda to: said[to[0]]})
    async with world(B, {"b:25": b}) as w:
        await w.put("a@b.test", "b@b.test")
        await w.put("c@b.test")
        # The first record is written, the second is not, and the notice is not put in any more.
        commit, submit = w.queue.commit, w.submit

        async def writes_one(**what):
            if w.queue.commits > 2:
                await trio.sleep_forever()
            await commit(**what)

        async def puts_nothing_in(*what):
            await trio.sleep_forever()

        w.queue.commit, w.submit = writes_one, puts_nothing_in
        with trio.move_on_after(60):
            await w.make_relay().run()
        w.queue.commit, w.submit = commit, submit
        async with running(w):
            await trio.sleep(60)
        assert b.copies == ["a@b.test", "c@b.test", "c@b.test"]
        assert w.bounced == ["b@b.test"]


async def test_a_disk_that_refuses_a_record_makes_no_second_copy(autojump_clock):
    b = Host()
    async with world(B, {"b:25": b}) as w:
        item = await w.put("bob@b.test", "carol@b.test")
        w.queue.refusals = [OSError("full")] * 3
        async with running(w) as relay:
            relay.take(item)
            await trio.sleep(HOUR)
        assert b.copies == ["bob@b.test", "carol@b.test"]
        assert w.queue.items == {}
        assert [what for what, _ in w.told].count("queue-refused") == 3


async def test_a_message_that_cannot_be_read_waits(autojump_clock):
    b = Host()
    async with world(B, {"b:25": b}) as w:
        content = w.queue.content

        async def cannot_read(id):
            await trio.lowlevel.checkpoint()
            raise OSError("bad sector")

        w.queue.content = cannot_read
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(60)
            (one,) = w.queue.items["m1"].recipients
            assert one.last == "4.3.0 the queue cannot be read: bad sector"
            w.queue.content = content
            await trio.sleep(HOUR)
        assert b.copies == ["bob@b.test"]


async def test_a_notice_is_written_even_if_the_message_cannot_be_read(autojump_clock):
    async with world() as w:
        content = w.queue.content

        async def reads_only_notices(id):
            if not id.startswith("notice"):
                raise OSError("bad sector")
            return await content(id)

        w.queue.content = reads_only_notices
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test", RET="FULL"))
            await trio.sleep(60)
        assert w.bounced == ["bob@b.test"]
        assert w.reports[0].returned == b""


@pytest.mark.parametrize("to", ["bob@b.test", "alice@us.test", "bob@nowhere.test"])
async def test_what_somebody_else_has_taken_out_of_the_queue_is_let_go(to, autojump_clock):
    b = Host(answers={"RCPT": "550 no"})
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            item = await w.put(to)
            await w.queue.commit(done=[item.id])
            relay.take(item)
            await trio.sleep(60)
        assert (b.mail, w.submitted, w.queue.items) == ([], [], {})


async def test_a_notice_that_finds_no_room_here_is_tried_again(autojump_clock):
    async with world(schedule=Schedule(jitter=0.0)) as w:
        w.submit_problem = OSError("disk full")
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(60)
            (notice,) = w.queue.items.values()
            assert notice.recipients[0].fate is Fate.WAITING
            assert notice.recipients[0].last == "4.3.0 no room here: disk full"
            w.submit_problem = None
            await trio.sleep(HOUR)
        assert w.bounced == ["bob@b.test"]
        assert w.queue.items == {}


async def test_who_is_refused_here_is_a_failure_like_any_other(autojump_clock):
    async def submit(item, recipients, content):
        await trio.lowlevel.checkpoint()
        gone = reply(550, "no such user", enhanced="5.1.1")
        return Submitted(dict.fromkeys(recipients, gone))

    async with world() as w:
        w.submit = submit
        async with running(w) as relay:
            relay.take(await w.put("nobody@us.test", sender="x@us.test"))
            await trio.sleep(60)
        failed = [facts["to"] for what, facts in w.told if what == "failed"]
        # The notice about it too, and what the postmaster hears of that: and there it ends.
        assert failed == ["nobody@us.test", "x@us.test", "postmaster"]
        assert w.queue.items == {}


async def test_a_bounce_to_somebody_elsewhere_is_relayed_from_the_null_reverse_path(
    autojump_clock,
):
    b = Host(answers={"RCPT": lambda to: "550 no" if to.startswith("bob") else "250 ok"})
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test", sender="eve@b.test", MT_PRIORITY="5"))
            await trio.sleep(60)
        (mail,) = b.mail
        assert (mail.sender, mail.recipients) == ("", ("eve@b.test",))
        assert mail.rcpt_parameters == ("NOTIFY=NEVER",)
        assert w.submitted == []


async def test_lost_after_the_message_is_tried_again_after_the_pause(autojump_clock):
    b = Host(answers={"message": [DROP, "250 ok"]})
    await relayed(b, until=HOUR)
    # RFC 1047: the host had taken it, which nobody could know.
    assert b.copies == ["bob@b.test"] * 2
    assert b.calls[1] - b.calls[0] == pytest.approx(1_800, abs=2)
