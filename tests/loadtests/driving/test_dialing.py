"""Connecting to what listens, and to what does not."""

from __future__ import annotations

import errno
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
import gevent.socket
import pytest

from harness.errors import PeerClosed, PeerSilent
from loadtests.driving import Connection, Place, dial, look_up
from loadtests.driving.dialing import Socket, unix
from tests.loadtests.driving.stage import GREETING, ask


def listening() -> Any:
    made = gevent.socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen()
    return made


@contextmanager
def nowhere() -> Iterator[tuple[Place, ...]]:
    """A port that is ours, and where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield look_up(*held.getsockname())


def greets(listener: Any) -> None:
    peer, _ = listener.accept()
    peer.sendall(b"220 hi\r\n")
    peer.close()


def greeted(places: tuple[Place, ...]) -> list[int]:
    connection = Connection(dial(places, 5), observe=lambda *_: None, patience=5)
    try:
        return connection.run(ask(GREETING))
    finally:
        connection.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_name_is_connected_to(host: str):
    with gevent.Timeout(5):
        listener = listening()
        playing = gevent.spawn(greets, listener)

        assert greeted(look_up(host, listener.getsockname()[1])) == [220]
        playing.get()
        listener.close()


def test_a_socket_of_this_machine_is_connected_to(tmp_path: Path):
    with gevent.Timeout(5):
        listener = gevent.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        playing = gevent.spawn(greets, listener)

        assert look_up(str(tmp_path / "s"), 0) == unix(tmp_path / "s")
        assert greeted(unix(tmp_path / "s")) == [220]
        playing.get()
        listener.close()


def test_small_writes_are_not_held_back():
    listener = listening()
    made = Socket(fileno=dial(look_up(*listener.getsockname()), 5))

    assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    made.close()
    listener.close()


def test_the_next_place_is_tried_where_nobody_listens():
    with gevent.Timeout(5):
        listener = listening()
        playing = gevent.spawn(greets, listener)

        with nowhere() as nobody:
            assert greeted(nobody + look_up(*listener.getsockname())) == [220]
        playing.get()
        listener.close()


def test_where_nobody_listens_the_reason_is_told(tmp_path: Path):
    with nowhere() as places, pytest.raises(PeerClosed, match=os.strerror(errno.ECONNREFUSED)):
        dial(places, 5)
    with pytest.raises(PeerClosed, match=os.strerror(errno.ENOENT)):
        dial(unix(tmp_path / "none"), 5)
    with pytest.raises(PeerClosed, match="no address"):
        dial((), 5)


@contextmanager
def no_descriptors_left() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)  # the lowest that is free: none below it is
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_who_has_no_descriptor_left_is_told_so_as_of_any_connection_that_fails():
    told = pytest.raises(PeerClosed, match=os.strerror(errno.EMFILE))
    with nowhere() as places, no_descriptors_left(), told:
        dial(places, 5)


def test_who_does_not_answer_is_given_up_after_the_patience():
    listener = gevent.socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    places = look_up(*listener.getsockname())
    held: list[int] = []

    def fill() -> None:
        while len(held) < 10:  # nobody accepts: the queue is soon full, and no SYN is answered
            held.append(dial(places, 0.05))

    with pytest.raises(PeerSilent, match="silent"):
        fill()
    for descriptor in held:
        os.close(descriptor)
    listener.close()


def test_a_full_queue_of_this_machine_is_told(tmp_path: Path):
    listener = Socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(tmp_path / "s"))
    listener.listen(0)
    first = dial(unix(tmp_path / "s"), 5)

    with pytest.raises(PeerClosed, match=os.strerror(errno.EAGAIN)):
        dial(unix(tmp_path / "s"), 5)
    os.close(first)
    listener.close()
