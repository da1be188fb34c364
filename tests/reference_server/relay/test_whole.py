"""The relay with the queue on disk, against the reference server itself; time is virtual."""

import trio

from reference_server.doors.door import read_door
from reference_server.doors.listener import serve
from reference_server.queue.store import StoredQueue
from reference_server.relay import Caps
from tests.reference_server.connecting import connected, mail_of, server_in
from tests.reference_server.relay.hosts import Host
from tests.reference_server.relay.world import DAY, HOUR, running, world


class Real(Host):
    """The reference server as a next hop."""

    def __init__(self, server, door="smtp://127.0.0.1"):
        super().__init__()
        self.server, self.door = server, read_door(door)

    async def serve(self, stream):
        await serve(self.server, stream, "127.0.0.1", self.door)


async def test_what_is_sent_arrives_octet_for_octet(tmp_path, autojump_clock):
    b = Real(server_in(tmp_path))
    contents = [
        b"Subject: dots\r\n\r\n.\r\n..\r\nx\r\n",
        b"Subject: empty\r\n\r\n",
        "Subject: ü\r\nMIME-Version: 1.0\r\n\r\nü\r\n".encode(),
        b"Subject: long\r\n\r\n" + b"x" * 900 + b"\r\n" + b".y\r\n" * 20_000,
    ]
    async with world({"example.test": "b:25"}, {"b:25": b}) as w:
        async with running(w) as relay:
            for content in contents:
                relay.take(await w.put("alice@example.test", content=content))
            await trio.sleep(60)
        assert w.waiting() == []
    stored = mail_of(tmp_path, "alice")
    assert len(stored) == len(contents)
    for content, mail in zip(contents, stored, strict=True):
        assert mail.startswith(b"Return-Path: <alice@us.test>\r\nReceived: from mx.us.test")
        assert mail.endswith(content)


async def test_its_lmtp_door_answers_for_each_recipient(tmp_path, autojump_clock):
    b = Real(server_in(tmp_path), "lmtp://127.0.0.1:24")
    async with world({"example.test": "lmtp://b:24"}, {"b:24": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("alice@example.test", "bob@example.test", "no@example.test"))
            await trio.sleep(60)
        assert (w.waiting(), w.bounced) == ([], ["no@example.test"])
    assert len(mail_of(tmp_path, "alice")) == len(mail_of(tmp_path, "bob")) == 1


async def test_a_stopped_host_comes_back_and_one_that_does_not_makes_a_notice(
    tmp_path, autojump_clock
):
    b = Real(server_in(tmp_path / "b"))
    b.is_up = False
    queue = StoredQueue(tmp_path / "queue", sync=False, inline=True)
    async with world({"example.test": "b:25"}, {"b:25": b}, caps=Caps(linger=0)) as w:
        w.queue = queue
        async with running(w) as relay:
            for _ in range(3):
                relay.take(await w.put("alice@example.test", "nobody@example.test"))
            await trio.sleep(HOUR)
        b.is_up = True
        async with running(w):  # another run, on the same disk
            await trio.sleep(HOUR)
            assert len(mail_of(tmp_path / "b", "alice")) == 3
            assert w.bounced == ["nobody@example.test"] * 3
            assert w.reports[0].recipients[0]["Status"] == "5.1.1"
            b.is_up = False
            w.submitted.clear()
        async with running(w) as relay:
            relay.take(await w.put("alice@example.test"))
            await trio.sleep(6 * DAY)
        actions = [report.recipients[0]["Action"] for report in w.reports]
        assert actions == ["delayed", "failed"]
        assert await queue.load() == []
        queue.close()


async def test_what_fails_and_came_from_nobody_is_in_the_postmasters_mailbox(
    tmp_path, autojump_clock
):
    here, b = server_in(tmp_path), Host(answers={"RCPT": "550 5.1.1 no such user"})
    async with world({"b.test": "b:25"}, {"b:25": b}) as w:
        w.submit = here.intake.submit
        async with running(w) as relay:
            relay.take(await w.put("bob@b.test", sender=""))
            await trio.sleep(60)
        assert w.queue.items == {}
    (told,) = mail_of(tmp_path, "postmaster")
    assert told.startswith(b"Return-Path: <>\r\n")
    assert b"Final-Recipient: rfc822; bob@b.test\r\nAction: failed\r\n" in told


async def test_a_text_that_begins_with_a_blank_has_no_header_wherever_it_goes(
    tmp_path, autojump_clock
):
    here, b = server_in(tmp_path / "here"), Real(server_in(tmp_path / "b"))
    text = b" (forged.test)\r\nstill the text\r\n"
    async with connected(here) as client:
        await client.send("bob@example.test", text)
    (mail,) = mail_of(tmp_path / "here", "bob")
    top, _, body = mail.partition(b"\r\n\r\n")
    assert (top.count(b"Received: "), body) == (1, text)
    stamped = mail.partition(b"\r\n")[2]  # what would wait in the queue
    async with world({"example.test": "b:25", "b.test": "b:25"}, {"b:25": b}) as w:
        async with running(w) as relay:
            relay.take(await w.put("bob@example.test", "no@b.test", content=stamped))
            await trio.sleep(60)
        (report,) = w.reports
    assert report.returned == top.partition(b"\r\n")[2] + b"\r\n"
    (relayed,) = mail_of(tmp_path / "b", "bob")
    top, _, body = relayed.partition(b"\r\n\r\n")
    assert (top.count(b"Received: "), body) == (2, text)
