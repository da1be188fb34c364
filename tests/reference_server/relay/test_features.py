"""What the relay does for messages that ask for something, end to end on virtual time."""

import itertools

import pytest
import trio

from harness.protocol.replies import reply
from reference_server.bounces import Action
from reference_server.queue.items import Fate, Submitted, Wishes
from reference_server.relay import Caps, Schedule
from tests.reference_server.bounces.test_findings import TRUTH
from tests.reference_server.relay.hosts import DROP, Host
from tests.reference_server.relay.world import CONTENT, DAY, HOUR, now, running, world

B = {"b.test": "b:25"}
EIGHT = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nü\r\n".encode()


async def relayed(b, *to, until=60.0, route="b:25", content=CONTENT, settings=None, **parameters):
    async with world({"b.test": route}, {"b:25": b}, settings=settings) as w:
        async with running(w) as relay:
            relay.take(await w.put(*(to or ("bob@b.test",)), content=content, **parameters))
            await trio.sleep(until)
        return w


# --- RFC 3461 as a whole -------------------------------------------------------------------------

# what the next hop is like -> what becomes of the message, as an action; None where all that is
# to be told is told by others
FATES = {
    "it takes the message and knows no DSN": (Host(("PIPELINING",)), "b:25", Action.RELAYED),
    "it takes the message and knows DSN": (Host(("DSN",)), "b:25", None),
    "it is a mailbox": (Host((), is_lmtp=True), "lmtp://b:25", Action.DELIVERED),
    "it refuses": (Host(answers={"RCPT": "550 5.1.1 no"}), "b:25", Action.FAILED),
    "it is not there": (Host(is_up=False), "b:25", Action.DELAYED),
}
WHOLE = [(fate, notify) for fate, notify in itertools.product(FATES, TRUTH)]


@pytest.mark.parametrize(("fate", "notify"), WHOLE)
async def test_notify_is_honoured_for_every_fate(fate, notify, autojump_clock):
    host, route, action = FATES[fate]
    host.calls.clear()
    host.mail.clear()
    parameters = () if notify is None else (("NOTIFY", notify),)
    w = await relayed(host, ("bob@b.test", parameters), route=route, until=5 * HOUR)
    told = [fields["Action"] for report in w.reports for fields in report.recipients]
    assert told == ([action.value] if action in TRUTH[notify] else [])
    if "DSN" in host.keywords and host.mail:
        assert host.mail[0].rcpt_parameters == ("" if notify is None else f"NOTIFY={notify}",)


# --- content -------------------------------------------------------------------------------------


async def test_what_is_chunked_arrives_as_it_was(autojump_clock):
    content = b"A: b\r\n\r\n.dot\r\n" + b"x" * 70 + b"\r\n"
    for keywords in (("CHUNKING",), ("CHUNKING", "PIPELINING"), ()):
        b = Host(keywords)
        await relayed(b, content=content, settings={"chunk": 10})
        assert b.mail[0].content == content
        assert any(command.startswith("BDAT") for command in b.commands) is bool(keywords)


async def test_8_bits_go_as_they_are_or_converted(autojump_clock):
    b = Host(("8BITMIME",))
    await relayed(b, content=EIGHT)
    assert (b.mail[0].content, b.mail[0].parameters) == (EIGHT, "BODY=8BITMIME")
    b = Host(())
    await relayed(b, content=EIGHT)
    assert b.mail[0].content.endswith(b"quoted-printable\r\n\r\n=C3=BC\r\n")


async def test_what_a_host_cannot_take_bounces_before_it_is_sent(autojump_clock):
    b = Host(("SIZE 10",))
    w = await relayed(b)
    assert b.commands == ["EHLO mx.us.test", "QUIT"]
    (fields,) = w.reports[0].recipients
    assert (fields["Status"], fields["Remote-MTA"]) == ("5.3.4", "dns; b")
    assert fields["Diagnostic-Code"].startswith("x-smtp-harness; the message has ")


async def test_a_message_in_a_loop_comes_back(autojump_clock):
    for hops, bounced in ((100, []), (101, ["bob@b.test"])):
        b = Host()
        w = await relayed(b, content=b"Received: x\r\n" * hops + b"\r\n")
        assert w.bounced == bounced
        assert bool(b.mail) is not bool(bounced)
    assert w.reports[0].recipients[0]["Status"] == "5.4.6"


# --- recipients ----------------------------------------------------------------------------------


async def test_lmtp_answers_for_each_recipient(autojump_clock):
    said = {"a": "250 ok", "b": "550 5.2.1 gone", "c": "452 4.2.2 full"}
    b = Host(is_lmtp=True, answers={"message": lambda to: said[to[0]]})
    async with world({"b.test": "lmtp://b:25"}, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("a@b.test", "b@b.test", "c@b.test"))
            await trio.sleep(60)
            assert b.commands[0] == "LHLO mx.us.test"
            assert w.bounced == ["b@b.test"]
            said["c"] = "250 ok"
            await trio.sleep(HOUR)
        assert b.copies == ["a@b.test", "c@b.test"]


HUGE = 5_000 * "9"
LIMITS = {
    "ours": ((), 3, [3, 3, 1]),
    "theirs": (("LIMITS RCPTMAX=2",), 3, [2, 2, 2, 1]),
    "theirs, of domains": (("LIMITS RCPTDOMAINMAX=1",), 100, [4, 3]),
    "a limit of nonsense": (("LIMITS RCPTMAX=many X=1",), 100, [7]),
    "numbers that nobody can mean": ((f"LIMITS RCPTMAX={HUGE}", f"SIZE {HUGE}"), 100, [7]),
}


@pytest.mark.parametrize(("keywords", "most", "sizes"), LIMITS.values(), ids=LIMITS)
async def test_a_transaction_has_no_more_recipients_than_it_may(
    keywords, most, sizes, autojump_clock
):
    b = Host(keywords)
    to = [f"r{n}@{'bc'[n % 2]}.test" for n in range(7)]
    caps = Caps(recipients=most)
    async with world({"*": "b:25"}, {"b:25": b}, caps=caps) as w, running(w) as relay:
        relay.take(await w.put(*to))
        await trio.sleep(60)
    assert [len(mail.recipients) for mail in b.mail] == sizes
    assert sorted(b.copies) == sorted(to)
    assert len(b.talks) == 1


async def test_too_many_recipients_go_in_another_transaction_at_once(autojump_clock):
    counts = itertools.count()
    too_many = "452 4.5.3 too many"
    b = Host(answers={"RCPT": lambda _: "250 ok" if next(counts) % 4 < 3 else too_many})
    w = await relayed(b, *(f"r{n}@b.test" for n in range(8)))
    assert sorted(b.copies) == [f"r{n}@b.test" for n in range(8)]
    assert len(b.talks) == 1
    assert w.queue.items == {}


async def test_mailmax_is_obeyed(autojump_clock):
    b = Host(("LIMITS MAILMAX=2",))
    async with world(B, {"b:25": b}) as w:
        for _ in range(3):
            await w.put("bob@b.test")
        async with running(w):
            await trio.sleep(60)
    assert [sum(c.startswith("MAIL") for c in talk) for talk in b.talks] == [2, 1]


# --- time ----------------------------------------------------------------------------------------


async def test_a_deadline_brings_the_message_back_in_time(autojump_clock):
    w = await relayed(Host(is_up=False), until=DAY, BY="600;R")
    (report,) = w.reports
    (fields,) = report.recipients
    assert (fields["Action"], fields["Status"]) == ("failed", "5.4.7")
    assert report.message["Date"] == "Sun, 15 Jun 2025 15:16:40 +0000"


async def test_a_deadline_that_is_only_told_of_is_told_once(autojump_clock):
    b = Host(is_up=False)
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test", BY="600;N"))
            await trio.sleep(601)
            (report,) = w.reports
            assert report.recipients[0]["Action"] == "delayed"
            assert report.recipients[0]["Status"] == "4.4.7"
            await trio.sleep(DAY)
            assert len(w.submitted) == 1
            b.is_up = True
            await trio.sleep(HOUR)
        assert b.copies == ["bob@b.test"]


async def test_a_try_that_ends_behind_the_deadline_is_the_last(autojump_clock):
    b = Host(("DELIVERBY",), answers={"RCPT": "451 later"})
    w = await relayed(b, until=HOUR, BY="1700;R")
    assert w.bounced == ["bob@b.test"]
    assert len(b.calls) == 1


async def test_a_message_is_held_until_its_time(autojump_clock):
    b = Host()
    async with world(B, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test", HOLDFOR="7200"))
            await trio.sleep(7_100)
            assert b.calls == []
            relay.take(await w.put("carol@b.test"))
            await trio.sleep(60)
            assert b.copies == ["carol@b.test"]
            await trio.sleep(60)
        assert b.copies == ["carol@b.test", "bob@b.test"]
        assert "HOLDFOR" not in b.mail[1].parameters


# --- what is asked for from outside --------------------------------------------------------------

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


# --- an end that is no accident, and accidents ---------------------------------------------------


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
