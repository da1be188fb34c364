import signal
import ssl
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from harness.errors import UsageError
from reference_server.doors.door import Door, Kind
from reference_server.doors.listener import serve
from reference_server.running import run
from reference_server.server import Patience
from tests.reference_server.connecting import Client, mail_of, server_in


@asynccontextmanager
async def running(server, *doors):
    """A server at these doors; gives them with the ports that they really have."""
    async with trio.open_nursery() as tasks:
        yield await tasks.start(run, server, doors)
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def visiting(door, *, ca=None):
    stream = await trio.open_tcp_stream(door.host, door.port)
    if ca is not None:
        context = ssl.create_default_context(cafile=ca)
        stream = trio.SSLStream(stream, context, server_hostname="localhost", https_compatible=True)
    async with stream:
        yield Client(stream)


@pytest.mark.parametrize("kind", [Kind.SMTP, Kind.SUBMISSION])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_each_door_is_told_and_greets(tmp_path, capsys, kind, host):
    async with running(server_in(tmp_path), Door(kind, host)) as (door,), visiting(door) as client:
        assert (await client.reply()).startswith(b"220 example.test")
        assert (await client.say(b"QUIT\r\n")).startswith(b"221")
    assert capsys.readouterr().out == f"listening on {door.announcement}\n"


@pytest.mark.parametrize("kind", [Kind.SMTPS, Kind.SUBMISSIONS])
async def test_where_tls_is_implicit_it_comes_first_and_is_offered_no_more(tmp_path, kind):
    server = server_in(tmp_path, tls_self_signed=True)
    async with running(server, Door(kind)) as (door,):
        async with visiting(door, ca=tmp_path / "cert.pem") as client:
            assert (await client.reply()).startswith(b"220 example.test")
            assert server.open_connections == 1
            await client.stream.send_all(b"EHLO c.test\r\n")
            offered = bytes(await client.stream.receive_some(65_536))
            assert b"250-AUTH SCRAM-SHA-256-PLUS" in offered
            assert b"STARTTLS" not in offered
            assert (await client.say(b"STARTTLS\r\n")).startswith(b"503")
        async with visiting(door) as client:  # who speaks in the clear is not answered in the clear
            assert b"220" not in await client.say(b"EHLO c.test\r\n")


async def test_who_shakes_no_hands_is_hung_up_on(tmp_path, autojump_clock):
    server = server_in(tmp_path, tls_self_signed=True)
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as tasks:
        tasks.start_soon(serve, server, theirs, "127.0.0.1", Door(Kind.SMTPS))
        await ours.send_all(b"\x16\x03\x01")  # the beginning of a ClientHello
        assert await ours.receive_some() == b""
    assert trio.current_time() == pytest.approx(server.patience.handshake)
    assert server.open_connections == 0


async def test_doors_are_opened_all_or_none(tmp_path):
    server = server_in(tmp_path)
    async with running(server, Door()) as (taken,):
        with pytest.raises(UsageError, match=f"cannot listen on {taken.endpoint}: Address already"):
            await run(server, [Door(Kind.LMTP), taken])
        with pytest.raises(UsageError, match="TLS needs a certificate"):
            await run(server, [Door(Kind.LMTP), Door(Kind.SMTPS)])


@pytest.mark.parametrize("what", ["metrics", "control"])
async def test_nothing_is_said_to_listen_where_a_port_is_taken(tmp_path, capsys, what):
    server = server_in(tmp_path)
    async with running(server, Door()) as (taken,):
        capsys.readouterr()
        with pytest.raises(UsageError, match=f"cannot listen on {taken.endpoint}: Address already"):
            await run(server, [Door(Kind.LMTP)], **{what: taken.endpoint})
    assert capsys.readouterr().out == ""


# --- stopping ------------------------------------------------------------------------------------


@asynccontextmanager
async def stopping(server):
    """A server, a client in each state, and the way to tell the server to stop."""
    async with trio.open_nursery() as tasks:
        (door,) = await tasks.start(run, server, [Door()])

        def stop() -> None:
            signal.raise_signal(signal.SIGTERM)

        yield door, stop


async def begin(client, *commands: bytes) -> None:
    await client.reply()
    for command in (b"EHLO c.test", *commands):
        assert (await client.say(command + b"\r\n"))[:1] in (b"2", b"3")


MAIL, RCPT, DATA = b"MAIL FROM:<>", b"RCPT TO:<alice@example.test>", b"DATA"
STARTTLS = pytest.mark.parametrize("secure", [False, True], ids=["crowd", "task"])


async def secured(client, ca):
    """The client inside TLS, which gives it a task of its own."""
    await client.reply()
    await client.say(b"EHLO c.test\r\n")
    assert (await client.say(b"STARTTLS\r\n")).startswith(b"220")
    context = ssl.create_default_context(cafile=ca)
    stream = trio.SSLStream(
        client.stream, context, server_hostname="localhost", https_compatible=True
    )
    inside = Client(stream)
    await inside.say(b"EHLO c.test\r\n")
    return inside


@STARTTLS
async def test_the_idle_are_told_421_at_once_and_a_transaction_is_finished(tmp_path, secure):
    server = server_in(tmp_path, tls_self_signed=True)
    async with stopping(server) as (door, stop), visiting(door) as idle, visiting(door) as busy:
        if secure:
            idle, busy = [await secured(it, tmp_path / "cert.pem") for it in (idle, busy)]
        else:
            await begin(idle)
            await begin(busy)
        for command in (MAIL, RCPT, DATA):
            assert (await busy.say(command + b"\r\n"))[:1] in (b"2", b"3")
        stop()
        assert (await idle.reply()).startswith(b"421 4.3.2 example.test shutting")
        assert await idle.reply() == b""
        with pytest.raises(OSError, match="connect"):
            await trio.open_tcp_stream(door.host, door.port)
        assert (await busy.say(b"Subject: last\r\n\r\n.\r\n")).startswith(b"250")
        assert (await busy.reply()).startswith(b"421 4.3.2 example.test shutting")
        assert await busy.reply() == b""
    assert b"Subject: last" in mail_of(tmp_path, "alice")[0]


@pytest.mark.parametrize("command", [b"RSET", b"EHLO c.test"])
async def test_a_transaction_that_is_given_up_is_over_too(tmp_path, command):
    async with stopping(server_in(tmp_path)) as (door, stop), visiting(door) as client:
        await begin(client, MAIL)
        stop()
        await trio.testing.wait_all_tasks_blocked()
        assert (await client.say(command + b"\r\n")).startswith(b"250")
        assert (await client.reply()).startswith(b"421")


@STARTTLS
async def test_who_takes_too_long_to_finish_is_told_421_too(tmp_path, secure):
    server = server_in(tmp_path, patience=Patience(stop=0.05), tls_self_signed=True)
    async with stopping(server) as (door, stop), visiting(door) as client:
        if secure:
            client = await secured(client, tmp_path / "cert.pem")
            await client.say(MAIL + b"\r\n")
        else:
            await begin(client, MAIL)
        stop()
        assert (await client.reply()).startswith(b"421 4.3.2 example.test shutting")
        assert await client.reply() == b""


async def test_the_second_signal_ends_at_once(tmp_path):
    async with stopping(server_in(tmp_path)) as (door, stop), visiting(door) as client:
        await begin(client, MAIL)
        stop()
        await trio.testing.wait_all_tasks_blocked()
        with trio.fail_after(5):  # the patience for transactions is twice as long
            stop()
            assert (await client.reply()).startswith(b"421 4.3.2 example.test shutting")
