"""Who hangs up within a message has sent none (RFC 5321 4.1.1.10); a liar takes it for one."""

from __future__ import annotations

import pytest

from tests.reference_server.connecting import connected, mail_of, server_in

ENVELOPE = b"MAIL FROM:<a@c.test>\r\nRCPT TO:<bob@example.test>\r\n"

# what was said when the client hung up -> the messages that are there then, and those of a liar
HALVES = {
    "nothing": (b"", [], []),
    "an envelope": (ENVELOPE, [], []),
    "half a text": (ENVELOPE + b"DATA\r\nhalf\r\n", [], [b"half"]),
    "a whole one": (ENVELOPE + b"DATA\r\nwhole\r\n.\r\n", [b"whole"], [b"whole"]),
}


async def left_behind(said, tmp_path, fault=None):
    server = server_in(tmp_path, fault=fault)
    async with connected(server) as client:
        await client.say(b"EHLO c.test\r\n")
        await client.stream.send_all(said)
    return [content.split(b"\r\n")[-2] for content in mail_of(tmp_path, "bob")]


@pytest.mark.parametrize(("said", "messages", "taken"), HALVES.values(), ids=HALVES)
async def test_half_a_message_is_none(said, messages, taken, tmp_path, autojump_clock):
    assert await left_behind(said, tmp_path) == messages
    assert await left_behind(said, tmp_path / "liar", "hang-up-ends-text") == taken
