import pytest
import trio
import trio.testing

from reference_server.smtp_sink.showing import Overheard, logging

THEIRS = (
    b"EHLO c.test\r\nMAIL FROM:<a@b.test>\r\nDATA\r\n",
    b"Subject: secret\r\n\r\n..\r\n.x\r\n.\r\nNOOP\r\n",
    b"AUTH PLAIN AGEAYg==\r\n",
    b"AUTH LOGIN\r\n",
    b"AGEAYg==\r\n",
    b"AUTH LOGIN\r\nYQ==\r\nYg==\r\n*\r\nrset\r\nFOO\r\n",
    b"QUIT\r\n",
)
OURS = (
    b"250-s.test\r\n250 HELP\r\n250 ok\r\n354 go\r\n", b"250 taken\r\n250 ok\r\n", b"235 in\r\n",
    b"334 VXNlcm5hbWU6\r\n", b"535 no\r\n", b"503 no\r\n", b"221 bye\r\n",
)  # fmt: skip
HEARD = [
    "C EHLO c.test", "C MAIL FROM:<a@b.test>", "C DATA",
    "S 250-s.test", "S 250 HELP", "S 250 ok", "S 354 go",
    "C .", "C NOOP", "S 250 taken", "S 250 ok",
    "C AUTH PLAIN ***", "S 235 in",
    "C AUTH LOGIN", "S 334 VXNlcm5hbWU6", "C ***", "S 535 no",
    "C AUTH LOGIN", "C ***", "C ***", "C *", "C rset", "C FOO", "S 503 no",
    "C QUIT", "S 221 bye",
]  # fmt: skip


async def overhear(size):
    """What is heard of the talk, its octets arriving `size` at a time."""
    ours, theirs = trio.testing.memory_stream_pair()
    heard = []
    stream = Overheard(
        theirs, ours=lambda line: heard.append(f"S {line}"),
        theirs=lambda line: heard.append(f"C {line}"),
    )  # fmt: skip
    for said, answer in zip(THEIRS, OURS, strict=True):
        await ours.send_all(said)
        taken = b""
        while len(taken) < len(said):
            taken += bytes(await stream.receive_some(size))
        assert taken == said
        await stream.send_all(answer)
        assert await ours.receive_some(10_000) == answer
    return heard


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1_000])
async def test_a_talk_is_told_by_lines_however_it_is_cut_and_no_password_with_it(size):
    heard = await overhear(size)
    assert heard == HEARD


async def test_of_a_line_without_end_only_its_beginning_is_kept():
    ours, theirs = trio.testing.memory_stream_pair()
    heard = []
    stream = Overheard(theirs, ours=heard.append, theirs=heard.append)
    for octets in [b"x" * 100_000] * 3 + [b"\r", b"\nNOOP\r\n"]:
        await ours.send_all(octets)
        await stream.receive_some(len(octets))
    line, noop = heard
    assert (set(line), len(line) < 20_000, noop) == ({"x"}, True, "NOOP")


def test_commands_are_logged_short_and_harmless():
    written = []
    hear = logging(frozenset({"mail", "."}), written.append)
    for line in ("mail FROM:<a@b.test>", "RCPT TO:<c@d.test>", ".", "MAIL \x1b[31m" + "x" * 200):
        hear(line)
    assert written[:2] == ["mail FROM:<a@b.test>", "."]
    assert len(written) == 3
    assert len(written[2]) == 100
    assert "\x1b" not in written[2]
