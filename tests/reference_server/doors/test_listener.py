import os
import ssl
import threading
from dataclasses import replace

import pytest
import trio
from trio.testing import memory_stream_pair

from reference_server.configuration.relaying import Relaying
from reference_server.doors.door import Door, Kind
from reference_server.doors.limits import Allowance
from reference_server.doors.listener import serve
from reference_server.intake.directory import MailingList
from reference_server.intake.policy import Tells
from tests.protocol.accounts import Accounts
from tests.reference_server.connecting import connected, mail_of, server_in


async def test_a_message_is_in_the_mailbox_before_its_250(tmp_path):
    async with connected(server_in(tmp_path)) as client:
        told = await client.send("alice@example.test", b"Subject: hi\r\n\r\n..dot\r\n")
        (message,) = mail_of(tmp_path, "alice")

    assert told.startswith(b"250 2.0.0 ")
    lines = message.split(b"\r\n")
    assert lines[0] == b"Return-Path: <sender@c.test>"
    assert lines[1] == b"Received: from c.test ([127.0.0.1])"
    assert b"with ESMTP id" in lines[2]
    assert message.endswith(b"\r\nSubject: hi\r\n\r\n.dot\r\n")


async def test_each_recipient_gets_one_copy(tmp_path):
    async with connected(server_in(tmp_path)) as client:
        await client.say(b"EHLO c.test\r\n")
        await client.say(b"MAIL FROM:<>\r\n")
        for to in (b"alice", b"bob", b"Alice"):
            assert (await client.say(b"RCPT TO:<%s@example.test>\r\n" % to)).startswith(b"250")
        await client.say(b"DATA\r\n")
        await client.say(b"x\r\n.\r\n")

    assert len(mail_of(tmp_path, "alice")) == len(mail_of(tmp_path, "bob")) == 1
    assert mail_of(tmp_path, "bob")[0].startswith(b"Return-Path: <>\r\n")


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        (b"<alice@example.test>", b"250"),
        (b"<ALICE@EXAMPLE.TEST>", b"250"),
        (b"<postmaster>", b"250"),
        (b"<PostMaster@example.test>", b"250"),
        (b"<anybody@many.example.test>", b"250"),
        (b"<nobody@example.test>", b"550"),
        (b"<someone@elsewhere.test>", b"550"),
    ],
)
async def test_mail_is_taken_for_those_who_live_here_alone(tmp_path, recipient, code):
    async with connected(server_in(tmp_path)) as client:
        await client.say(b"EHLO c.test\r\n")
        await client.say(b"MAIL FROM:<a@c.test>\r\n")
        assert (await client.say(b"RCPT TO:%s\r\n" % recipient)).startswith(code)


async def test_nobody_may_relay_even_logged_in(tmp_path):
    async with connected(server_in(tmp_path)) as client:
        await client.say(b"EHLO c.test\r\n")
        await client.say(b"MAIL FROM:<alice@example.test>\r\n")
        assert (await client.say(b"RCPT TO:<x@elsewhere.test>\r\n")).startswith(b"550 5.7.1")


async def test_an_idle_client_is_told_421_after_five_minutes(tmp_path, autojump_clock):
    async with connected(server_in(tmp_path)) as client:
        began = trio.current_time()
        assert (await client.reply()).startswith(b"421 4.4.2 example.test idle")
        assert 300 <= trio.current_time() - began <= 302
        assert await client.reply() == b""


async def test_a_client_that_reads_nothing_is_let_go(tmp_path, autojump_clock):
    server = server_in(tmp_path)

    class NeverTakes(trio.abc.Stream):
        async def receive_some(self, max_bytes=None):
            return b"NOOP\r\n"

        async def send_all(self, data):
            await trio.sleep_forever()

        async def wait_send_all_might_not_block(self):
            await trio.sleep_forever()

        async def aclose(self):
            await trio.lowlevel.checkpoint()

    await serve(server, NeverTakes(), "127.0.0.1")
    assert server.open_connections == 0


async def test_one_connection_too_many_is_told_421(tmp_path):
    server = server_in(tmp_path, allowance=Allowance(connections=1))
    async with connected(server), connected(server, greeted=False) as second:
        assert (await second.reply()).startswith(b"421 example.test too many connections")
        assert await second.reply() == b""


async def test_a_server_that_shuts_down_says_421(tmp_path):
    ours, theirs = memory_stream_pair()
    server = server_in(tmp_path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, server, theirs, "127.0.0.1")
        await ours.receive_some(1_000)
        nursery.cancel_scope.cancel()
    assert (await ours.receive_some(1_000)).startswith(b"421 4.3.2 example.test shutting down")


async def test_a_full_disk_is_452_and_leaves_no_draft(tmp_path):
    server = server_in(tmp_path)
    os.rmdir(tmp_path / "mail" / "alice" / "new")
    async with connected(server) as client:
        told = await client.send("alice@example.test", b"x\r\n")
    assert told.startswith(b"452 4.3.1")


async def test_a_server_that_discards_takes_mail_and_keeps_none(tmp_path):
    async with connected(server_in(tmp_path, discard=True)) as client:
        told = await client.send("alice@example.test", b"x\r\n")
    assert told.startswith(b"250 2.0.0")
    assert list(tmp_path.iterdir()) == []


async def test_a_client_that_leaves_in_the_middle_disturbs_nobody(tmp_path):
    server = server_in(tmp_path)
    async with connected(server) as client:
        await client.say(b"EHLO c.test\r\n")
    assert server.open_connections == 0


async def test_log_in_works_inside_tls_and_shows_in_the_trace(tmp_path):
    server = server_in(tmp_path, tls_self_signed=True)
    context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    async with connected(server) as client:
        await client.say(b"EHLO c.test\r\n")
        assert (await client.say(b"STARTTLS\r\n")).startswith(b"220")
        client.stream = trio.SSLStream(
            client.stream, context, server_hostname="localhost", https_compatible=True
        )
        assert await client.say(b"EHLO c.test\r\n") == b"250 HELP"
        assert (await client.say(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")).startswith(b"235")
        told = await client.send("bob@example.test", b"x\r\n")
    assert told.startswith(b"250")
    assert b"with ESMTPSA id" in mail_of(tmp_path, "bob")[0]


@pytest.mark.parametrize("ending", [b"QUIT\r\n", b""], ids=["farewell", "idle"])
async def test_tls_is_closed_in_its_own_words(tmp_path, ending, autojump_clock):
    server = server_in(tmp_path, tls_self_signed=True)
    context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    async with connected(server) as client:
        await client.say(b"EHLO c.test\r\n")
        await client.say(b"STARTTLS\r\n")
        client.stream = trio.SSLStream(client.stream, context, server_hostname="localhost")
        await client.stream.send_all(ending)
        await client.reply()
        # Without close_notify this would be a BrokenResourceError: what came may be cut short.
        assert await client.stream.receive_some() == b""


async def test_noise_instead_of_a_handshake_ends_the_connection(tmp_path):
    server = server_in(tmp_path, tls_self_signed=True)
    async with connected(server) as client:
        await client.say(b"EHLO c.test\r\n")
        await client.say(b"STARTTLS\r\n")
        await client.stream.send_all(b"NOOP\r\n" * 10)
        while await client.stream.receive_some(1_000):
            pass
    assert server.open_connections == 0


async def test_a_wrong_password_is_535(tmp_path):
    server = server_in(tmp_path, auth_in_clear=True)
    async with connected(server) as client:
        await client.say(b"EHLO c.test\r\n")
        assert (await client.say(b"AUTH PLAIN AGFsaWNlAG5v\r\n")).startswith(b"535 5.7.8")
        assert (await client.say(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")).startswith(b"235")


async def test_the_fifth_failure_to_log_in_is_the_last(tmp_path, autojump_clock):
    async with connected(server_in(tmp_path, auth_in_clear=True)) as client:
        await client.say(b"EHLO c.test\r\n")
        for _ in range(5):
            assert (await client.say(b"AUTH PLAIN AGFsaWNlAG5v\r\n")).startswith(b"535 5.7.8")
        assert (await client.reply()).startswith(b"421 4.7.0")
        assert await client.reply() == b""


async def test_a_password_that_takes_time_holds_up_nobody(tmp_path):
    server = server_in(tmp_path, auth_in_clear=True)
    accounts = SlowAccounts()
    server.house = replace(server.house, accounts=accounts)
    async with connected(server) as slow, connected(server) as other:
        await slow.say(b"EHLO c.test\r\n")
        await slow.stream.send_all(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")
        await trio.to_thread.run_sync(accounts.begun.wait)
        assert (await other.say(b"NOOP\r\n")).startswith(b"250")
        accounts.may_end.set()
        assert (await slow.reply()).startswith(b"235")


class SlowAccounts(Accounts):
    """Checks a password for as long as somebody else wants."""

    def __init__(self) -> None:
        super().__init__(takes_time=True)
        self.begun, self.may_end = threading.Event(), threading.Event()

    def knows_password(self, user: str, password: str) -> bool:
        self.begun.set()
        assert self.may_end.wait(5)
        return super().knows_password(user, password)


async def test_who_may_be_told_is_told_who_lives_here(tmp_path):
    members = ("alice@example.test", "eve@far.test")
    server = server_in(
        tmp_path, tells=Tells.ANYONE, lists={"staff": MailingList(members, "alice@example.test")}
    )
    async with connected(server) as client:
        await client.say(b"EHLO c.test\r\n")
        assert await client.say(b"VRFY Alice\r\n") == b"250 2.1.5 <Alice@example.test>"
        assert (await client.say(b"VRFY nobody\r\n")).startswith(b"550 5.1.1")
        assert await client.say(b"EXPN staff\r\n") == b"250 2.1.5 <eve@far.test>"
        assert (await client.say(b"EXPN alice\r\n")).startswith(b"550 5.1.1")


async def test_a_host_that_takes_no_mail_says_521_to_hosts_and_lets_users_submit(tmp_path):
    server = server_in(tmp_path, takes_mail=False)
    async with connected(server, greeted=False) as client:
        assert (await client.reply()).startswith(b"521 example.test")
        assert await client.reply() == b""
    async with connected(server, greeted=False, door=Door(Kind.SUBMISSION)) as client:
        assert (await client.reply()).startswith(b"220 ")


async def test_a_sender_who_cannot_be_answered_is_refused(tmp_path):
    relaying = Relaying(null_mx=frozenset({"nowhere.test"}))
    async with connected(server_in(tmp_path, relay=relaying)) as client:
        await client.say(b"EHLO c.test\r\n")
        assert (await client.say(b"MAIL FROM:<joe@nowhere.test>\r\n")).startswith(b"550 5.7.27")
