"""The trio driver of POP3 flows, on virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from harness.certificates import client_context, self_signed, server_context
from harness.client.pop3 import PopWire
from harness.errors import PeerClosed, PeerSilent, TlsFailed, Untrusted
from harness.protocol.pop3.flow import Flow, ask, hear, insist, shake_hands
from harness.protocol.pop3.responses import Response
from harness.wire import Log

PATIENCE = 5.0


@asynccontextmanager
async def wired(**trust) -> AsyncIterator[tuple[PopWire, trio.abc.Stream, Log]]:
    """A wire, the stream at its other end, and the log."""
    ours, theirs = trio.testing.memory_stream_pair()
    log = Log()
    wire = PopWire(ours, log, context=client_context(**trust), name="localhost")
    yield wire, theirs, log
    await wire.aclose()


def told(log: Log) -> list[str]:
    return [
        exchange.happened or f"{exchange.who} {exchange.octets!r}" for exchange in log.exchanges
    ]


async def test_what_is_said_and_heard_is_logged_without_secrets(autojump_clock):
    async with wired() as (wire, server, log):
        await server.send_all(b"+OK ready\r\n")
        await wire.drive(hear("greeting"), PATIENCE)
        await server.send_all(b"+OK\r\n")
        answer = await wire.drive(ask("PASS secret", secret="PASS ***"), PATIENCE)
        assert bytes(await server.receive_some()) == b"PASS secret\r\n"

    assert str(answer) == "+OK"
    assert told(log) == [
        r"S b'+OK ready\r\n'",
        r"C b'PASS ***\r\n'",
        r"S b'+OK\r\n'",
        "we close",
    ]


@pytest.mark.parametrize(
    ("begun", "words"),
    [(b"", "nothing for 5 s"), (b"+OK\r\n1 2", r"nothing for 5 s, but for the beginning +OK")],
)
async def test_a_server_that_says_nothing_is_not_waited_for_for_ever(autojump_clock, begun, words):
    async with wired() as (wire, server, log):
        await server.send_all(begun or b"+")
        began = trio.current_time()
        with pytest.raises(PeerSilent) as silent:
            await wire.drive(ask("LIST", has_content=True), PATIENCE)

    assert trio.current_time() - began == pytest.approx(PATIENCE)
    assert words in str(silent.value)
    assert str(silent.value) in told(log)


async def test_a_slow_server_has_our_patience_for_each_of_its_octets(autojump_clock):
    async def dribble(server: trio.abc.Stream) -> None:
        for octet in b"+OK\r\n.\r\n":
            await trio.sleep(4)
            await server.send_all(bytes([octet]))

    async with wired() as (wire, server, _), trio.open_nursery() as nursery:
        nursery.start_soon(dribble, server)
        assert (await wire.drive(insist("LIST", has_content=True), PATIENCE)).content == b""


async def test_a_server_that_does_not_read_is_not_waited_for_either(autojump_clock):
    class Deaf(trio.abc.Stream):
        async def send_all(self, data):
            await trio.sleep_forever()

        async def wait_send_all_might_not_block(self): ...

        async def receive_some(self, max_bytes=None): ...

        async def aclose(self): ...

    wire = PopWire(Deaf(), Log(), context=client_context(), name="localhost")
    with pytest.raises(PeerSilent, match="has not been read"):
        await wire.drive(ask("NOOP"), PATIENCE)


async def test_what_a_server_said_before_it_went_is_heard(autojump_clock):
    async with wired() as (wire, server, log):
        await server.send_all(b"-ERR [SYS/TEMP] shutting down\r\n")
        await server.aclose()
        answer: Response = await wire.drive(ask("NOOP"), PATIENCE)
        assert answer.code == "SYS/TEMP"
        with pytest.raises(PeerClosed, match=r"^closed$"):
            await wire.drive(ask("NOOP"), PATIENCE)

    assert "closed by the other end" in told(log)


# --- TLS -----------------------------------------------------------------------------------------


def stls() -> Flow[dict[str, bytes]]:
    yield from insist("STLS")
    return (yield from shake_hands())


async def test_what_came_in_the_clear_counts_no_more(tmp_path):
    certificate = self_signed(["localhost"], tmp_path)

    async def serve(stream: trio.abc.Stream) -> None:
        await stream.receive_some()
        await stream.send_all(b"+OK begin\r\n+OK injected\r\n")
        secured = trio.SSLStream(stream, server_context(*certificate), server_side=True)
        await secured.do_handshake()
        await secured.receive_some()
        await secured.send_all(b"+OK inside\r\n")

    async with wired(ca=certificate[0]) as (wire, server, log), trio.open_nursery() as nursery:
        nursery.start_soon(serve, server)
        bindings = await wire.drive(stls(), PATIENCE)
        answer = await wire.drive(ask("NOOP"), PATIENCE)

    assert str(answer) == "+OK inside"
    assert "tls-server-end-point" in bindings
    assert any("dropped what came before TLS: +OK injected" in line for line in told(log))
    assert any(line.startswith("TLSv1.3, ") for line in told(log))


async def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path):
    certificate = self_signed(["localhost"], tmp_path)

    async def serve(stream: trio.abc.Stream) -> None:
        await stream.receive_some()
        await stream.send_all(b"+OK\r\n")
        await trio.SSLStream(stream, server_context(*certificate), server_side=True).do_handshake()

    async with wired() as (wire, server, log), trio.open_nursery() as nursery:
        nursery.start_soon(serve, server)
        with pytest.raises(Untrusted):
            await wire.drive(stls(), PATIENCE)
        nursery.cancel_scope.cancel()

    assert "no TLS: the certificate is not trusted: self-signed certificate" in told(log)


async def test_a_server_that_answers_in_plain_text_speaks_no_tls(autojump_clock):
    async with wired() as (wire, server, _):
        await server.send_all(b"+OK ready\r\n")
        with pytest.raises(TlsFailed, match="in plain text"):
            await wire.start_tls(PATIENCE)


async def test_a_handshake_that_takes_too_long_is_given_up(autojump_clock):
    async with wired() as (wire, _server, _log):
        with pytest.raises(PeerSilent, match="nothing for 5 s"):
            await wire.start_tls(PATIENCE)
