"""The sieve between STARTTLS and its handshake."""

from __future__ import annotations

import pytest
import trio.testing

from harness.protocol.receiver import RULES
from reference_server.doors.handshakes import Sieve
from reference_server.lies import LIES

RECORD = b"\x16\x03\x01\x00\x05hello"
LATE = LIES["clear-text-before-handshake"].rules

# rules, what comes -> what TLS meets of it, what is kept from it
COMES = {
    "a handshake": (RULES, [RECORD, b"more"], RECORD + b"more", b""),
    "a command first": (RULES, [b"NOOP\r\n", RECORD], b"NOOP\r\n" + RECORD, b""),
    "a liar's command": (LATE, [b"NOOP\r\n", RECORD], RECORD, b"NOOP\r\n"),
    "in one segment": (LATE, [b"NOOP\r\n" + RECORD, RECORD], 2 * RECORD, b"NOOP\r\n"),
    "a command alone": (LATE, [b"NOOP\r\n"], b"", b"NOOP\r\n"),
}


@pytest.mark.parametrize(("rules", "segments", "met", "kept"), COMES.values(), ids=COMES)
async def test_nothing_is_kept_from_tls_but_by_a_lie(rules, segments, met, kept):
    client, server = trio.testing.memory_stream_pair()
    sieve = Sieve(server, rules.handshake_at)
    got = b""

    async def speak():
        for segment in segments:
            await client.send_all(segment)
            await trio.testing.wait_all_tasks_blocked()
        await client.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(speak)
        while octets := await sieve.receive_some():
            got += octets

    assert (got, sieve.kept) == (met, kept)


def test_a_client_may_ask_for_any_host_or_none():
    names = (None, "localhost", "another.test")
    knows = {
        name: [LIES[name].rules.knows_name(host) for host in names]
        for name in ("host-unknown", "host-unnamed")
    }
    assert knows == {"host-unknown": [True, True, False], "host-unnamed": [False, True, True]}
    assert all(RULES.knows_name(host) for host in names)
