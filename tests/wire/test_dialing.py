"""Real sockets: connecting, resets, TLS and what stands in its place."""

from __future__ import annotations

import socket
import ssl

import pytest
import trio

from harness.certificates import client_context, self_signed, server_context
from harness.errors import PeerClosed, PeerSilent, TargetUnreachable, TlsFailed
from harness.target import Address
from harness.wire import Log, dial
from harness.wire.dialing import _words
from tests.ports import deserted_port
from tests.wire.peers import listening


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return self_signed(["localhost", "127.0.0.1"], tmp_path_factory.mktemp("certificate"))


async def test_a_wire_knows_its_ports():
    async def serve(stream):
        await stream.send_all(b"220 hi\r\n")

    async with listening(serve) as address:
        wire = await dial(address, Log(), 5)
        assert (await wire.reply(5)).code == 220
        connected = wire.log.exchanges[0].happened

        assert connected == f"connected from 127.0.0.1:{wire.local_port} to {address.endpoint}"
        await wire.aclose()


async def test_nobody_there_is_said_in_words():
    with deserted_port() as port:
        address = Address("127.0.0.1", port)
        with pytest.raises(TargetUnreachable) as refusal:
            await dial(address, Log(), 5)

    assert str(refusal.value) == (f"{address.endpoint}: nobody listens there (connection refused)")


async def test_an_unknown_host_is_said_in_words():
    with pytest.raises(TargetUnreachable, match=r"no\.such\.invalid:25: no such host"):
        await dial(Address("no.such.invalid", 25), Log(), 5)


async def test_a_host_that_does_not_answer_is_said_in_words():
    with pytest.raises(TargetUnreachable, match="no answer to the connection request within 0 s"):
        await dial(Address("127.0.0.1", 1), Log(), 0)


def test_an_error_without_a_number_speaks_for_itself():
    assert _words(OSError("what a day")) == "what a day"
    assert _words(OSError(24, "Too many open files")) == "Too many open files"


async def test_a_reset_is_seen_by_the_other_end():
    seen = []
    over = trio.Event()

    async def serve(stream):
        with pytest.raises(trio.BrokenResourceError) as broken:
            await stream.receive_some()
        seen.append(broken.value.__cause__)
        over.set()

    async with listening(serve) as address:
        wire = await dial(address, Log(), 5)
        await wire.reset()
        with trio.fail_after(5):
            await over.wait()

    assert isinstance(seen[0], ConnectionResetError)


async def test_a_reset_by_the_other_end_is_the_end():
    async def serve(stream):
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    async with listening(serve) as address:
        wire = await dial(address, Log(), 5)
        with pytest.raises(PeerClosed, match="reset"):
            await wire.reply(5)
        await wire.aclose()


async def test_tls_begins_within_a_connection(certificate):
    async def serve(stream):
        await stream.send_all(b"220 go\r\n250 injected\r\n250-half")
        secured = trio.SSLStream(
            stream, server_context(*certificate), server_side=True, https_compatible=True
        )
        await secured.do_handshake()
        await secured.send_all(b"250 " + await secured.receive_some())

    async with listening(serve) as address:
        wire = await dial(address, Log(), 5)
        await wire.reply(5)
        assert not wire.is_secure
        await wire.start_tls(client_context(ca=certificate[0]), 5, server_name="localhost")
        await wire.send(b"NOOP\r\n", 5)
        answer = await wire.reply(5)

        assert answer.lines == ("NOOP",)
        assert wire.is_secure
        happened = [exchange.happened for exchange in wire.log.exchanges if exchange.happened]
        assert happened[1].startswith("dropped what came before TLS: 250 injected")
        assert happened[2].startswith("TLSv1.3, TLS_")
        await wire.half_close()
        with pytest.raises(PeerClosed):
            await wire.reply(5)
        await wire.aclose()


async def shake_hands(serve, context: ssl.SSLContext, patience: float = 5) -> None:
    async with listening(serve) as address:
        wire = await dial(address, Log(), 5)
        try:
            await wire.start_tls(context, patience, server_name="localhost")
        finally:
            await wire.aclose()


async def test_plain_text_in_place_of_a_handshake_is_recognised():
    async def serve(stream):
        await stream.send_all(b"220 mail.test ESMTP\r\n")
        await stream.receive_some()

    with pytest.raises(TlsFailed, match="answered in plain text: 220 mail"):
        await shake_hands(serve, client_context(verify=False))


async def test_a_certificate_that_nobody_vouches_for_is_recognised(certificate):
    async def serve(stream):
        secured = trio.SSLStream(stream, server_context(*certificate), server_side=True)
        with pytest.raises(trio.BrokenResourceError):
            await secured.do_handshake()

    with pytest.raises(TlsFailed, match="the certificate is not trusted: self-signed"):
        await shake_hands(serve, client_context())


async def test_an_alert_is_told_by_its_name():
    async def serve(stream):
        await stream.receive_some()
        await stream.send_all(bytes.fromhex("15030300020228"))  # handshake failure

    with pytest.raises(TlsFailed, match="handshake failure"):
        await shake_hands(serve, client_context(verify=False))


async def test_a_close_in_place_of_a_handshake_is_a_close():
    async def serve(stream):
        await stream.receive_some()

    with pytest.raises(PeerClosed, match="closed within the TLS handshake"):
        await shake_hands(serve, client_context(verify=False))


async def test_a_handshake_that_nobody_answers_ends_with_our_patience():
    async def serve(stream):
        await trio.sleep_forever()

    with pytest.raises(PeerSilent):
        await shake_hands(serve, client_context(verify=False), patience=0.05)
