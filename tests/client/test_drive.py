"""Driving flows over a wire, on virtual time."""

from __future__ import annotations

import pytest
import trio

from harness.client import drive
from harness.errors import PeerClosed, PeerSilent, Refused
from harness.protocol.replies import Capabilities
from harness.protocol.sender import Envelope, greet, hello, secure, send_message
from harness.protocol.services import Service
from tests.wire.peers import in_memory

CAPABILITIES = Capabilities("mx.example", {"PIPELINING": ()})
TO_TWO = Envelope("a@b.example", ("c@d.example", "e@f.example"))


async def no_tls() -> None:
    raise AssertionError("nobody wants TLS here")


async def test_replies_are_handed_on_and_the_result_given_back(autojump_clock):
    wire, server = in_memory()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.send_all, b"250-mx.example\r\n250 SIZE\r\n")

        found = await drive(hello("me.example"), wire, patience=5, secure=no_tls)

    assert "SIZE" in found
    assert await server.receive_some() == b"EHLO me.example\r\n"


async def test_behind_a_421_nothing_is_waited_for(autojump_clock):
    wire, server = in_memory()
    await server.send_all(b"250 ok\r\n421 4.3.2 going down\r\n")

    with pytest.raises(Refused, match="RCPT: 421"):
        await drive(send_message(TO_TWO, b"hi\r\n", CAPABILITIES), wire, patience=5, secure=no_tls)

    assert trio.current_time() < 1


async def test_silence_and_the_end_are_errors(autojump_clock):
    wire, server = in_memory()
    with pytest.raises(PeerSilent):
        await drive(greet(), wire, patience=5, secure=no_tls)
    await server.aclose()
    with pytest.raises(PeerClosed):
        await drive(greet(), wire, patience=5, secure=no_tls)


async def test_a_flow_keeps_what_was_answered_before_the_end(autojump_clock):
    wire, server = in_memory()
    await server.send_all(b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 one\r\n")
    await server.send_eof()

    handover = await drive(
        send_message(TO_TWO, b"hi\r\n", CAPABILITIES, service=Service.LMTP),
        wire,
        patience=5,
        secure=no_tls,
    )

    assert handover.accepted == ("c@d.example",)
    assert handover.refused["e@f.example"].code == 421


async def test_the_handshake_is_whoever_drives_does(autojump_clock):
    wire, server = in_memory()
    await server.send_all(b"220 go\r\n")
    shaken = []

    async def shake() -> None:
        shaken.append(await server.receive_some())
        await server.send_all(b"250 mx.example\r\n")

    await drive(secure("me.example"), wire, patience=5, secure=shake)

    assert shaken == [b"STARTTLS\r\n"]
    assert await server.receive_some() == b"EHLO me.example\r\n"
