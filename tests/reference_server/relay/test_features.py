"""What the relay does for messages that ask for something, end to end on virtual time."""

import itertools

import pytest
import trio

from reference_server.bounces import Action
from reference_server.relay import Caps
from tests.reference_server.bounces.test_findings import TRUTH
from tests.reference_server.relay.hosts import Host
from tests.reference_server.relay.world import CONTENT, DAY, HOUR, running, world

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
