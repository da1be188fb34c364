"""What is asked of a relay that runs: retry, drop, other routes."""

import pytest
import trio

from reference_server.queue.items import Wishes
from tests.reference_server.relay.hosts import Host
from tests.reference_server.relay.world import DAY, now, running, world

B = {"b.test": "b:25"}


RETRIES = {
    "all": ("", 2),
    "a domain": ("b.test", 1),
    "a domain in other letters": ("B.TEST", 1),
    "a domain and those below it": ("@test", 2),
    "a destination": ("c:25", 1),
    "nobody": ("d.test", 0),
}


@pytest.mark.parametrize(("node", "count"), RETRIES.values(), ids=RETRIES)
async def test_retry_is_at_once(node, count, autojump_clock):
    hosts = {name: Host(is_up=False) for name in ("b:25", "c:25")}
    async with world({**B, "c.test": "c:25"}, hosts) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test"))
            relay.take(await w.put("carol@c.test"))
            await trio.sleep(60)
            for host in hosts.values():
                host.is_up = True
            assert relay.retry(node) == count
            await trio.sleep(60)
        assert sum(len(host.copies) for host in hosts.values()) == count


@pytest.mark.parametrize("to", ["bob@b.test", "bob@us.test"])
async def test_nobody_frees_by_a_retry_what_its_sender_holds_back(to, autojump_clock):
    b = Host()
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put(to, HOLDFOR="7200"))
            for _ in range(2):
                await trio.sleep(60)
                relay.retry()
            await trio.sleep(60)
            assert (b.copies, w.submitted) == ([], [])
            await trio.sleep(7_200)
        assert len(b.copies) + len(w.submitted) == 1


async def test_what_is_dropped_is_forgotten_and_nobody_is_told(autojump_clock):
    b = Host(is_up=False)
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(60)
            assert await relay.drop("m1")
            assert not await relay.drop("m1")
            assert relay.standing().messages == 0
            await trio.sleep(DAY)
        assert len(b.calls) == 1
        assert (w.submitted, w.queue.items) == ([], {})


async def test_wishes_in_the_queue_are_granted(autojump_clock):
    b = Host(is_up=False)
    async with world(B, {"b:25": b}, settings={"ask_every": 10.0}) as w:
        async with running(w) as relay:
            for _ in range(2):
                relay.take(await w.put("bob@b.test"))
            await trio.sleep(60)
            b.is_up = True
            w.queue.asked = Wishes((("m1", "bob@b.test"),), frozenset({"m2"}))
            await trio.sleep(60)
        assert b.copies == ["bob@b.test"]
        assert "m1" not in w.queue.items


async def test_one_wish_brings_all_that_waited_for_the_host(autojump_clock):
    b = Host(is_up=False)
    async with world(B, {"b:25": b}, settings={"ask_every": 10.0}) as w:
        async with running(w) as relay:
            for _ in range(3):
                relay.take(await w.put("bob@b.test"))
            await trio.sleep(60)
            b.is_up = True
            w.queue.asked = Wishes((("m2", "bob@b.test"),))
            await trio.sleep(60)
        assert len(b.copies) == 3
        assert len(b.talks) == 1


async def test_how_things_stand(autojump_clock):
    b, c = Host(is_up=False), Host()
    async with world({**B, "c.test": "c:25"}, {"b:25": b, "c:25": c}) as w, running(w) as relay:
        relay.take(await w.put("bob@b.test", "carol@c.test", "dan@b.test"))
        relay.take(await w.put("bob@b.test"))
        await trio.sleep(60)
        standing = relay.standing()
        assert (standing.messages, standing.recipients) == (2, 3)
        (waiting,) = standing.destinations
        assert (waiting.destination, waiting.messages, waiting.tries) == ("b:25", 2, 1)
        assert waiting.next_try == pytest.approx(now() - 60 + 1_800, abs=2)
        assert waiting.last == "b: 4.4.1 b:25: nobody listens there"
        assert waiting.connections == 0
        assert standing.counts["passed on"] == 1
