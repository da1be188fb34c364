"""A handshake that fails is told why, in TLS's own words, wherever it was to be."""

import ssl

import pytest
import trio
import trio.testing

from harness.certificates import client_context
from reference_server.doors.door import Door, Kind
from reference_server.doors.listener import serve
from reference_server.pop3.session import serve_pop3
from tests.reference_server.connecting import server_in


def of_old(context):
    context.maximum_version = ssl.TLSVersion.TLSv1_2


def of_few_ciphers(context):
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA@SECLEVEL=0")  # no forward secrecy, so not ours


# what the client can, what the server wants -> the alert, by OpenSSL's name for it
ALERTS = {
    "no common version": (of_old, ssl.TLSVersion.TLSv1_3, "ALERT_PROTOCOL_VERSION"),
    "no common cipher": (of_few_ciphers, ssl.TLSVersion.TLSv1_2, "ALERT_HANDSHAKE_FAILURE"),
}
DOORS = {
    "SMTP": (serve, Door(Kind.SMTP), [b"EHLO c.test\r\n", b"STARTTLS\r\n"]),
    "SMTP inside TLS": (serve, Door(Kind.SMTPS), []),
    "POP3": (serve_pop3, Door(Kind.POP3), [b"STLS\r\n"]),
    "POP3 inside TLS": (serve_pop3, Door(Kind.POP3S), []),
}


@pytest.mark.parametrize(("limit", "least", "alert"), ALERTS.values(), ids=ALERTS)
@pytest.mark.parametrize(("talk", "door", "lines"), DOORS.values(), ids=DOORS)
async def test_a_client_that_cannot_shake_hands_is_told_why(
    tmp_path, talk, door, lines, limit, least, alert
):
    server = server_in(tmp_path, tls_self_signed=True, doors=(door,))
    server.tls.minimum_version = least
    context = client_context(verify=False, ca=None)
    limit(context)
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as tasks:
        tasks.start_soon(talk, server, theirs, "192.0.2.1", door)
        if not door.implicit_tls:
            await ours.receive_some()
        for line in lines:
            await ours.send_all(line)
            await ours.receive_some()
        with pytest.raises(trio.BrokenResourceError) as failure:
            await trio.SSLStream(ours, context, server_hostname="localhost").do_handshake()
        assert failure.value.__cause__.reason.endswith(alert)
        assert await ours.receive_some() == b""  # and that was the last word
    assert server.open_connections == 0


async def test_who_has_gone_is_told_nothing(tmp_path):
    server = server_in(tmp_path, tls_self_signed=True)
    ours, theirs = trio.testing.memory_stream_pair()
    await ours.send_all(b"EHLO in the clear, to a door that wants TLS\r\n")
    await ours.aclose()
    await serve(server, theirs, "192.0.2.1", Door(Kind.SMTPS))
    assert server.open_connections == 0


async def test_who_does_not_listen_holds_nobody_up(tmp_path, autojump_clock):
    server = server_in(tmp_path, tls_self_signed=True)
    ours, theirs = trio.testing.lockstep_stream_pair()
    async with trio.open_nursery() as tasks:
        tasks.start_soon(serve, server, theirs, "192.0.2.1", Door(Kind.SMTPS))
        await ours.send_all(b"EHLO in the clear, to a door that wants TLS\r\n")
        await trio.sleep(server.patience.farewell + 0.1)  # it is given no longer than that
        assert server.open_connections == 0
