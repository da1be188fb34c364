"""Our own share of latencies: what had arrived and waited for us."""

from __future__ import annotations

from time import perf_counter

import gevent

from loadtests.driving import Own
from tests.loadtests.driving.stage import GREETING, MAIL, ask, stage

BUSY = 0.02


def be_busy(*_: object) -> None:
    until = perf_counter() + BUSY
    while perf_counter() < until:
        pass


def test_who_was_served_last_waited_for_us_while_we_served_the_others():
    own = Own()
    own.watch(gevent.get_hub().loop)
    with stage(own=own) as one, stage(own=own) as other:
        users = [gevent.spawn(on.connection.run, ask(GREETING)) for on in (one, other)]
        gevent.sleep(0)
        for on in (one, other):
            on.connection._observe = be_busy
            on.peer.send(b"220 hi\r\n")
        gevent.joinall(users)

        ours, waited = own.take()

    assert BUSY * 1e6 <= ours <= waited


def test_what_was_taken_is_not_told_again():
    own = Own()
    own.watch(gevent.get_hub().loop)
    with stage(own=own) as on:
        on.play(b"220 hi\r\n", len(MAIL.octets), b"250 ok\r\n")
        on.connection.run(ask(GREETING, MAIL))

    ours, waited = own.take()
    assert 0 <= ours <= waited
    assert waited > 0
    assert own.take() == (0, 0)
