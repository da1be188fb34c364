import re
import socket
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from harness.protocol.limits import Limits
from reference_server.doors.crowd import HAS_EPOLL, Crowd
from reference_server.doors.limits import Allowance
from reference_server.talks.connection import Connection
from tests.reference_server.connecting import Client, mail_of, server_in

pytestmark = pytest.mark.skipif(not HAS_EPOLL, reason="there is no epoll here")


@asynccontextmanager
async def crowd_of(server):
    """A crowd being served, and what lets one more client in."""
    clients = []
    async with trio.open_nursery() as tasks:
        crowd = Crowd(server, tasks)
        tasks.start_soon(crowd.serve)
        tasks.start_soon(crowd.sweep)

        def let_in() -> Client:
            ours, theirs = socket.socketpair()
            theirs.setblocking(False)
            crowd.join(theirs, "127.0.0.1")
            clients.append(Client(trio.SocketStream(trio.socket.from_stdlib_socket(ours))))
            return clients[-1]

        yield let_in
        tasks.cancel_scope.cancel()
    for client in clients:
        await trio.aclose_forcefully(client.stream)


async def test_many_clients_are_served_side_by_side(tmp_path):
    server = server_in(tmp_path)
    async with crowd_of(server) as let_in:
        clients = [let_in() for _ in range(20)]
        for client in clients:
            assert (await client.reply()).startswith(b"220")
        for client in clients:
            assert (await client.send("alice@example.test", b"x\r\n")).startswith(b"250")
        for client in clients:
            assert (await client.say(b"QUIT\r\n")).startswith(b"221")
            assert await client.reply() == b""
        assert server.open_connections == 0
    assert len(mail_of(tmp_path, "alice")) == 20


async def test_who_waits_for_the_disk_gets_a_task_and_goes_on(tmp_path):
    server = server_in(tmp_path, sync=True)
    async with crowd_of(server) as let_in:
        client = let_in()
        await client.reply()
        for _ in range(2):
            told = await client.send("alice@example.test", b"x\r\n")
            assert told.startswith(b"250")
        assert (await client.say(b"QUIT\r\n")).startswith(b"221")
    assert len(mail_of(tmp_path, "alice")) == 2


async def test_who_has_waited_is_one_of_the_crowd_again(tmp_path):
    server = server_in(tmp_path, sync=True)
    async with crowd_of(server) as let_in:
        client = let_in()
        await client.reply()
        assert (await client.send("alice@example.test", b"x\r\n")).startswith(b"250")
        await trio.testing.wait_all_tasks_blocked()
        assert server.attendance.guests == set()
        assert server.open_connections == 1
        await client.stream.aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert server.open_connections == 0


class Last(Connection):
    """Its message is kept, and meanwhile the server ends."""

    everything: trio.CancelScope

    async def attend(self, event, stream):
        with trio.CancelScope(shield=True):
            stream = await super().attend(event, stream)
            self.everything.cancel()
            await self.meanwhile()
        return stream

    async def meanwhile(self):
        pass


class VeryLast(Last):
    async def meanwhile(self):
        await trio.testing.wait_all_tasks_blocked()


@pytest.mark.parametrize("connect", [Last, VeryLast])
async def test_who_has_waited_until_the_server_ends_is_told_421_too(tmp_path, connect):
    server = server_in(tmp_path, sync=True)
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    with ours:
        async with trio.open_nursery() as tasks:
            Last.everything = tasks.cancel_scope
            crowd = Crowd(server, tasks, connect)
            tasks.start_soon(crowd.serve)
            crowd.join(theirs, "127.0.0.1")
            for line in (b"EHLO c.test", b"MAIL FROM:<>", b"RCPT TO:<alice@example.test>", b"DATA"):
                ours.sendall(line + b"\r\n")
            await trio.testing.wait_all_tasks_blocked()
            ours.sendall(b"x\r\n.\r\n")
        said = ours.recv(10_000)
    assert re.search(rb"\r\n250 2.0.0 [^\r]*\r\n421 4.3.2 example.test shutting down\r\n$", said)
    assert server.open_connections == 0
    assert len(mail_of(tmp_path, "alice")) == 1


async def test_a_client_that_leaves_or_breaks_disturbs_nobody(tmp_path):
    server = server_in(tmp_path)
    async with crowd_of(server) as let_in:
        leaver, breaker, stayer = let_in(), let_in(), let_in()
        for client in (leaver, breaker, stayer):
            await client.reply()
        await leaver.stream.aclose()
        await breaker.stream.send_all(b"NOOP\r\n" * 1_000)
        await breaker.stream.aclose()
        assert (await stayer.say(b"NOOP\r\n")).startswith(b"250")
        assert server.open_connections == 1


async def test_who_does_not_read_does_not_hold_up_the_others(tmp_path):
    server = server_in(tmp_path, limits=Limits(junk=10**9))
    async with crowd_of(server) as let_in:
        deaf, other = let_in(), let_in()
        await other.reply()
        with trio.move_on_after(0.2):
            await deaf.stream.send_all(b"NOOP\r\n" * 200_000)
        assert (await other.say(b"NOOP\r\n")).startswith(b"250")
        await deaf.stream.aclose()


async def test_who_is_quiet_for_five_minutes_is_told_421(tmp_path, autojump_clock):
    async with crowd_of(server_in(tmp_path)) as let_in:
        client, began = let_in(), trio.current_time()
        await client.reply()
        assert (await client.reply()).startswith(b"421 4.4.2 example.test idle")
        assert await client.reply() == b""
        assert 300 <= trio.current_time() - began <= 303


async def test_one_too_many_is_told_421(tmp_path):
    async with crowd_of(server_in(tmp_path, allowance=Allowance(connections=1))) as let_in:
        assert (await let_in().reply()).startswith(b"220")
        second = let_in()
        assert (await second.reply()).startswith(b"421 example.test too many connections")
        assert await second.reply() == b""


async def test_whoever_is_left_at_the_end_is_told_421(tmp_path):
    ours, theirs = socket.socketpair()
    with ours:
        async with trio.open_nursery() as tasks:
            crowd = Crowd(server_in(tmp_path), tasks)
            theirs.setblocking(False)
            crowd.join(theirs, "127.0.0.1")
            tasks.start_soon(crowd.serve)
            await trio.testing.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        said = ours.recv(1_000)
    assert said.endswith(b"421 4.3.2 example.test shutting down\r\n")
