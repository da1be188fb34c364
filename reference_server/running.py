"""A server's life: its doors are opened and told of, clients are let in, signals obeyed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial

import click
import trio

from harness.errors import UsageError
from reference_server.doors.crowd import HAS_EPOLL, Crowd
from reference_server.doors.door import Door, Endpoint, OpenDoor, listen_at, open_door
from reference_server.doors.listener import serve
from reference_server.doors.sockets import SocketStream, accept
from reference_server.faults.control import make_respond
from reference_server.faults.faults import Faults
from reference_server.faults.serving import serve_with_faults
from reference_server.http import Request, Response, serve_http
from reference_server.pop3.session import serve_pop3
from reference_server.relay.relay import Relay
from reference_server.server import Server
from reference_server.talks.reciting import Hostess, RecitingConnection
from reference_server.talks.sink import Sink, SinkConnection
from reference_server.watching.metrics import PATH, respond

Welcome = Callable[[socket.socket, str], None]


async def run(
    server: Server,
    doors: Sequence[Door],
    *,
    until_eof: bool = False,
    faults: Faults | None = None,
    control: Endpoint | None = None,
    metrics: Endpoint | None = None,
    renew: Callable[[], None] | None = None,
    task_status: trio.TaskStatus[Sequence[Door]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve at these doors until SIGTERM or Ctrl-C comes, or standard input ends.

    SIGHUP calls `renew`; without one it ends us, as it ends whatever belongs to a terminal.
    """
    with contextlib.ExitStack() as listeners:
        opened = [_open(server, door, listeners) for door in doors]
        scraped = None if metrics is None else listeners.enter_context(listen_at(metrics))
        controls = None if control is None else listeners.enter_context(listen_at(control))
        announce([one.door for one in opened], scraped, controls)
        async with trio.open_nursery() as tasks:
            stop = trio.Event()
            tasks.start_soon(obey_signals, stop, tasks.cancel_scope)
            if renew is not None:
                await tasks.start(renew_on_hangup, renew)
            if until_eof:
                tasks.start_soon(end_at_eof, tasks.cancel_scope)
            if controls is not None and faults is not None:
                tasks.start_soon(serve_http, controls, make_respond(faults))
            if scraped is not None:
                tasks.start_soon(serve_http, scraped, partial(_tell_metrics, server))
            await live(server, opened, stop, faults=faults, task_status=task_status)
            tasks.cancel_scope.cancel()


async def live(
    server: Server,
    opened: Sequence[OpenDoor],
    stop: trio.Event,
    *,
    faults: Faults | None = None,
    task_status: trio.TaskStatus[Sequence[Door]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Let clients in at open doors until `stop`, then let transactions finish; closes the doors."""
    async with trio.open_nursery() as tasks:
        relay_over = await _start_relay(server, tasks)
        reception = Reception(server, tasks, faults)
        async with trio.open_nursery() as accepting:
            for one in opened:
                accepting.start_soon(accept, one.listener, reception.at(one.door))
            server.tell("started", doors=[str(one.door) for one in opened], pid=os.getpid())
            task_status.started([one.door for one in opened])
            await stop.wait()
            server.tell("stopping", clients=server.open_connections)
            accepting.cancel_scope.cancel()
        for one in opened:
            one.listener.close()
        with trio.move_on_after(server.patience.stop):
            await reception.close()
            await relay_over.wait()
        tasks.cancel_scope.cancel()
    server.tell("stopped")


async def _start_relay(server: Server, tasks: trio.Nursery) -> trio.Event:
    """Run the relay, if there is one; the event tells that it has ended."""
    over = trio.Event()
    if server.relay is None:
        over.set()
    else:
        await tasks.start(_relay, server.relay, over)
    return over


async def _relay(
    relay: Relay, over: trio.Event, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    await relay.run(task_status=task_status)
    over.set()


def _tell_metrics(server: Server, request: Request) -> Response:
    return respond(request, {"": () if server.metrics is None else server.metrics.samples()})


def hostess_of(server: Server) -> Hostess:
    """What makes the connections of that server."""
    return Hostess(SinkConnection if isinstance(server.intake, Sink) else RecitingConnection)


class Reception:
    """Who comes in is served: by the crowd, or by a task of its own where that cannot be."""

    def __init__(self, server: Server, tasks: trio.Nursery, faults: Faults | None = None) -> None:
        self._server = server
        self._tasks = tasks
        self._faults = faults
        if faults is not None:
            faults.tell = server.tell
        self._connect = hostess_of(server)
        has_crowd = HAS_EPOLL and faults is None
        self._crowd = Crowd(server, tasks, self._connect) if has_crowd else None
        if self._crowd is not None:
            tasks.start_soon(self._crowd.serve)
            tasks.start_soon(self._crowd.sweep)

    def at(self, door: Door) -> Welcome:
        """How a connection to that door is welcomed."""
        crowd, faults = self._crowd, self._faults
        if door.service is None:
            return lambda sock, peer: self._tasks.start_soon(
                serve_pop3, self._server, SocketStream(sock), peer, door
            )
        if faults is not None:
            return lambda sock, peer: self._tasks.start_soon(
                serve_with_faults, self._server, faults, SocketStream(sock), peer, door
            )
        if crowd is None or door.implicit_tls:
            talk = partial(serve, connect=self._connect)
            return lambda sock, peer: self._tasks.start_soon(
                talk, self._server, SocketStream(sock), peer, door
            )
        return lambda sock, peer: crowd.join(sock, peer, door)

    async def close(self) -> None:
        """Ask the idle to leave, and wait for the transactions that are under way."""
        self._server.is_stopping = True
        if self._server.relay is not None:
            self._server.relay.stop()
        if self._crowd is not None:
            self._crowd.ask_to_leave()
        for guest in list(self._server.attendance.guests):
            guest.ask_to_leave()
        await self._server.attendance.until_empty()


def _open(server: Server, door: Door, listeners: contextlib.ExitStack) -> OpenDoor:
    """Listen there; the listener is closed with the others."""
    check_certificate(door, has_one=server.tls is not None)
    opened = open_door(door)
    listeners.enter_context(opened.listener)
    return opened


def check_certificate(door: Door, *, has_one: bool) -> None:
    """Raises UsageError if the door would begin with a handshake, and there is no certificate."""
    if door.implicit_tls and not has_one:
        raise UsageError(f"{door}: TLS needs a certificate (see --tls-self-signed)")


def announce(
    doors: Sequence[Door],
    scraped: socket.socket | None,
    controls: socket.socket | None = None,
) -> None:
    """Say where we listen, for people and for whoever has started us; once all of it is so."""
    for door in doors:
        click.echo(f"listening on {door.announcement}")
    if scraped is not None:
        click.echo(f"metrics on http://{Endpoint(*scraped.getsockname()[:2])}{PATH}")
    if controls is not None:
        click.echo(f"control on http://{Endpoint(*controls.getsockname()[:2])}")
    sys.stdout.flush()


async def obey_signals(stop: trio.Event, everything: trio.CancelScope) -> None:
    """The first signal to stop lets transactions finish, the second lets nothing finish."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            if stop.is_set():
                everything.cancel()
            stop.set()


async def renew_on_hangup(
    renew: Callable[[], None], task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """SIGHUP, to what reads a configuration, says by custom that it has changed."""
    with trio.open_signal_receiver(signal.SIGHUP) as signals:
        task_status.started()
        async for _ in signals:
            renew()


async def end_at_eof(everything: trio.CancelScope) -> None:
    """Whoever started us is gone, and so is the reason to finish anything."""
    stdin = trio.lowlevel.FdStream(sys.stdin.fileno())
    while await stdin.receive_some(1_024):
        pass
    everything.cancel()
