"""What is promised for every message, whatever the next hops do: found out with many seeds."""

import random
from collections import Counter
from collections.abc import Mapping
from functools import partial

import pytest
import trio

from reference_server.relay import Caps, Schedule
from tests.reference_server.relay.hosts import DROP, Host
from tests.reference_server.relay.world import DAY, World, running, world

RCPT = ("250 ok", "250 ok", "250 ok", "450 busy", "550 no", "452 4.5.3 too many", "421 bye", DROP)
MESSAGE = ("250 ok", "250 ok", "250 ok", "451 later", "554 no", "421 bye")
OTHER = {
    "greeting": ("220 hi",) * 6 + ("421 full", "450 later", DROP),
    "EHLO": ("250-h\r\n250-PIPELINING\r\n250 DSN", "250-h\r\n250 CHUNKING", "250 h", "421 no"),
    "MAIL": ("250 ok",) * 8 + ("451 later", "452 full", "550 5.7.1 no", "421 bye", DROP),
    "DATA": ("354 go",) * 6 + ("451 later", "554 no", "421 bye", DROP),
    "BDAT": ("250 ok",) * 6 + ("451 later", "554 no", "421 bye", DROP),
    "RSET": ("250 ok", "250 ok", "421 bye", DROP),
    "QUIT": ("221 bye", DROP),
}  # fmt: skip


def capricious(seed: int) -> Host:
    """A host that answers at random, but honestly: what it has taken it has said so."""
    dice = random.Random(seed)
    choices = {**OTHER, "RCPT": RCPT, "message": MESSAGE}
    return Host(answers={name: partial(_throw, dice, choices[name]) for name in choices})


def _throw(dice: random.Random, choices: tuple[str, ...], argument: str) -> str:
    return dice.choice(choices)


def came_of(hosts: Mapping[str, Host], w: World) -> list[str]:
    """Every recipient, once for each copy and once for each bounce he stands in."""
    return [to for host in hosts.values() for to in host.copies] + w.bounced


async def live(seed: int) -> None:
    dice = random.Random(seed)
    hosts = {name: capricious(seed * 10 + n) for n, name in enumerate(("a:25", "b:25", "c:25"))}
    routes = {"b.test": ["a:25", "b:25"], "c.test": "c:25", ".c.test": ["c:25", "a:25"]}
    schedule = Schedule(pauses=(1_800.0, 7_200.0), jitter=0.0, warn_after=None, lifetime=DAY)
    caps = Caps(messages=3, recipients=4, linger=dice.choice((0.0, 2.0)))
    async with world(
        routes, hosts, schedule=schedule, caps=caps, settings={"chunk": dice.choice((7, None))}
    ) as w:
        wanted = []
        async with running(w) as relay:
            for n in range(12):
                to = [
                    f"r{n}-{k}@{dice.choice(('b.test', 'c.test', 'x.c.test', 'nowhere.test'))}"
                    for k in range(dice.randint(1, 7))
                ]
                relay.take(await w.put(*to))
                wanted += to
                if dice.random() < 0.2:
                    await trio.sleep(dice.uniform(0, 4_000))
            await trio.sleep(DAY / 2)
        async with running(w):
            for name in hosts:
                hosts[name].is_up = dice.random() < 0.7
            await trio.sleep(2 * DAY)
        assert Counter(came_of(hosts, w)) == Counter(wanted), f"seed {seed}"
        assert w.queue.items == {}
        assert len(w.told) > 0


async def live_with_crashes(seed: int) -> None:
    dice = random.Random(seed)
    hosts = {name: capricious(seed * 10 + n) for n, name in enumerate(("a:25", "b:25"))}
    for host in hosts.values():
        host.think = lambda: dice.random() * 5
    schedule = Schedule(pauses=(20.0,), jitter=0.0, warn_after=None, lifetime=DAY)
    async with world(
        {"b.test": ["a:25", "b:25"], "c.test": "b:25"},
        hosts,
        schedule=schedule,
        caps=Caps(messages=3),
    ) as w:
        wanted: list[str] = []
        may_repeat: Counter[str] = Counter()
        for n in range(12):
            to = [
                f"r{n}-{k}@{dice.choice(('b.test', 'c.test'))}" for k in range(dice.randint(1, 5))
            ]
            await w.put(*to)
            wanted += to
        w.queue.think = lambda: dice.random() * 5
        for _ in range(8):
            before = Counter(came_of(hosts, w))
            with trio.move_on_after(dice.uniform(0, 120)):
                await w.make_relay().run()
            waits = set(w.waiting())
            if "alice@us.test" in waits:
                waits |= set(w.bounced)  # put in, and the record of that has not been written
            new = Counter(came_of(hosts, w)) - before
            may_repeat += Counter({to: count for to, count in new.items() if to in waits})
        w.queue.think = lambda: 0.0
        for host in hosts.values():
            host.think = lambda: 0.0
        async with running(w):
            await trio.sleep(2 * DAY)
        came = Counter(came_of(hosts, w))
        assert set(came) == set(wanted), f"seed {seed}: lost"
        twice = came - Counter(wanted)
        assert twice <= may_repeat, f"seed {seed}: {twice} and not only {may_repeat}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
async def test_crashes_lose_nobody_and_repeat_only_what_was_not_recorded(seed, autojump_clock):
    await live_with_crashes(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(15))
async def test_every_recipient_gets_one_copy_or_stands_in_one_bounce(seed, autojump_clock):
    await live(seed)
