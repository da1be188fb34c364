"""The supervisor: starts workers, starts those again that die, and speaks for all of them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import trio

import harness
from harness.errors import UsageError
from reference_server.configuration import Config
from reference_server.configuration.making import make_mailboxes
from reference_server.configuration.renewing import complaints_of
from reference_server.doors.door import Door, listen_at, reserve_door
from reference_server.http import Request, Response, serve_http
from reference_server.running import (
    announce,
    check_certificate,
    end_at_eof,
    obey_signals,
    renew_on_hangup,
)
from reference_server.talks.sink import Takings
from reference_server.watching.log import Fact, Level, Log
from reference_server.watching.metrics import Sample, respond
from reference_server.workers.channel import Ask, Begin, Channel, Ready, Renew, Taken, Told
from reference_server.workers.fitness import check_fitness, for_workers

PAUSE: Final = 1.0  # seconds before a worker that died is started again
_ANSWER: Final = 2.0  # seconds for a worker to tell its numbers
_END: Final = 5.0  # seconds for a worker to end once it has been told to
_COMMAND: Final = (sys.executable, "-P", "-m", "reference_server.workers.worker")


class Supervisor:
    """Sees to the workers of one configuration."""

    def __init__(self, told: Config, spool: Path) -> None:
        check_fitness(told)
        self._told = told
        self._spool = spool
        self._config = for_workers(told, spool)
        self._log = None if told.log is None else Log(told.log)
        self._posts: list[_Post] = []
        self.takings = Takings()

    async def run(
        self,
        read: Callable[[], Config],
        *,
        until_eof: bool = False,
        renews: bool = False,
        task_status: trio.TaskStatus[Sequence[Door]] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Until SIGTERM or Ctrl-C; `read` is for SIGHUP, where there is something to read."""
        if self._config.keeps_mail:
            make_mailboxes(self._config).clear()
        with contextlib.ExitStack() as held:
            for door in self._config.doors:
                check_certificate(door, has_one=self._config.key_pair is not None)
            doors = tuple(reserve_door(door, held) for door in self._config.doors)
            metrics = self._config.metrics
            scraped = None if metrics is None else held.enter_context(listen_at(metrics))
            async with trio.open_nursery() as tasks:
                stop = trio.Event()
                tasks.start_soon(obey_signals, stop, tasks.cancel_scope)
                if until_eof:
                    tasks.start_soon(end_at_eof, tasks.cancel_scope)
                await self._man(doors, tasks)
                await self._attend(scraped, read if renews else None, tasks)
                announce(doors, scraped)
                self._tell("started", doors=[str(door) for door in doors], pid=os.getpid())
                task_status.started(doors)
                await stop.wait()
                self._tell("stopping")
                await self._dismiss()
                tasks.cancel_scope.cancel()
        self._tell("stopped")

    async def _man(self, doors: tuple[Door, ...], tasks: trio.Nursery) -> None:
        workers = self._config.workers
        for number in range(workers):
            begin = Begin(
                config=self._config,
                spool=self._spool,
                doors=doors,
                number=number,
                workers=workers,
            )
            self._posts.append(_Post(begin, self.takings, self._tell))
        async with trio.open_nursery() as starting:
            for post in self._posts:
                starting.start_soon(tasks.start, post.man)

    async def _attend(
        self, scraped: socket.socket | None, read: Callable[[], Config] | None, tasks: trio.Nursery
    ) -> None:
        if scraped is not None:
            tasks.start_soon(serve_http, scraped, self._respond)
        if read is not None:
            renewals, wanted = trio.open_memory_channel[None](1)
            tasks.start_soon(self._renew, read, wanted)
            await tasks.start(renew_on_hangup, partial(_want, renewals))

    async def _dismiss(self) -> None:
        """Forward the signal, and wait for transactions as long as each worker does."""
        with trio.move_on_after(self._config.patience.stop + _END):
            async with trio.open_nursery() as leaving:
                for post in self._posts:
                    leaving.start_soon(post.dismiss)

    # --- what is asked of all -----------------------------------------------------------------

    async def _respond(self, request: Request) -> Response:
        samples: dict[str, tuple[Sample, ...]] = {}
        async with trio.open_nursery() as asking:
            for post in self._posts:
                asking.start_soon(post.ask, samples)
        return respond(request, samples)

    async def _renew(
        self, read: Callable[[], Config], wanted: trio.MemoryReceiveChannel[None]
    ) -> None:
        async for _ in wanted:
            try:
                if self._log is not None:
                    self._log.reopen()
                told = read()
                check_fitness(told)
                config = self._renewed(told)
            except UsageError as error:
                self._tell("reload-refused", Level.WARNING, problems=complaints_of(error))
            else:
                self._config = config
                for post in self._posts:
                    await post.renew(config)

    def _renewed(self, told: Config) -> Config:
        """With the certificate that we have made, if one is to be made; and as many workers."""
        told = replace(told, workers=self._told.workers)
        if told.tls_self_signed and self._told.tls_self_signed:
            told = replace(told, tls_self_signed=False, key_pair=self._config.key_pair)
        return for_workers(told, self._spool)

    def _tell(self, event: str, level: Level = Level.INFO, /, **facts: Fact) -> None:
        if self._log is not None:
            self._log.tell(event, level, **facts)


class _Post:
    """A place that is manned by one worker after the other."""

    def __init__(self, begin: Begin, takings: Takings, tell: Callable[..., None]) -> None:
        self._begin = begin
        self._takings = takings
        self._tell = tell
        self._process: trio.Process | None = None
        self._channel: Channel | None = None
        self._is_leaving = False
        self._empty = trio.Event()
        self._asking = trio.Lock()
        self._told, self._hears_told = trio.open_memory_channel[Told](1)

    @property
    def _number(self) -> int:
        return self._begin.number

    async def man(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep a worker here until it is dismissed; raises UsageError if the first cannot begin."""
        await self._work(task_status)
        while not self._is_leaving:
            await trio.sleep(PAUSE)
            await self._work(trio.TASK_STATUS_IGNORED)
        self._empty.set()

    async def _work(self, task_status: trio.TaskStatus[None]) -> None:
        process = await trio.lowlevel.open_process(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C is for the supervisor, who tells us
            env=_environment(),
        )
        self._process = process
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            await self._accompany(Channel(process.stdout, process.stdin), process.pid, task_status)
        finally:
            self._channel = None
            status = await _end(process)
        if not self._is_leaving:
            level = Level.WARNING
            self._tell("worker-died", level, number=self._number, pid=process.pid, status=status)

    async def _accompany(
        self, channel: Channel, pid: int, task_status: trio.TaskStatus[None]
    ) -> None:
        """From its beginning to its end."""
        with contextlib.suppress(trio.BrokenResourceError):
            await channel.send(self._begin)
            if isinstance(await channel.receive(), Ready):
                self._channel = channel
                self._tell("worker-started", number=self._number, pid=pid)
                task_status.started()
            elif task_status is not trio.TASK_STATUS_IGNORED:
                raise UsageError(f"worker {self._number} did not start")
            while (message := await channel.receive()) is not None:
                match message:
                    case Told():
                        with contextlib.suppress(trio.WouldBlock):
                            self._told.send_nowait(message)
                    case Taken(messages=messages, octets=octets):
                        self._takings.messages += messages
                        self._takings.octets += octets

    async def dismiss(self) -> None:
        """Tell the worker to stop; returns when it has."""
        self._is_leaving = True
        if self._process is not None:
            self._process.terminate()
        await self._empty.wait()

    async def renew(self, config: Config) -> None:
        """Tell the worker, and all who come after it, of a new configuration."""
        self._begin = replace(self._begin, config=config)
        if self._channel is not None:
            with contextlib.suppress(trio.BrokenResourceError):
                await self._channel.send(Renew(config))

    async def ask(self, samples: dict[str, tuple[Sample, ...]]) -> None:
        """Put the worker's numbers there, if it tells them in time."""
        async with self._asking:
            channel = self._channel
            if channel is None:
                return
            with contextlib.suppress(trio.WouldBlock):
                self._hears_told.receive_nowait()  # an answer that came too late for the last one
            with contextlib.suppress(trio.BrokenResourceError), trio.move_on_after(_ANSWER):
                await channel.send(Ask())
                samples[str(self._number)] = (await self._hears_told.receive()).samples


async def _end(process: trio.Process) -> int:
    """What the process ended with; if it runs still, its channel is cut, and it has to go."""
    with trio.CancelScope(shield=True):
        assert process.stdin is not None
        await process.stdin.aclose()
        with trio.move_on_after(_END):
            await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None, "it has been waited for"
    return process.returncode


def _want(renewals: trio.MemorySendChannel[None]) -> None:
    with contextlib.suppress(trio.WouldBlock):  # one is due already
        renewals.send_nowait(None)


def _environment() -> Mapping[str, str]:
    """Ours, so that a worker finds the very code that we are."""
    here = str(Path(harness.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}
