import pytest
import trio

from reference_server.queue.items import Fate
from reference_server.relay import Caps, Schedule
from reference_server.relay.sessions.asking import prepare
from tests.reference_server.relay.hosts import SILENCE, Host
from tests.reference_server.relay.world import DAY, HOUR, running, world

B = {"b.test": "b:25"}


async def test_a_message_goes_where_its_route_says(autojump_clock):
    b = Host()
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test", "carol@b.test", content=b"A: b\r\n\r\n.dot\r\n"))
            await trio.sleep(60)
        assert w.queue.items == {}
        (mail,) = b.mail
        assert (mail.sender, mail.recipients) == ("alice@us.test", ("bob@b.test", "carol@b.test"))
        assert mail.content == b"A: b\r\n\r\n.dot\r\n"
        assert b.commands[-1] == "QUIT"
        assert w.submitted == []


async def test_what_is_in_the_queue_at_the_start_goes_too(autojump_clock):
    b = Host()
    async with world(B, {"b:25": b}) as w:
        await w.put("bob@b.test")
        async with running(w):
            await trio.sleep(60)
        assert b.copies == ["bob@b.test"]


async def test_a_later_success_makes_no_bounce(autojump_clock):
    b = Host(answers={"RCPT": ["451 4.7.1 greylisted", "250 fine"]})
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(60)
            (one,) = w.queue.items["m1"].recipients
            assert (one.fate, one.tries) == (Fate.WAITING, 1)
            assert one.last == "b: 451 4.7.1 greylisted"
            await trio.sleep(HOUR)
        assert b.copies == ["bob@b.test"]
        assert w.submitted == []
        assert b.calls[1] - b.calls[0] == pytest.approx(1_800, abs=2)


@pytest.mark.slow
async def test_five_days_of_4yz_make_one_bounce_after_241_tries(autojump_clock):
    b = Host(answers={"RCPT": "450 4.2.1 mailbox busy"})
    async with world(B, {"b:25": b}, schedule=Schedule(jitter=0.0, warn_after=None)) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(5 * DAY - 60)
            assert w.submitted == []
            await trio.sleep(10 * DAY)
        assert sum(command.startswith("RCPT") for command in b.commands) == 241
        ((sender, to, _),) = w.submitted
        assert (sender, to) == ("", ("alice@us.test",))
        (report,) = w.reports
        (fields,) = report.recipients
        assert fields["Action"] == "failed"
        assert fields["Status"] == "4.2.1"
        assert fields["Diagnostic-Code"] == "smtp; 450 4.2.1 mailbox busy"
        assert fields["Remote-MTA"] == "dns; b"
        assert w.queue.items == {}


@pytest.mark.slow
async def test_a_host_that_never_comes_back_makes_one_bounce_after_five_days(autojump_clock):
    b = Host(is_up=False)
    async with world(B, {"b:25": b}, schedule=Schedule(jitter=0.0, warn_after=None)) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(6 * DAY)
        assert len(b.calls) == 241
        assert b.calls[-1] == pytest.approx(5 * DAY, abs=1)
        (report,) = w.reports
        assert report.recipients[0]["Status"] == "4.4.1"
        assert w.bounced == ["bob@b.test"]
        assert w.queue.items == {}


async def test_5yz_makes_one_bounce_and_no_second_try(autojump_clock):
    b = Host(answers={"RCPT": "550 5.1.1 no such user"})
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(DAY)
        assert len(b.calls) == 1
        assert w.bounced == ["bob@b.test"]
        assert w.reports[0].recipients[0]["Status"] == "5.1.1"


async def test_ten_messages_go_over_one_connection_when_the_host_comes_back(autojump_clock):
    b = Host(is_up=False)
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            for _ in range(10):
                relay.take(await w.put("bob@b.test"))
                await trio.sleep(60)
            assert len(b.calls) == 1  # the others wait for the destination's next try
            b.is_up = True
            await trio.sleep(HOUR)
        assert len(b.copies) == 10
        assert len(b.talks) == 1
        assert len(b.calls) == 2
        assert "RSET" not in b.commands  # nothing needed it
        assert w.submitted == []


@pytest.mark.slow
async def test_a_delay_is_told_once_after_four_hours(autojump_clock):
    b = Host(is_up=False)
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(4 * HOUR - 60)
            assert w.submitted == []
            await trio.sleep(DAY)
            (report,) = w.reports
            (fields,) = report.recipients
            assert fields["Action"] == "delayed"
            assert fields["Will-Retry-Until"] == "Fri, 20 Jun 2025 15:06:40 +0000"
            await trio.sleep(6 * DAY)
        assert [r.recipients[0]["Action"] for r in w.reports] == ["delayed", "failed"]


async def test_recipients_refused_together_share_one_bounce(autojump_clock):
    b = Host(answers={"RCPT": lambda to: "250 ok" if to.startswith("c") else "550 5.1.1 no"})
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("b1@b.test", "c@b.test", "b2@b.test"))
            await trio.sleep(60)
        assert len(w.submitted) == 1
        assert w.bounced == ["b1@b.test", "b2@b.test"]
        assert b.copies == ["c@b.test"]


@pytest.mark.parametrize("tells_postmaster", [True, False])
async def test_a_null_reverse_path_is_never_answered(tells_postmaster, autojump_clock):
    b, settings = (
        Host(answers={"RCPT": "550 5.1.1 no such user"}),
        {"tells_postmaster": tells_postmaster},
    )
    async with world(B, {"b:25": b}, settings=settings) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test", sender=""))
            await trio.sleep(60)
        told = [(sender, *to) for sender, to, _ in w.submitted]
        assert told == ([("", "postmaster")] if tells_postmaster else [])
        assert w.queue.items == {}
        assert ("failed", "bob@b.test") in [(what, facts["to"]) for what, facts in w.told]


async def test_without_a_route_it_goes_back_at_once(autojump_clock):
    async with world() as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test", "carol@c.test"))
            await trio.sleep(1)
        assert w.bounced == ["bob@b.test", "carol@c.test"]
        assert len(w.submitted) == 1
        assert w.reports[0].recipients[0]["Status"] == "5.4.4"


async def test_partial_failure_resends_to_nobody_who_has_it(autojump_clock):
    said = {"a": "250 ok", "b": "550 5.1.1 no", "c": "451 4.2.1 later"}
    b = Host(answers={"RCPT": lambda to: said[to[0]]})
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("a@b.test", "b@b.test", "c@b.test"))
            await trio.sleep(60)
            fates = {one.address: one.fate for one in w.queue.items["m1"].recipients}
            assert fates == {
                "a@b.test": Fate.DELIVERED, "b@b.test": Fate.FAILED, "c@b.test": Fate.WAITING,
            }  # fmt: skip
            said["c"] = "250 ok"
            await trio.sleep(HOUR)
        assert b.copies == ["a@b.test", "c@b.test"]
        assert w.bounced == ["b@b.test"]


async def test_a_restart_goes_on_where_the_last_run_ended(autojump_clock):
    said = {"a": "250 ok", "b": "451 later"}
    b = Host(answers={"RCPT": lambda to: said[to[0]]})
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("a@b.test", "b@b.test"))
            await trio.sleep(60)
        said["b"] = "250 ok"
        async with running(w):
            await trio.sleep(60)
            assert b.copies == ["a@b.test"]  # its time has not come
            await trio.sleep(HOUR)
        assert b.copies == ["a@b.test", "b@b.test"]
        assert w.queue.items == {}


async def test_the_most_urgent_goes_first(autojump_clock):
    b = Host()
    async with world(B, {"b:25": b}) as w:
        for priority in ("-2", None, "9", "3"):
            more = {} if priority is None else {"MT_PRIORITY": priority}
            await w.put(f"p{priority}@b.test", **more)
        async with running(w):
            await trio.sleep(60)
        assert b.copies == ["p9@b.test", "p3@b.test", "pNone@b.test", "p-2@b.test"]


async def test_a_connection_is_used_for_so_many_messages_and_no_more(autojump_clock):
    b = Host()
    async with world(B, {"b:25": b}, caps=Caps(messages=3, connections_per_destination=1)) as w:
        for _ in range(7):
            await w.put("bob@b.test")
        async with running(w):
            await trio.sleep(60)
        assert [sum(c.startswith("MAIL") for c in talk) for talk in b.talks] == [3, 3, 1]
        assert all(talk[-1] == "QUIT" for talk in b.talks)


async def test_much_mail_gets_a_second_connection_and_no_third(autojump_clock):
    b = Host(answers={"message": lambda _: "250 ok"})
    async with world(B, {"b:25": b}, caps=Caps(messages=5, connections_per_destination=2)) as w:
        for _ in range(20):
            await w.put("bob@b.test")
        most = 0
        async with running(w) as relay:
            for _ in range(400):
                await trio.lowlevel.checkpoint()
                for waiting in relay.standing().destinations:
                    most = max(most, waiting.connections)
            await trio.sleep(60)
        assert len(b.copies) == 20
        assert most == 2


async def test_a_connection_that_is_old_takes_no_new_message(autojump_clock):
    b = Host()
    async with world(B, {"b:25": b}, caps=Caps(linger=5.0, age=10.0)) as w:
        async with running(w) as relay:
            for _ in range(6):
                relay.take(await w.put("bob@b.test"))
                await trio.sleep(4)
        assert [sum(c.startswith("MAIL") for c in talk) for talk in b.talks] == [3, 3]


async def test_there_are_no_more_connections_than_allowed_in_all(autojump_clock):
    hosts = {f"{name}:25": Host(answers={"greeting": SILENCE}) for name in "abc"}
    routes = {f"{name}.test": f"{name}:25" for name in "abc"}
    async with world(routes, hosts, caps=Caps(connections=2)) as w, running(w) as relay:
        for name in "abc":
            relay.take(await w.put(f"bob@{name}.test"))
        await trio.sleep(60)
        assert sum(len(host.calls) for host in hosts.values()) == 2
        await trio.sleep(300)  # until the first two are given up
        assert sum(len(host.calls) for host in hosts.values()) == 3


async def test_rset_is_said_where_a_transaction_is_left_open(autojump_clock):
    b = Host(answers={"RCPT": lambda to: "550 no" if to.startswith("x") else "250 ok"})
    async with world(B, {"b:25": b}) as w:
        await w.put("x@b.test")
        await w.put("bob@b.test")
        async with running(w):
            await trio.sleep(60)
        (talk,) = b.talks
        verbs = [command.split()[0] for command in talk]
        assert verbs[:4] == ["EHLO", "MAIL", "RCPT", "DATA"]  # pipelined: DATA was on its way
        assert "RSET" in verbs[: verbs.index("MAIL", 2)]
        assert b.copies == ["bob@b.test"]


async def test_who_is_given_up_counts_as_failed(autojump_clock):
    async with world(B, {"b:25": Host(is_up=False)}, schedule=Schedule(lifetime=60.0)) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(60)
            assert relay.standing().counts == {"failed": 1, "notices": 1, "taken here": 1}
        assert [what for what, _ in w.told] == ["failed", "taken here"]


async def test_a_connection_waits_a_moment_for_more(autojump_clock):
    b = Host()
    async with world(B, {"b:25": b}, caps=Caps(linger=5.0)) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(4)
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(4)
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(6)
            relay.take(await w.put("bob@b.test"))
            await trio.sleep(60)
        assert [sum(c.startswith("MAIL") for c in talk) for talk in b.talks] == [3, 1]


async def test_a_message_that_we_cannot_handle_stops_no_others_and_goes_back_at_last(
    autojump_clock, monkeypatch
):
    def stumble(item, *arguments, **named):
        if item.reverse_path == "poison@us.test":
            raise ZeroDivisionError("nobody foresaw this")
        return prepare(item, *arguments, **named)

    monkeypatch.setattr("reference_server.relay.delivery.prepare", stumble)
    host = Host()
    async with world({"b.test": "a:25"}, {"a:25": host}) as w:
        async with running(w) as relay:
            relay.take(await w.put("x@b.test", sender="poison@us.test"))
            relay.take(await w.put("y@b.test"))
            await trio.sleep(HOUR)
            assert host.copies == ["y@b.test"]
            await trio.sleep(6 * DAY)
        assert w.bounced == ["x@b.test"]
