"""A worker: `python -m reference_server.workers.worker`, told over standard input what it is.

It ends when its supervisor does, however that ends, because then its standard input does.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import click
import trio

from harness.errors import UsageError
from reference_server.configuration import Config, make_server
from reference_server.configuration.relays import World
from reference_server.configuration.renewing import Renewal
from reference_server.doors.descriptors import raise_limit
from reference_server.doors.door import OpenDoor, open_door
from reference_server.running import live, obey_signals
from reference_server.server import Server
from reference_server.talks.sink import Sink
from reference_server.workers.channel import Ask, Begin, Channel, Ready, Renew, Taken, Told


async def work(channel: Channel) -> None:
    """Be the worker that the channel says, until a signal comes or the supervisor is gone."""
    begin = await channel.receive()
    if not isinstance(begin, Begin):
        return
    server = make_server(begin.config, World(part=begin.number, parts=begin.workers))
    with contextlib.ExitStack() as listeners:
        opened = [open_door(door, shared=True) for door in begin.doors]
        for one in opened:
            listeners.enter_context(one.listener)
        async with trio.open_nursery() as tasks:
            tasks.start_soon(_hear, channel, server, begin, tasks.cancel_scope)
            await tasks.start(_live, channel, server, opened, tasks.cancel_scope)
            await channel.send(Ready())


async def _live(
    channel: Channel,
    server: Server,
    opened: list[OpenDoor],
    everything: trio.CancelScope,
    task_status: trio.TaskStatus[object],
) -> None:
    async with trio.open_nursery() as tasks:
        stop = trio.Event()
        tasks.start_soon(obey_signals, stop, everything)
        await live(server, opened, stop, task_status=task_status)
        if isinstance(server.intake, Sink):
            takings = server.intake.takings
            await channel.send(Taken(takings.messages, takings.octets))
        everything.cancel()


async def _hear(
    channel: Channel, server: Server, begin: Begin, everything: trio.CancelScope
) -> None:
    config = begin.config
    while (message := await channel.receive()) is not None:
        match message:
            case Renew(config=new):
                _renew(server, config, new, begin.spool)
                config = new
            case Ask():
                samples = () if server.metrics is None else tuple(server.metrics.samples())
                await channel.send(Told(samples))
    everything.cancel()


def _renew(server: Server, old: Config, new: Config, spool: Path) -> None:
    Renewal(server, old, lambda: new, spool)()


def main() -> None:
    """The process: its channel is standard input and output, what it has to say goes elsewhere."""
    reading, writing = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    raise_limit()

    async def run() -> None:
        await work(Channel(trio.lowlevel.FdStream(reading), trio.lowlevel.FdStream(writing)))

    try:
        trio.run(run)
    except* UsageError as group:
        for error in group.exceptions:
            click.echo(f"error: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
