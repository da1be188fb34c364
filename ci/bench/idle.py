"""How much memory an idle connection costs the reference server: resident, before and after.

    python ci/bench/idle.py [--connections 10000] [--tls] [--mail]

Each connection has said EHLO, and perhaps sent a message, and waits.  As many are opened as the
hard limit of descriptors allows, for us and for the server, and at the end each must still be
there.  Mail goes to memory: how long a disk takes is not asked here.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import select
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it comes with Locust, without stubs
from places import in_memory

OURS = 200  # descriptors for anything else
AT_ONCE = 16  # are opened, so that nobody waits for one answer after the other
CONFIGURATION = """\
listen: smtp://127.0.0.1:0
spool: spool
users: {alice: wonderland}
tls: {self_signed: yes}
limits: {connections: 1000000}
"""


def main() -> None:
    """Measure, and say it in one line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--tls", action="store_true", help="each has gone through STARTTLS")
    parser.add_argument("--mail", action="store_true", help="each has sent a message")
    options = parser.parse_args()
    count = allowed(options.connections)
    each = weigh(count, tls=options.tls, mail=options.mail)
    how = "inside TLS" if options.tls else "in the clear"
    how += ", after a message" if options.mail else ""
    print(f"{count} idle connections {how}: {each / 1024:.1f} KiB each")


def allowed(wanted: int) -> int:
    """So many connections, or as many as the hard limit of descriptors allows, which is told."""
    most = raised_limit() - OURS
    if most < wanted:
        print(f"the hard limit of descriptors allows {most} connections, not {wanted}")
    return min(wanted, most)


def weigh(count: int, *, tls: bool = False, mail: bool = False) -> float:
    """The octets that each of so many idle connections costs the server."""
    with (
        server() as (process, port),
        ThreadPoolExecutor(AT_ONCE) as pool,
        contextlib.ExitStack() as held,
    ):

        def connections(many: int) -> list[socket.socket]:
            each = pool.map(lambda _: ready(port, tls=tls, mail=mail), range(many))
            return [held.enter_context(connection) for connection in each]

        connections(2 * AT_ONCE)  # what the first ones make for all
        before = process.memory_info().rss
        crowd = connections(count)
        each = float(process.memory_info().rss - before) / count
        gone = disturbed(crowd)
        if gone:
            sys.exit(f"{gone} of {count} connections have not been left alone")
        return each


def disturbed(crowd: Sequence[socket.socket]) -> int:
    """How many of them were told something, or closed, while they were idle."""
    poll = select.poll()
    for connection in crowd:
        poll.register(connection, select.POLLIN)
    return len(poll.poll(0))


def raised_limit() -> int:
    """As many descriptors as the hard limit allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@contextlib.contextmanager
def server() -> Iterator[tuple[psutil.Process, int]]:
    """A server, and the port where it listens."""
    with tempfile.TemporaryDirectory() as disk, in_memory(Path(disk)) as folder:
        file = folder / "serve.yaml"
        file.write_text(CONFIGURATION)
        command = [sys.executable, "-m", "reference_server", "--config", str(file), "--until-eof"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            yield psutil.Process(child.pid), int(child.stdout.readline().rsplit(":", 1)[1])
            child.kill()


def ready(port: int, *, tls: bool, mail: bool) -> socket.socket:
    """A connection that has said what it has to say."""
    connection = greeted(port, tls=tls)
    if mail:
        for line in (b"MAIL FROM:<>", b"RCPT TO:<alice@example.test>", b"DATA", b"x\r\n."):
            connection.sendall(line + b"\r\n")
            ended(connection, b"3" if line == b"DATA" else b"2")
    return connection


def greeted(port: int, *, tls: bool) -> socket.socket:
    """A connection that has said EHLO and been answered."""
    connection = socket.create_connection(("127.0.0.1", port))
    ended(connection, b"220")
    connection.sendall(b"EHLO c.test\r\n")
    ended(connection, b"250")
    if not tls:
        return connection
    connection.sendall(b"STARTTLS\r\n")
    ended(connection, b"220")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    inside = context.wrap_socket(connection)
    inside.sendall(b"EHLO c.test\r\n")
    ended(inside, b"250")
    return inside


def ended(connection: socket.socket, code: bytes) -> None:
    """Read a reply to its last line."""
    said = b""
    while not said.split(b"\r\n")[-2:-1] or said.split(b"\r\n")[-2][3:4] != b" ":
        octets = connection.recv(65_536)
        assert octets, said
        said += octets
    assert said.startswith(code), said


if __name__ == "__main__":
    main()
