"""A sink's life: it listens, lets in so many clients at once, and ends when it has had enough."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import trio

from harness.errors import UsageError
from reference_server.doors.door import LOOPBACK, Door, Kind
from reference_server.doors.limits import Allowance
from reference_server.doors.sockets import SocketStream, accept_one
from reference_server.faults.certificates import Certificates
from reference_server.faults.faults import Faults
from reference_server.faults.serving import serve_with_faults
from reference_server.running import Reception
from reference_server.server import Patience, Server
from reference_server.smtp_sink.behaviour import make_faults, make_house, make_rules
from reference_server.smtp_sink.dumping import Dump
from reference_server.smtp_sink.letters import Letters
from reference_server.smtp_sink.places import LOCAL, listen_at, named, read_places
from reference_server.smtp_sink.showing import overhearing
from reference_server.smtp_sink.watching import Tally
from reference_server.talks.sink import Sink

STOP = 2.0  # seconds for clients to take their leave when there is enough


def run_sink(letters: Letters) -> None:
    """Be the sink that the letters describe, until there is enough or somebody says stop."""
    with contextlib.ExitStack() as opened:
        listeners = [
            opened.enter_context(listen_at(place, letters)) for place in read_places(letters)
        ]
        for listener in listeners:
            click.echo(f"listening on {named(listener.getsockname())}")
        _give_up_privileges(letters)
        trio.run(serve_sink, letters, listeners)


async def serve_sink(letters: Letters, listeners: Sequence[socket.socket]) -> None:
    """Let in who comes to these sockets."""
    enough = trio.Event()
    server = make_server(letters, enough)
    async with trio.open_nursery() as tasks:
        tasks.start_soon(_obey_signals, tasks.cancel_scope)
        reception = Reception(server, tasks)
        welcome = _welcome(letters, server, reception, tasks)
        async with trio.open_nursery() as accepting:
            for listener in listeners:
                accepting.start_soon(_let_in, listener, letters.clients, server, welcome)
            await enough.wait()
            accepting.cancel_scope.cancel()
        for listener in listeners:
            listener.close()
        with trio.move_on_after(STOP):
            await server.attendance.until_empty()
        await reception.close()
        tasks.cancel_scope.cancel()


def make_server(letters: Letters, enough: trio.Event) -> Server:
    """The server that takes everything; `enough` is set when it has what it was to wait for."""
    house = make_house(letters)
    counts = letters.counts or letters.messages or letters.sessions
    dumps = letters.one_file_each or letters.one_file
    return Server(
        house=house,
        intake=Sink(house),
        rules=make_rules(letters),
        patience=Patience(idle=letters.patience, stop=0),
        allowance=Allowance(connections=letters.clients + 1),  # more wait to be let in
        watchers=(
            *([Dump(letters)] if dumps else []),
            *([Tally(letters, enough)] if counts else []),
        ),
    )


Welcome = Callable[[socket.socket, str], None]


def _welcome(
    letters: Letters, server: Server, reception: Reception, tasks: trio.Nursery
) -> Welcome:
    """By the crowd, where nothing happens to anybody and nobody listens."""
    door = Door(Kind.LMTP if letters.lmtp else Kind.SMTP, LOOPBACK)
    table = make_faults(letters)
    if not (table.rows or letters.shows or letters.logged):
        return reception.at(door)
    faults = Faults(table, Certificates(Path(tempfile.gettempdir())))  # there is no TLS

    def welcome(sock: socket.socket, peer: str) -> None:
        stream = overhearing(letters, peer)(SocketStream(sock))
        tasks.start_soon(serve_with_faults, server, faults, stream, peer, door)

    return welcome


async def _let_in(listener: socket.socket, most: int, server: Server, welcome: Welcome) -> None:
    """Welcome clients for ever; while there are as many as there may be, others wait outside."""
    while True:
        await server.attendance.until_below(most)
        sock, peer = await accept_one(listener)
        welcome(sock, peer or LOCAL)


async def _obey_signals(everything: trio.CancelScope) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            everything.cancel()  # nothing is kept, so nothing has to be finished


def _give_up_privileges(letters: Letters) -> None:
    """-R and -u: once the sockets are open, and only root can."""
    user = None if letters.user is None else _user(letters.user)
    try:
        if letters.root is not None:
            os.chroot(letters.root)
            os.chdir("/")
        if user is not None:
            os.initgroups(user.pw_name, user.pw_gid)
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
    except OSError as problem:
        letter = "-R" if user is None else "-u"
        raise UsageError(f"{letter}: {problem.strerror}: only root can do this") from problem


def _user(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise UsageError(f"-u: there is no user {name!r} on this machine") from None
