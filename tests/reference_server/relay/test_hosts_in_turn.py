"""Which host gets the mail, and what happens if it does not want it."""

import pytest
import trio

from reference_server.relay import Caps, Ourselves, Schedule
from reference_server.relay.exchangers import Absent, Found, Unknown
from tests.reference_server.relay.hosts import DROP, SILENCE, Host
from tests.reference_server.relay.test_exchangers import Table
from tests.reference_server.relay.world import DAY, HOUR, running, world

TWO = {"x.test": ["b:25", "c:25"]}
QUIET = Schedule(jitter=0.0, warn_after=None)


async def both(b, c, *, until=60.0, to=("bob@x.test",), **options):
    """A message for x.test, whose hosts are b and then c."""
    hosts = {"b:25": b, "c:25": c}
    async with world(TWO, hosts, schedule=QUIET, **options) as w:
        async with running(w) as relay:
            relay.take(await w.put(*to))
            await trio.sleep(until)
        return w


async def test_the_preferred_host_gets_the_mail(autojump_clock):
    b, c = Host(), Host()
    await both(b, c)
    assert (len(b.mail), c.calls) == (1, [])


# what goes wrong at b -> whether c is tried
ELSEWHERE = {
    "nobody listens": Host(is_up=False),
    "it hangs up": Host(answers={"greeting": DROP}),
    "it is busy": Host(answers={"greeting": "421 too busy"}),
    "4yz for a greeting": Host(answers={"greeting": "450 not now"}),
    "4yz to EHLO": Host(answers={"EHLO": "451 not now"}),
    "4yz to MAIL": Host(answers={"MAIL": "452 4.3.1 no room"}),
    "421 to MAIL": Host(answers={"MAIL": "421 bye"}),
    "lost at MAIL": Host(answers={"MAIL": DROP}),
    "421 to RCPT": Host(answers={"RCPT": "421 bye"}),
    "lost at RCPT": Host(answers={"RCPT": DROP}),
    "421 to DATA": Host(answers={"DATA": "421 bye"}),
    "lost at DATA": Host(answers={"DATA": DROP}),
}
STAYS = {
    "4yz to RCPT": Host(answers={"RCPT": "450 busy"}),
    "4yz to DATA": Host(answers={"DATA": "451 not now"}),
    "4yz to the message": Host(answers={"message": "451 not now"}),
    "421 to the message": Host(answers={"message": "421 bye"}),
    "lost after the message (RFC 1047)": Host(answers={"message": DROP}),
}
FAILS = {
    "5yz for a greeting": Host(answers={"greeting": "554 no mail here"}),
    "521 for a greeting (RFC 7504)": Host(answers={"greeting": "521 no mail here"}),
    "5yz to EHLO and HELO": Host(answers={"EHLO": "502 no", "HELO": "550 no"}),
    "5yz to MAIL": Host(answers={"MAIL": "550 5.7.1 not you"}),
    "5yz to RCPT": Host(answers={"RCPT": "550 5.1.1 nobody"}),
    "5yz to DATA": Host(answers={"DATA": "554 no"}),
    "5yz to the message": Host(answers={"message": "554 5.7.1 spam"}),
}


@pytest.mark.parametrize("b", ELSEWHERE.values(), ids=ELSEWHERE)
async def test_the_next_host_is_tried(b, autojump_clock):
    c = Host()
    w = await both(b, c)
    assert c.copies == ["bob@x.test"]
    assert w.submitted == []


@pytest.mark.parametrize("b", STAYS.values(), ids=STAYS)
async def test_the_recipient_waits_and_no_other_host_is_tried(b, autojump_clock):
    c = Host()
    w = await both(b, c)
    assert c.calls == []
    assert w.waiting() == ["bob@x.test"]
    assert w.submitted == []


@pytest.mark.parametrize("b", FAILS.values(), ids=FAILS)
async def test_5yz_is_final_and_no_other_host_is_tried(b, autojump_clock):
    c = Host()
    w = await both(b, c, until=DAY)
    assert c.calls == []
    assert w.bounced == ["bob@x.test"]
    assert len(b.calls) == 1


async def test_a_host_that_never_answers_is_given_five_minutes(autojump_clock):
    b, c = Host(answers={"greeting": SILENCE}), Host()
    await both(b, c, until=310)
    assert c.calls == [pytest.approx(300, abs=1)]


async def test_the_end_of_a_message_is_given_ten_minutes(autojump_clock):
    b = Host(answers={"message": SILENCE})
    w = await both(b, Host(), until=590)
    assert w.waiting() == ["bob@x.test"]
    b = Host(answers={"message": SILENCE})
    w = await both(b, Host(), until=620)
    (one,) = w.queue.items["m1"].recipients
    assert "nothing for 600 s" in one.last


async def test_all_hosts_down_is_one_try_of_the_destination(autojump_clock):
    b, c = Host(is_up=False), Host(is_up=False)
    w = await both(b, c, until=HOUR + 60)
    assert len(b.calls) == len(c.calls) == 3
    (one,) = w.queue.items["m1"].recipients
    assert one.tries == 3


async def test_what_one_host_refuses_for_now_waits_alone_if_no_other_takes_it(autojump_clock):
    b = Host(answers={"MAIL": lambda path: "451 greylisted" if path.startswith("a") else "250 ok"})
    async with world(TWO, {"b:25": b, "c:25": Host(is_up=False)}) as w, running(w) as relay:
        relay.take(await w.put("bob@x.test"))
        relay.take(await w.put("bob@x.test", sender="zoe@us.test"))
        await trio.sleep(60)
        assert [mail.sender for mail in b.mail] == ["zoe@us.test"]
        relay.take(await w.put("bob@x.test", sender="zoe@us.test"))
        await trio.sleep(60)
        assert len(b.mail) == 2  # the destination does not wait
        assert w.waiting() == ["bob@x.test"]


async def test_a_host_that_hangs_up_after_some_messages_is_called_again(autojump_clock):
    counts = iter(range(1_000))
    b = Host(answers={"MAIL": lambda _: "421 enough" if next(counts) % 4 == 3 else "250 ok"})
    async with world({"x.test": "b:25"}, {"b:25": b}) as w:
        for _ in range(10):
            await w.put("bob@x.test")
        async with running(w):
            await trio.sleep(60)
        assert len(b.copies) == 10
        assert len(b.talks) == 4


async def test_a_message_that_breaks_connections_does_not_stop_the_others(autojump_clock):
    b = Host(answers={"RCPT": lambda to: DROP if to.startswith("poison") else "250 ok"})
    async with world({"x.test": "b:25"}, {"b:25": b}) as w:
        for n in range(4):
            await w.put(f"poison{n}@x.test")
        for n in range(4):
            await w.put(f"good{n}@x.test")
        async with running(w):
            await trio.sleep(3 * HOUR)
        assert b.copies == [f"good{n}@x.test" for n in range(4)]
        assert w.waiting() == [f"poison{n}@x.test" for n in range(4)]


async def test_a_connection_refused_to_a_second_courier_bounces_nothing(autojump_clock):
    b = Host()
    b.answers["greeting"] = lambda _: "220 hi" if b.open == 1 else "554 one at a time"
    caps = Caps(messages=5, connections_per_destination=3)
    async with world({"x.test": "b:25"}, {"b:25": b}, caps=caps) as w:
        for _ in range(11):
            await w.put("bob@x.test")
        async with running(w):
            await trio.sleep(60)
        assert w.submitted == []
        assert len(b.copies) == 11
        assert len(b.talks) > 3


async def test_a_host_that_wants_no_more_connections_bounces_nothing(autojump_clock):
    b = Host(answers={"greeting": ["220 hi", "554 5.7.0 enough of you"]})
    caps = Caps(messages=5, connections_per_destination=1)
    async with world({"x.test": "b:25"}, {"b:25": b}, caps=caps) as w:
        for _ in range(8):
            await w.put("bob@x.test")
        async with running(w):
            await trio.sleep(60)
            assert (len(b.copies), len(w.waiting()), w.submitted) == (5, 3, [])
            await trio.sleep(HOUR)
        assert len(w.bounced) == 3  # it still says so when the destination is tried anew


# --- by the DNS ----------------------------------------------------------------------------------


def table(mx, a=None):
    addresses = {"b.test": ("192.0.2.1", "192.0.2.2"), "c.test": ("192.0.2.3",)}
    return Table({"x.test": mx}, {**addresses, **(a or {})})


async def by_dns(resolver, hosts, *, until=60.0, **options):
    settings = {"ourselves": Ourselves(frozenset({"mx.us.test"}))}
    async with world(
        {}, hosts, schedule=QUIET, dns=True, resolver=resolver, settings=settings, **options
    ) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@x.test"))
            await trio.sleep(until)
        return w


async def test_hosts_are_tried_by_preference_and_address_by_address(autojump_clock):
    down = [Host(is_up=False) for _ in range(2)]
    hosts = {"192.0.2.1:25": down[0], "192.0.2.2:25": down[1], "192.0.2.3:25": (last := Host())}
    await by_dns(table(Found(((20, "c.test"), (10, "b.test")))), hosts)
    assert [len(host.calls) for host in down] == [1, 1]
    assert last.copies == ["bob@x.test"]


async def test_the_first_of_them_is_enough(autojump_clock):
    first, last = Host(), Host()
    hosts = {"192.0.2.1:25": first, "192.0.2.3:25": last}
    await by_dns(table(Found(((20, "c.test"), (10, "b.test")))), hosts)
    assert (first.copies, last.calls) == (["bob@x.test"], [])


NO_WAY = {
    "no such domain": (Absent(), "5.1.2"),
    "the null MX": (Found(((0, ""),)), "5.1.10"),
    "we are its host": (Found(((10, "mx.us.test"),)), "5.4.6"),
    "no host has an address": (Found(((10, "gone.test"),)), "5.4.4"),
}


@pytest.mark.parametrize(("mx", "status"), NO_WAY.values(), ids=NO_WAY)
async def test_a_domain_without_a_way_bounces_at_once(mx, status, autojump_clock):
    w = await by_dns(table(mx), {})
    (report,) = w.reports
    assert report.recipients[0]["Status"] == status
    assert "Remote-MTA" not in report.recipients[0]


async def test_a_dns_that_does_not_answer_is_asked_again(autojump_clock):
    resolver = table(Unknown("timed out"))
    host = Host()
    async with world({}, {"192.0.2.3:25": host}, dns=True, resolver=resolver) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@x.test"))
            await trio.sleep(60)
            assert w.queue.items["m1"].recipients[0].last.startswith("4.4.3 no answer about")
            resolver.mx["x.test"] = Found(((10, "c.test"),))
            await trio.sleep(HOUR)
        assert host.copies == ["bob@x.test"]
        assert w.submitted == []


async def test_nobody_asks_the_dns_unless_told_to(autojump_clock):
    resolver = table(Found(((10, "b.test"),)))
    async with world({}, {"192.0.2.1:25": Host()}, resolver=resolver) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@x.test"))
            await trio.sleep(60)
        assert resolver.asked == []
        assert w.bounced == ["bob@x.test"]


async def test_routes_come_before_the_dns(autojump_clock):
    resolver, b = table(Absent()), Host()
    async with world({"x.test": "b:25"}, {"b:25": b}, dns=True, resolver=resolver) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@x.test"))
            await trio.sleep(60)
        assert b.copies == ["bob@x.test"]
