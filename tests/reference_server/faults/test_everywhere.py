"""Every trick at every stage: whatever happens, nothing breaks but the talk."""

import contextlib
import random

import pytest
import trio

from reference_server.doors.door import Door, Kind
from reference_server.faults.model import MEANINGFUL, Stage
from tests.reference_server.connecting import server_in
from tests.reference_server.faults.troubled import faults_in, meeting

ALL = b"".join(
    line + b"\r\n"
    for line in (
        b"EHLO c.test", b"NOOP", b"HELP", b"VRFY alice", b"EXPN list", b"ETRN example.test",
        b"MAIL FROM:<a@c.test>", b"RCPT TO:<alice@example.test>", b"RCPT TO:<nobody@example.test>",
        b"DATA", b"Subject: x\r\n\r\n..hi\r\n.", b"MAIL FROM:<>", b"RCPT TO:<bob@example.test>",
        b"BDAT 3\r\nx", b"BDAT 3 LAST\r\ny", b"RSET", b"HELO c.test",
        b"AUTH PLAIN AGFsaWNlAHNlY3JldA==", b"MAIL FROM:<a@c.test>", b"STARTTLS", b"QUIT",
    )
)  # fmt: skip
LMTP = ALL.replace(b"EHLO", b"LHLO")

WRITTEN = {
    "after": "after: 3\ndrop: yes",
    "delay": "delay: 20m",
    "again": "delay: 1s\nagain: 50%",
    "certificate": "certificate: expired",
    "reply": "reply: 451 no",
    "garbage": "garbage: 100",
    "line_ends": "line_ends: lf",
    "truncate": "truncate: 1",
    "split": "split: {octets: 1, pause: 1s}",
    "slow": "slow: 1/s",
    "drop": "drop: reset",
    "silent": "silent: yes",
    "keep": "reply: 451 no\nkeep: yes",
    "lose": "lose: yes",
    "duplicate": "duplicate: yes",
    "alter": "alter: 3",
}
COMBINATIONS = [(stage, key) for stage in Stage for key in sorted(MEANINGFUL[stage])]


async def survive(server, faults, octets, cuts, door):
    """Say it all in these pieces, and take what comes until nothing does any more."""
    async with meeting(server, faults, door) as client:
        with contextlib.suppress(trio.BrokenResourceError):
            for piece in cuts(octets):
                await client.stream.send_all(piece)
            await client.stream.send_eof()
            with trio.move_on_after(100_000):
                while await client.stream.receive_some(65_536):
                    pass
    assert server.open_connections == 0


def whole(octets):
    return [octets]


async def test_the_talk_reaches_every_stage(tmp_path, autojump_clock):
    server = server_in(tmp_path, tls_self_signed=True, auth_in_clear=True)
    faults = faults_in(tmp_path, "{at: [text, tls], client: 10.0.0.1, drop: yes}")  # nobody's
    for door, talk in ((Door(Kind.SMTP), ALL), (Door(Kind.LMTP), LMTP)):
        await survive(server, faults, talk, whole, door)
    assert set(faults.stages) == set(Stage)


@pytest.mark.parametrize(("stage", "key"), COMBINATIONS)
async def test_any_trick_at_any_stage_breaks_nothing_but_the_talk(
    tmp_path, autojump_clock, stage, key
):
    server = server_in(tmp_path, tls_self_signed=True, auth_in_clear=True)
    for door, talk in ((Door(Kind.SMTP), ALL), (Door(Kind.LMTP), LMTP), (Door(Kind.SMTPS), ALL)):
        faults = faults_in(tmp_path, f"at: {stage}\n{WRITTEN[key]}\n")
        await survive(server, faults, talk, whole, door)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
async def test_any_tricks_together_and_octets_cut_anywhere(tmp_path, autojump_clock, seed):
    dice = random.Random(seed)

    def cut(octets):
        at = sorted(dice.choices(range(len(octets)), k=30))
        return [octets[a:b] for a, b in zip([0, *at], [*at, len(octets)], strict=True)]

    rows = [
        f"- {{at: {stage.value}, odds: 50%, {WRITTEN[key].replace(chr(10), ', ')}}}"
        for stage, key in dice.sample(COMBINATIONS, 12)
    ]
    server = server_in(tmp_path, auth_in_clear=True)
    for door, talk in ((Door(Kind.SMTP), ALL), (Door(Kind.LMTP), LMTP)):
        for _ in range(5):
            await survive(server, faults_in(tmp_path, "\n".join(rows)), talk, cut, door)
