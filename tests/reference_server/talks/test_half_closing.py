"""Who says nothing more is answered all the same; a liar waits a moment, and takes it for gone."""

from __future__ import annotations

import pytest
import trio

from reference_server.doors.crowd import HAS_EPOLL
from tests.reference_server.connecting import mail_of, server_in
from tests.reference_server.doors.test_crowd import crowd_of

pytestmark = pytest.mark.skipif(not HAS_EPOLL, reason="there is no epoll here")

MESSAGE = b"MAIL FROM:<a@c.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n"
# what is said last -> the replies to it of an honest server, and of a liar
LAST = {
    "the dot": (MESSAGE, b"hi\r\n.\r\n", [b"250"], []),
    "QUIT": (b"", b"QUIT\r\n", [b"221"], []),
    "a command": (b"", b"NOOP\r\n", [b"250"], [b"250"]),
}


async def answered(tmp_path, before, last, *, fault=None, closing=True) -> list[bytes]:
    """The codes of the replies to what was said last."""
    codes = []
    async with crowd_of(server_in(tmp_path, fault=fault)) as let_in:
        client = let_in()
        await client.reply()
        for line in (b"EHLO c.test\r\n", *before.splitlines(keepends=True)):
            await client.say(line)
        await client.stream.send_all(last)
        if closing:
            await client.stream.send_eof()
        with trio.fail_after(5):
            while code := (await client.reply())[:3]:
                codes.append(code)
                if not closing:
                    break
    return codes


@pytest.mark.parametrize(("before", "last", "honest", "lying"), LAST.values(), ids=LAST)
async def test_the_last_word_is_answered_though_nothing_follows(
    before, last, honest, lying, tmp_path
):
    assert await answered(tmp_path / "honest", before, last) == honest
    assert await answered(tmp_path / "liar", before, last, fault="half-closed-is-gone") == lying


@pytest.mark.slow
@pytest.mark.parametrize(("before", "last", "honest", "lying"), LAST.values(), ids=LAST)
async def test_the_liar_is_right_to_whoever_stays(before, last, honest, lying, tmp_path):
    fault = "half-closed-is-gone"
    assert await answered(tmp_path, before, last, fault=fault, closing=False) == honest


async def test_what_the_liar_does_not_answer_is_delivered(tmp_path):
    before, last, _, _ = LAST["the dot"]
    await answered(tmp_path, before, last, fault="half-closed-is-gone")

    assert len(mail_of(tmp_path, "bob")) == 1
