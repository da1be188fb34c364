import socket

import pytest
import trio

from reference_server.configuration import Config, make_server
from reference_server.doors.crowd import HAS_EPOLL, Crowd
from reference_server.running import hostess_of
from tests.reference_server.connecting import Client, connected, server_in


async def test_mail_for_anybody_is_taken_and_counted(tmp_path):
    server = server_in(tmp_path, sink=True)
    async with connected(server) as client:
        for to in ("nobody@example.test", "someone@elsewhere.test"):
            assert (await client.send(to, b"x\r\n")).startswith(b"250 2.0.0 Message accepted")
    assert str(server.intake.takings) == "2 messages, 6 octets"
    assert not (tmp_path / "mail").exists()


@pytest.mark.skipif(not HAS_EPOLL, reason="there is no epoll here")
async def test_a_crowd_is_served_and_may_be_asked_to_leave():
    server = make_server(Config(sink=True))
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    async with trio.open_nursery() as tasks:
        crowd = Crowd(server, tasks, hostess_of(server))
        tasks.start_soon(crowd.serve)
        crowd.join(theirs, "127.0.0.1")
        client = Client(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
        await client.reply()
        for _ in range(3):
            assert (await client.send("x@y.test", b"x\r\n")).startswith(b"250 2.0.0 Message")
        await client.say(b"MAIL FROM:<>\r\n")
        crowd.ask_to_leave()  # which nobody need within a transaction
        assert (await client.say(b"NOOP\r\n")).startswith(b"250")
        await client.say(b"RSET\r\n")
        crowd.ask_to_leave()
        assert (await client.reply()).startswith(b"421 4.3.2")
        await client.stream.aclose()
        tasks.cancel_scope.cancel()
    assert str(server.intake.takings) == "3 messages, 9 octets"
