"""Slow talkers: all is said in the end, a bit at a time."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import Refused
from harness.protocol.sender import Exchange
from loadtests.driving.speaking import at_a_time
from tests.loadtests.driving.stage import GREETING, HELLO, ask, hang_up, stage

pytestmark = pytest.mark.slow  # being slow is what it is about


def pieces(of: int, heard: list[bytes]) -> Any:
    def read(peer: Any) -> None:
        while sum(map(len, heard)) < of:
            heard.append(peer.recv(1_000))

    return read


def test_a_slow_talker_says_all_of_it_in_pieces():
    heard: list[bytes] = []
    with stage(pace=40.0) as on:
        on.play(b"220 hi\r\n", pieces(len(HELLO.octets), heard), b"250 hi\r\n")

        assert on.connection.run(ask(GREETING, HELLO)) == [220, 250]

    assert b"".join(heard) == HELLO.octets
    assert max(map(len, heard)) <= 4


def test_a_slow_talker_is_answered_when_it_has_said_all():
    with stage(pace=40.0) as on:
        on.play(b"220 hi\r\n", 1, b"250 so soon\r\n", len(HELLO.octets) - 1)

        assert on.connection.run(ask(GREETING, HELLO)) == [220, 250]
        on.wait()
        assert on.heard == HELLO.octets


@pytest.mark.parametrize("ends", [True, False])
def test_a_slow_talker_that_is_cut_off_says_no_more(ends: bool):
    steps = [b"421 4.7.0 too slow\r\n", *([hang_up] if ends else [])]
    with stage(pace=10.0) as on:
        on.play(b"220 hi\r\n", 1, *steps)

        with pytest.raises(Refused, match=r"message: 421 4\.7\.0 too slow"):
            on.connection.run(ask(GREETING, Exchange(("message",), b"x" * 1_000)))


@pytest.mark.parametrize("pace", [1.0, 9.0, 10.0, 15.0, 19.9, 40.0, 200.0, 1e6])
def test_a_pace_is_kept_whatever_goes_out_at_once(pace: float):
    octets, seconds = at_a_time(pace)

    assert octets / seconds == pytest.approx(pace)
    assert octets == 1 or seconds <= 0.1


def test_less_than_ten_octets_a_second_go_one_by_one():
    heard: list[bytes] = []
    with stage(pace=9.0) as on:
        on.play(b"220 hi\r\n", pieces(3, heard), b"250 ok\r\n")

        assert on.connection.run(ask(GREETING, Exchange(("x",), b"abc"))) == [220, 250]

    assert heard == [b"a", b"b", b"c"]
