"""What is promised for every message, whatever the next hops do: found out with many seeds."""

import random
from collections import Counter
from functools import partial

import pytest
import trio

from reference_server.relay import Caps, Schedule
from tests.reference_server.relay.hosts import DROP, Host
from tests.reference_server.relay.world import DAY, running, world

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
        copies = [to for host in hosts.values() for to in host.copies]
        assert Counter(copies + w.bounced) == Counter(wanted), f"seed {seed}"
        assert w.queue.items == {}
        assert len(w.told) > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(15))
async def test_every_recipient_gets_one_copy_or_stands_in_one_bounce(seed, autojump_clock):
    await live(seed)
