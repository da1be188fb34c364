"""Pauses: they end at their time, by a call, or because the peer is not silent."""

from __future__ import annotations

from time import perf_counter

import gevent
import pytest
from gevent.event import Event

from harness.errors import PeerClosed, Refused
from harness.protocol.sender import Pause, PausingFlow
from harness.protocol.sender.streaming import pause
from loadtests.driving import Lost
from loadtests.driving.ends import Unasked
from tests.loadtests.driving.stage import GREETING, HELLO, MAIL, ask, hang_up, stage

LONG = 60.0


def rest(
    seconds: float, *, before: bool = True, resting: Event | None = None
) -> PausingFlow[list[int]]:
    if before:
        yield from ask(GREETING)
    if resting is not None:
        resting.set()  # who waits for it is served when the pause has begun
    yield from pause(Pause(perf_counter() + seconds))
    return (yield from ask(MAIL))


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.01])
def test_a_flow_goes_on_when_its_pause_is_over(seconds: float):
    with stage() as on:
        on.play(b"220 hi\r\n", len(MAIL.octets), b"250 ok\r\n")

        assert on.connection.run(rest(seconds)) == [250]


def test_a_pause_can_be_ended_before_its_time():
    resting = Event()

    def wake(_: object) -> None:
        resting.wait()
        on.connection.wake()

    with stage() as on:
        on.play(b"220 hi\r\n", wake, len(MAIL.octets), b"250 ok\r\n")

        assert on.connection.run(rest(LONG, resting=resting)) == [250]


def test_waking_who_does_not_pause_changes_nothing():
    with stage() as on:
        on.connection.wake()
        on.play(lambda peer: on.connection.wake(), b"220 hi\r\n")

        assert on.connection.run(ask(GREETING)) == [220]


@pytest.mark.parametrize("before", [False, True])
def test_a_server_that_closes_in_a_pause_is_noticed(before: bool):
    with stage() as on:
        if not before:
            on.play(hang_up)
            on.wait()
        else:
            on.play(b"220 hi\r\n", hang_up)

        with pytest.raises(Lost, match="idle: closed") as caught:
            on.connection.run(rest(LONG, before=before))

        assert isinstance(caught.value.cause, PeerClosed)


@pytest.mark.parametrize("together", [False, True])
def test_a_421_in_a_pause_is_the_last_word(together: bool):
    said = [b"220 hi\r\n", b"421 4.4.2 idle too long\r\n"]
    with stage() as on:
        on.play(*([b"".join(said)] if together else said))

        with pytest.raises(Refused, match=r"idle: 421 4\.4\.2 idle too long"):
            on.connection.run(rest(LONG))


@pytest.mark.parametrize("together", [False, True])
def test_who_talks_in_a_pause_is_not_trusted(together: bool):
    said = [b"220 hi\r\n", b"250 what?\r\n"]
    with stage() as on:
        on.play(*([b"".join(said)] if together else said))

        with pytest.raises(Lost, match="idle") as caught:
            on.connection.run(rest(LONG))

        assert isinstance(caught.value.cause, Unasked)


def test_half_a_reply_in_a_pause_is_waited_for():
    with stage() as on:
        on.play(b"220 hi\r\n", b"421 by", b"e\r\n")

        with pytest.raises(Refused, match="idle: 421 bye"):
            on.connection.run(rest(LONG))


def test_a_user_that_is_killed_in_a_pause_leaves_no_timer_behind():
    with stage() as on:
        on.play(b"220 hi\r\n")
        resting = Event()
        user = gevent.spawn(on.connection.run, rest(LONG, resting=resting))
        resting.wait()
        user.kill()

        on.connection.wake()
        on.play(len(HELLO.octets), b"250 hello\r\n")
        assert on.connection.run(ask(HELLO)) == [250]


def test_a_pause_is_no_silence():
    with stage(patience=0.05) as on:
        on.play(b"220 hi\r\n", len(MAIL.octets), b"250 ok\r\n")

        assert on.connection.run(rest(0.15)) == [250]
