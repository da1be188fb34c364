"""Who is answered by rote can go into TLS, and takes nothing along that came in the clear."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from harness.certificates import client_context
from reference_server.doors.listener import serve
from reference_server.talks.reciting import Hostess
from tests.reference_server.connecting import server_in

HELLO = b"EHLO c.test\r\n"
STARTTLS = b"STARTTLS\r\n"
# What an attacker on the way puts behind it: RFC 3207 4.2, and the end of a text for good measure.
INJECTED = b".\r\nEHLO evil.test\r\nMAIL FROM:<evil@evil.test>\r\n"
OPENING = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n"


@pytest.mark.parametrize("cut", range(1, len(STARTTLS)))
async def test_what_came_in_the_clear_behind_starttls_is_forgotten(tmp_path, cut):
    said = STARTTLS + INJECTED
    await assert_forgotten(tmp_path, [HELLO], [said[:cut], said[cut:]])


async def test_so_it_is_behind_the_end_of_a_text(tmp_path):
    await assert_forgotten(tmp_path, [HELLO, OPENING], [b"..x\r\n.\r\n" + STARTTLS + INJECTED])


async def assert_forgotten(tmp_path, before, segments):
    server = server_in(tmp_path, tls_self_signed=True)
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as tasks:
        tasks.start_soon(lambda: serve(server, theirs, "192.0.2.1", connect=Hostess()))
        await heard(ours)
        for segment in before:
            await ours.send_all(segment)
            await heard(ours)
        for segment in segments:
            await ours.send_all(segment)
            await trio.testing.wait_all_tasks_blocked()
        assert b"220 2.0.0" in await heard(ours)
        context = client_context(verify=False, ca=None)
        secured = trio.SSLStream(ours, context, server_hostname="localhost")
        await secured.do_handshake()
        await trio.testing.wait_all_tasks_blocked()
        await secured.send_all(b"VRFY alice\r\nQUIT\r\n")
        answers = b""
        while b"221" not in answers:
            answers += await secured.receive_some()
        tasks.cancel_scope.cancel()

    assert [int(line[:3]) for line in answers.splitlines()] == [252, 221]


async def heard(stream):
    await trio.testing.wait_all_tasks_blocked()
    return await stream.receive_some()
