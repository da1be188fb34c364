import ssl
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from harness.errors import UsageError
from reference_server.doors import Door, Kind
from reference_server.listener import serve
from reference_server.running import run
from tests.reference_server.connecting import Client, server_in


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
        with pytest.raises(UsageError, match="no POP3"):
            await run(server, [Door(Kind.POP3)])
        with pytest.raises(UsageError, match="TLS needs a certificate"):
            await run(server, [Door(Kind.LMTP), Door(Kind.SMTPS)])
