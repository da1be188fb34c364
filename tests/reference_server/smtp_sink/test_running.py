import os
import socket
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import trio

from harness.errors import HarnessError, UsageError
from reference_server.smtp_sink import running
from reference_server.smtp_sink.letters import Letters, Wait
from reference_server.smtp_sink.places import LOCAL, Place, listen_at, named, read_places
from reference_server.smtp_sink.running import serve_sink
from tests.reference_server.connecting import Client


def letters(**said):
    return Letters(**{"where": "127.0.0.1:0", "backlog": 10} | said)


@asynccontextmanager
async def sinking(**said):
    """A sink, and what makes a client of it."""
    wanted = letters(**said)
    over = trio.Event()
    async with AsyncExitStack() as stack:
        listeners = [stack.enter_context(listen_at(place, wanted)) for place in read_places(wanted)]
        address, family = listeners[0].getsockname(), listeners[0].family

        async def serve():
            await serve_sink(wanted, listeners)
            over.set()

        async def connect(*, greeted=True):
            sock = stack.enter_context(trio.socket.socket(family))
            await sock.connect(address)
            client = Client(Plain(sock))
            if greeted:
                assert (await client.reply()).startswith(b"220 smtp-sink")
            return client

        async with trio.open_nursery() as tasks:
            tasks.start_soon(serve)
            yield connect, over
            tasks.cancel_scope.cancel()


class Plain(trio.abc.Stream):
    """A socket of any family as a stream."""

    def __init__(self, sock):
        self._sock = sock

    async def receive_some(self, max_bytes=None):
        return await self._sock.recv(max_bytes or 65_536)

    async def send_all(self, data):
        await self._sock.send(data)

    async def wait_send_all_might_not_block(self): ...

    async def aclose(self):
        self._sock.close()


async def test_it_takes_mail_for_anybody_and_from_nobody_in_particular():
    async with sinking() as (connect, _):
        client = await connect()
        assert (await client.send("anybody@anywhere.test", b"bare\nLF\r\n")).startswith(b"250")
        assert (await client.say(b"MAIL FROM:<>\r\n")).startswith(b"250")
        assert (await client.say(b'RCPT TO:<"x y"@[127.0.0.1]> WHAT=ever\r\n')).startswith(b"250")


async def test_many_refusals_are_no_reason_to_hang_up():
    async with sinking(fails=frozenset({"rcpt"})) as (connect, _):
        client = await connect()
        await client.say(b"MAIL FROM:<>\r\n")
        for _ in range(50):
            assert (await client.say(b"RCPT TO:<a@b.test>\r\n")).startswith(b"500 5.3.0")


@pytest.mark.parametrize("hello", [b"NOOP", b"HELO me.test", b"EHLO me.test"])
async def test_what_it_does_not_know_is_no_command_and_has_no_octets(hello):
    async with sinking() as (connect, _):
        client = await connect()
        await client.say(hello + b"\r\n")
        for unknown in (b"BDAT 3", b"STARTTLS", b"XYZ"):
            with trio.fail_after(5):
                assert (await client.say(unknown + b"\r\n")).startswith(b"500")


async def test_a_command_waits():
    async with sinking(waits={"noop": Wait(0.05)}) as (connect, _):
        client, began = await connect(), trio.current_time()
        await client.say(b"NOOP\r\n")
        assert trio.current_time() - began >= 0.05


async def test_so_many_clients_at_once_and_the_others_wait_outside():
    async with sinking(clients=2) as (connect, _):
        first, second = await connect(), await connect()
        third = await connect(greeted=False)
        with trio.move_on_after(0.05) as waited:
            await third.reply()
        assert waited.cancelled_caught
        assert (await first.say(b"QUIT\r\n")).startswith(b"221")
        assert (await third.reply()).startswith(b"220")
        assert (await second.say(b"NOOP\r\n")).startswith(b"250")


@pytest.mark.parametrize("slow", [{}, {"waits": {"mail": Wait(0.001)}}])
async def test_there_is_an_end_after_so_many_messages(slow):
    async with sinking(messages=2, **slow) as (connect, over):
        client = await connect()
        for _ in range(2):
            assert (await client.send("a@b.test", b"x\r\n")).startswith(b"250")
        with trio.fail_after(5):
            await over.wait()


async def test_there_is_an_end_after_so_many_sessions(capsys):
    async with sinking(sessions=2, counts=True) as (connect, over):
        for _ in range(2):
            client = await connect()
            await client.say(b"QUIT\r\n")
        with trio.fail_after(5):
            await over.wait()
    said = capsys.readouterr().out
    assert said.startswith("sess=0 quit=1 mesg=0\rsess=1 quit=1 mesg=0\r")
    assert said.endswith("sess=2 quit=2 mesg=0\r")


async def test_conversations_are_shown_without_the_password(capsys):
    async with sinking(shows=True) as (connect, _):
        client = await connect()
        await client.say(b"EHLO c.test\r\n")
        assert (await client.say(b"AUTH PLAIN AGEAYg==\r\n")).startswith(b"235")
        await client.send("a@b.test", b"x\r\n")
    said = capsys.readouterr().err
    assert "127.0.0.1 S: 220 smtp-sink ESMTP\n127.0.0.1 C: EHLO c.test\n" in said
    assert "127.0.0.1 C: .\n127.0.0.1 S: 250 " in said
    assert "AGEAYg" not in said


async def test_messages_are_dumped(tmp_path):
    async with sinking(one_file=str(tmp_path / "all")) as (connect, _):
        client = await connect()
        await client.send("a@b.test", b"Subject: x\r\n\r\n..hi\r\n")
    assert (tmp_path / "all").read_bytes().endswith(b")\nSubject: x\n\n.hi\n\n")


async def test_a_dump_that_cannot_be_written_ends_it_all(tmp_path):
    (tmp_path / "file").touch()
    caught = None
    try:
        async with sinking(one_file=str(tmp_path / "file/all")) as (connect, _):
            await (await connect()).send("a@b.test", b"x\r\n")
            await trio.sleep_forever()
    except BaseExceptionGroup as group:
        caught = group.subgroup(HarnessError)
    assert caught is not None


async def test_lmtp_has_a_reply_for_each():
    async with sinking(lmtp=True) as (connect, _):
        client = await connect()
        await client.say(b"LHLO c.test\r\n")
        await client.say(b"MAIL FROM:<>\r\n")
        for to in (b"a", b"b"):
            await client.say(b"RCPT TO:<%s@b.test>\r\n" % to)
        await client.say(b"DATA\r\n")
        assert (await client.say(b"x\r\n.\r\n")).startswith(b"250")
        assert (await client.reply()).startswith(b"250")


async def test_it_listens_on_a_path_too(tmp_path):
    dump = tmp_path / "all"
    async with sinking(where=f"unix:{tmp_path}/socket", one_file=str(dump)) as (connect, _):
        client = await connect()
        assert (await client.send("a@b.test", b"x\r\n")).startswith(b"250")
    assert dump.read_bytes().startswith(b"X-Client-Addr: %s\n" % LOCAL.encode())
    again = listen_at(Place(socket.AF_UNIX, f"{tmp_path}/socket"), letters())  # in its place
    again.close()
    dump.touch()
    with pytest.raises(UsageError, match=r"cannot listen on unix:.*all"):
        listen_at(Place(socket.AF_UNIX, str(dump)), letters())


WHERE = {
    "host and port": ({"where": "127.0.0.1:2525"}, ["127.0.0.1:2525"]),
    "inet": ({"where": "inet:127.0.0.1:2525"}, ["127.0.0.1:2525"]),
    "brackets": ({"where": "[::1]:2525"}, ["[::1]:2525"]),
    "no host": ({"where": ":2525"}, ["127.0.0.1:2525", "[::1]:2525"]),
    "no host, inet": ({"where": "inet::2525", "ipv4": True}, ["127.0.0.1:2525"]),
    "no host, IPv6": ({"where": ":2525", "ipv6": True}, ["[::1]:2525"]),
    "everywhere": ({"where": "0.0.0.0:2525"}, ["0.0.0.0:2525"]),
    "a service": ({"where": "127.0.0.1:smtp"}, ["127.0.0.1:25"]),
    "a path": ({"where": "unix:/run/x"}, ["unix:/run/x"]),
}


@pytest.mark.parametrize(("said", "places"), WHERE.values(), ids=WHERE)
def test_where_it_listens(said, places):
    assert [named(place.address) for place in read_places(letters(**said))] == places


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"where": "127.0.0.1:2525", "ipv6": True}, "nowhere to listen with these letters"),
        ({"where": "127.0.0.1:nosuchservice"}, "127.0.0.1:nosuchservice: "),
        ({"where": "localhost"}, ":localhost: "),
    ],
)
def test_where_it_cannot_listen(said, words):
    with pytest.raises(UsageError) as caught:
        read_places(letters(**said))
    assert words in str(caught.value)


def test_a_port_that_is_taken_is_said():
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(UsageError, match="cannot listen on 127"),
    ):
        listen_at(Place(socket.AF_INET, taken.getsockname()), letters(window=4096))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do it")
def test_privileges_are_roots_to_give_up(tmp_path):
    with pytest.raises(UsageError, match=r"-R: .*only root can do this"):
        running._give_up_privileges(letters(root=tmp_path))


def test_a_user_whom_nobody_knows_is_said():
    with pytest.raises(UsageError, match="-u: there is no user 'nosuchuser'"):
        running._give_up_privileges(letters(user="nosuchuser"))
