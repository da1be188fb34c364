from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Any

import gevent
import gevent.socket
import pytest

from harness.errors import PeerClosed, PeerError, PeerSilent, Refused
from harness.protocol.sender import Exchange, Flow
from loadtests.driving import Connection, Lost
from loadtests.driving.ends import Unasked
from tests.loadtests.driving.stage import (
    ANSWERS,
    GREETING,
    GROUP,
    HELLO,
    MAIL,
    ask,
    hang_up,
    stage,
)


def test_a_flow_gets_one_reply_for_each_name():
    with stage() as on:
        on.play(b"220 hi\r\n", len(HELLO.octets), b"250 hi\r\n", len(GROUP.octets), ANSWERS)

        assert on.connection.run(ask(GREETING, HELLO, GROUP)) == [220, 250, 250, 250, 354]
        assert on.heard == HELLO.octets + GROUP.octets
        assert on.seen == [
            (("greeting",), (220,)),
            (("EHLO",), (250,)),
            (("MAIL", "RCPT", "DATA"), (250, 250, 354)),
        ]


@pytest.mark.parametrize("cut", range(1, len(ANSWERS)))
def test_replies_are_the_same_wherever_the_network_cuts_them(cut: int):
    with stage() as on:
        on.play(len(GROUP.octets), ANSWERS[:cut], ANSWERS[cut:])

        assert on.connection.run(ask(GROUP)) == [250, 250, 354]


def test_flows_run_one_after_the_other_on_one_connection():
    with stage() as on:
        on.play(b"220 hi\r\n", len(MAIL.octets), b"250 ok\r\n")

        assert on.connection.run(ask(GREETING)) == [220]
        assert on.connection.run(ask(MAIL)) == [250]


def test_a_large_text_is_written_as_the_peer_reads_it():
    text = bytes(range(256)) * 20_000
    with stage() as on:
        on.play(lambda peer: gevent.sleep(0.01), len(text), b"250 ok\r\n")

        assert on.connection.run(ask(Exchange(("message",), text))) == [250]
        assert on.heard == text


def test_a_peer_that_hangs_up_loses_the_stage_it_was_at():
    with stage() as on:
        on.play(len(GROUP.octets), b"250 ok\r\n", hang_up)

        with pytest.raises(Lost, match="RCPT: closed") as caught:
            on.connection.run(ask(GROUP))

        assert isinstance(caught.value.cause, PeerClosed)
        assert on.seen == [(("MAIL", "RCPT", "DATA"), (250, 421))]


def test_a_reset_is_a_loss_too():
    listener = gevent.socket.create_server(("127.0.0.1", 0))
    ours = gevent.socket.create_connection(listener.getsockname())
    peer, _ = listener.accept()
    connection = Connection(ours.detach(), observe=lambda *_: None, patience=5)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()

    with pytest.raises(Lost, match=r"greeting: .*reset"), gevent.Timeout(5):
        connection.run(ask(GREETING))
    connection.close()
    listener.close()


def test_replies_that_came_before_the_end_are_heard_even_if_writing_failed():
    text = b"x" * 5_000_000
    with stage() as on:
        on.play(100, b"552 too much\r\n", hang_up)

        assert on.connection.run(ask(Exchange(("message",), text))) == [552]


def test_a_421_is_the_last_reply_and_the_others_are_not_waited_for():
    with stage() as on:
        on.play(len(GROUP.octets), b"250 ok\r\n421 closing\r\n")

        with pytest.raises(Refused, match="RCPT: 421 closing"):
            on.connection.run(ask(GROUP))


def test_a_421_that_nobody_asked_for_answers_the_next_command():
    with stage() as on:
        on.play(b"220 hi\r\n421 shutting down\r\n", hang_up)

        with pytest.raises(Refused, match="EHLO: 421 shutting down"):
            on.connection.run(ask(GREETING, HELLO))


def test_after_a_reply_that_nobody_asked_for_no_reply_is_trusted():
    with stage() as on:
        on.play(b"220 hi\r\n250 surprise\r\n")

        with pytest.raises(Lost) as caught:
            on.connection.run(ask(GREETING, HELLO))

        assert isinstance(caught.value.cause, Unasked)


def test_who_says_more_than_was_asked_while_we_write_is_not_listened_to():
    with stage() as on:
        on.play(b"250 taken\r\n250 and more\r\n")

        with pytest.raises(Lost) as caught:
            on.connection.run(ask(Exchange(("message",), b"x" * 10_000_000)))

        assert isinstance(caught.value.cause, Unasked)


def test_who_has_less_patience_from_now_on_does_not_wait_as_long_as_was_said_before():
    with stage(patience=600.0) as on, gevent.Timeout(10.0):
        on.play(b"220 hi\r\n", len(HELLO.octets))
        assert on.connection.run(ask(GREETING)) == [220]
        on.connection.be_patient(0.05)

        with pytest.raises(Lost, match="EHLO: silent"):
            on.connection.run(ask(HELLO))


def test_a_silent_peer_is_given_up_after_the_patience():
    with stage(patience=0.05) as on:
        with pytest.raises(Lost, match="greeting: silent") as caught:
            on.connection.run(ask(GREETING))

        assert isinstance(caught.value.cause, PeerSilent)


def drip(octets: bytes) -> Callable[[Any], None]:
    def play(peer: Any) -> None:
        for octet in octets:
            with contextlib.suppress(OSError):  # nobody is there any more
                peer.sendall(bytes([octet]))
            gevent.sleep(0.01)

    return play


def test_a_slow_peer_is_not_a_silent_one():
    with stage(patience=5.0) as on:
        on.play(drip(b"220-a\r\n220 b\r\n"))

        assert on.connection.run(ask(GREETING)) == [220]


def test_a_reply_that_is_begun_and_not_ended_is_no_answer():
    with stage(patience=0.05) as on:
        on.play(drip(b"220-and so on\r\n" * 100))

        with pytest.raises(Lost, match="greeting: silent"):
            on.connection.run(ask(GREETING))


@pytest.mark.slow
def test_replies_that_come_one_by_one_are_waited_for_one_by_one():
    group = Exchange(("RCPT",) * 6, b"RCPT TO:<a@b.example>\r\n" * 6)

    def slowly(peer: Any) -> None:
        for _ in group.names:
            gevent.sleep(0.1)
            peer.sendall(b"250 ok\r\n")

    with stage(patience=0.5) as on:
        on.play(len(group.octets), slowly)

        assert on.connection.run(ask(group)) == [250] * 6


def test_who_sends_a_reply_without_an_end_is_not_listened_to():
    with stage() as on:
        on.play(b"220-and so on\r\n" * 100_000)

        with pytest.raises(Lost, match="greeting: a reply that does not end"):
            on.connection.run(ask(GREETING))


@pytest.mark.slow
def test_idle_time_is_not_silence():
    with stage(patience=0.5) as on:
        on.play(b"220 hi\r\n", len(MAIL.octets), b"250 ok\r\n")
        on.connection.run(ask(GREETING))
        gevent.sleep(0.7)

        assert on.connection.run(ask(MAIL)) == [250]


def test_a_connection_lost_while_idle_fails_the_next_flow():
    with stage() as on:
        on.play(b"220 hi\r\n", hang_up)
        on.connection.run(ask(GREETING))
        on.wait()
        gevent.sleep(0.01)

        with pytest.raises(Lost, match="MAIL: closed"):
            on.connection.run(ask(MAIL))


def test_an_error_of_the_flow_comes_out_of_run():
    def broken() -> Flow[None]:
        yield GREETING
        raise PeerError("no way to go on")

    with stage() as on:
        on.play(b"220 hi\r\n")

        with pytest.raises(PeerError, match="no way to go on"):
            on.connection.run(broken())


def test_an_error_of_the_observer_comes_out_of_run():
    def fail(*_: Any) -> None:
        raise ValueError("our own mistake")

    ours, peer = gevent.socket.socketpair()
    connection = Connection(ours.detach(), observe=fail, patience=5)
    peer.sendall(b"220 hi\r\n")

    with pytest.raises(ValueError, match="our own mistake"), gevent.Timeout(5):
        connection.run(ask(GREETING))
    connection.close()
    peer.close()


def test_a_flow_is_closed_when_its_user_is_killed():
    closed: list[bool] = []

    def endless() -> Flow[None]:
        try:
            yield GREETING
        finally:
            closed.append(True)

    with stage() as on:
        user = gevent.spawn(on.connection.run, endless())
        gevent.sleep(0)
        user.kill()
        on.play(b"220 too late\r\n")  # a callback without a flow has nothing to do
        on.wait()

        assert closed == [True]


def test_who_closes_a_connection_lets_go_of_the_socket():
    ours, peer = gevent.socket.socketpair()
    connection = Connection(ours.detach(), observe=lambda *_: None, patience=5)

    connection.close()

    with gevent.Timeout(5):
        assert peer.recv(1) == b""
    peer.close()
