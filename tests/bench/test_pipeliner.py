"""The generator that pipelines sends all that it is to, and counts nothing that was refused."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tests.bench.conftest import BENCH
from tests.loadtests.servers import aiosmtpd, serving

pytestmark = pytest.mark.slow


def pipeline(port, sessions, messages, octets=1_024):
    numbers = map(str, (port, sessions, messages, octets))
    return subprocess.run(
        [sys.executable, str(BENCH / "pipeliner.py"), *numbers],
        capture_output=True,
        text=True,
        timeout=60,
    )


def port_of(address):
    return address.rpartition(":")[2]


def test_every_message_arrives_whole():
    with aiosmtpd() as (address, taker):
        ended = pipeline(port_of(address), 5, 23)
    seconds, effort = map(float, ended.stdout.split())
    assert ended.returncode == 0, ended.stderr
    assert len(taker.taken) == 23
    assert all(990 < len(content) <= 1_024 for content in taker.taken)
    assert seconds > 0
    assert effort > 0


@pytest.mark.parametrize("says", [{"RCPT": "550 nobody"}, {"DATA": "452 no room"}])
def test_a_refusal_ends_it(says):
    with aiosmtpd(**says) as (address, _):
        ended = pipeline(port_of(address), 2, 4)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("refused: ")
    assert next(iter(says.values())) in ended.stderr


REPLIES = b"250 ok\r\n250 ok\r\n354 go on\r\n"


def a_taker(piece):
    """A server of one message each, that says its replies in pieces of so many octets."""

    def say(connection, octets):
        for at in range(0, len(octets), piece):
            connection.sendall(octets[at : at + piece])

    def talk(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octets, end in [
            (b"220 here\r\n", b"\r\n"),
            (b"250-here\r\n250 PIPELINING\r\n", b"DATA\r\n"),
            (REPLIES, b"\r\n.\r\n"),
            (b"250 taken\r\n", b""),
        ]:
            say(connection, octets)
            heard = b""
            while end and not heard.endswith(end):
                heard += connection.recv(4_096)

    return talk


@pytest.mark.parametrize("piece", [1, 2, 7, 100])
def test_replies_may_come_in_pieces(piece):
    with serving(a_taker(piece)) as (address, _):
        ended = pipeline(port_of(address), 2, 2)
    assert ended.returncode == 0, ended.stderr


def test_a_server_that_goes_away_is_not_waited_for():
    def talk(connection):
        connection.sendall(b"220 here\r\n")
        connection.recv(4_096)
        connection.sendall(b"250 here\r\n")
        connection.recv(4_096)
        connection.sendall(b"250 ok\r\n250")

    with serving(talk) as (address, _):
        ended = pipeline(port_of(address), 1, 1)
    assert (ended.returncode, ended.stderr) == (1, "closed before all was said\n")
