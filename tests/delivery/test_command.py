"""Commands that print mail."""

from __future__ import annotations

import pytest

from harness.delivery.command import printed
from harness.errors import PeerError
from tests.delivery.reading import ALICE, octets_of, opened

ONE = b"Subject: 1\n\n>From x\n"
TWO = b"Subject: 2\n\n"


def mbox(*messages: bytes) -> bytes:
    return b"".join(b"From a b\n" + octets + b"\n" for octets in messages)


async def test_it_is_run_where_the_target_is_with_the_recipient_as_last_word(tmp_path):
    (tmp_path / ALICE).write_bytes(b"")
    reader = await opened("command:cat --", directory=tmp_path)
    (tmp_path / ALICE).write_bytes(b"Subject: one\n\nFrom here\n")

    assert await octets_of(reader) == [b"Subject: one\r\n\r\nFrom here\r\n"]


async def test_what_it_printed_before_is_not_new(tmp_path):
    spool = tmp_path / ALICE
    spool.write_bytes(mbox(ONE))
    reader = await opened("command:cat", directory=tmp_path)
    spool.write_bytes(mbox(ONE, TWO, ONE))

    assert await octets_of(reader) == [
        b"Subject: 2\r\n\r\n",
        b"Subject: 1\r\n\r\nFrom x\r\n",
    ]
    spool.write_bytes(mbox(TWO))
    assert len(await octets_of(reader)) == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ls /nowhere", "ls: exit status [12]: ls: "),
        ("/nowhere/command", "/nowhere/command: No such file or directory"),
        ("false", "false: exit status 1$"),
    ],
)
async def test_a_command_that_fails_says_why(tmp_path, line, words):
    with pytest.raises(PeerError, match=words):
        await opened(f"command:{line}", directory=tmp_path)


async def test_a_command_that_fails_says_nothing_of_its_words(tmp_path):
    with pytest.raises(PeerError) as raised:
        await opened("command:sh -c 'echo no $0 >&2; exit 1' hunter2", directory=tmp_path)
    assert str(raised.value) == "sh: exit status 1: no ***"


@pytest.mark.parametrize("does", ["exec sleep 600", "trap : TERM; while :; do sleep 1; done"])
async def test_a_command_that_does_not_end_is_given_up(tmp_path, does, autojump_clock):
    with pytest.raises(PeerError, match=r"^sh: no answer for 60 s$"):
        await opened(f"command:sh -c '{does}'", directory=tmp_path)


def test_nothing_printed_is_no_message():
    assert list(printed(b"", "x")) == []
    assert [it.octets for it in printed(b"\r\n", "x")] == [b"\r\n"]
