"""Servers: those that are compared, started and ended, each with a port and a place of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]  # it comes with Locust, without stubs
from loads import Postfix

_BIN: Final = Path(sys.executable).parent
_MAILDIR_TARGET: Final = Path(__file__).parents[1] / "targets" / "aiosmtpd" / "server.py"
_TAKEN: Final = "taken: "  # how a sink begins to say what it has taken

# Their names in tables.
SINK, SMTP_SINK = "serve --sink", "smtp-sink"
UNSYNCED, SYNCED = "serve --no-sync", "serve"
AIOSMTPD, AIOSMTPD_KEEPS = "aiosmtpd", "aiosmtpd, keeps mail"
POSTFIX = "Postfix"
ANSWERING = "answering"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server to be measured."""

    name: str
    port: int
    command: tuple[str, ...] = ()  # none: it runs already
    environment: Mapping[str, str] | None = None
    mailbox: Path | None = None  # where it must keep every message that it confirms
    counts: bool = False  # it tells at its end how many messages it took


@dataclass(slots=True)
class Started:
    """A server that greets."""

    server: Server
    process: psutil.Process | None  # none where a server is many processes
    confirmed: int = 0  # messages, in all

    @property
    def kept(self) -> int:
        """How many messages are in its mailbox by now, which was empty at first."""
        mailbox = self.server.mailbox
        return 0 if mailbox is None else len(os.listdir(mailbox))

    def processor_time(self) -> float:
        """Seconds of processor that it has used, in all its threads."""
        if self.process is None:
            return 0.0
        times = self.process.cpu_times()
        return float(times.user + times.system)


def lineup(
    tools: Postfix, home: Path, memory: Path, *, postfix: Server | None
) -> Mapping[str, Server]:
    """The servers: mail that is synced goes to the disk, all other mail to memory."""
    sink, unsynced, synced, library, writer, peer = free_ports(6)
    servers = [
        reference_server(SINK, sink, memory / "sink", "--sink"),
        reference_server(UNSYNCED, unsynced, memory / "unsynced", "--no-sync"),
        reference_server(SYNCED, synced, home / "synced"),
        Server(
            name=AIOSMTPD,
            port=library,
            command=(str(_BIN / "aiosmtpd"), "-n", "-l", f"127.0.0.1:{library}",
                     "-c", "aiosmtpd.handlers.Sink"),
        ),
        Server(
            name=AIOSMTPD_KEEPS,
            port=writer,
            command=(sys.executable, "-W", "ignore", str(_MAILDIR_TARGET), f"--port={writer}",
                     f"--home={memory / 'aiosmtpd'}"),
            mailbox=memory / "aiosmtpd" / "mail" / "alice" / "new",
        ),
        Server(
            name=SMTP_SINK,
            port=peer,
            command=tools.sink(peer),
            environment=tools.environment,
        ),
        *([postfix] if postfix else []),
    ]  # fmt: skip
    return {server.name: server for server in servers}


def reference_server(name: str, port: int, spool: Path, *more: str) -> Server:
    """The one that the suites pass on, by its own command."""
    where = ("--port", str(port), "--domain", "example.test", "--spool", str(spool))
    command = (sys.executable, "-m", "reference_server", *where, "--user", "alice:secret", *more)
    keeps = name != SINK
    mailbox = spool / "mail" / "alice" / "new" if keeps else None
    return Server(name=name, port=port, command=command, mailbox=mailbox, counts=not keeps)


def answering(port: int) -> Server:
    """A server that is faster than generators, inside TLS as well, and only answers."""
    command = (sys.executable, str(Path(__file__).parent / "answering.py"), str(port))
    return Server(name=ANSWERING, port=port, command=command)


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now, nor the two behind each: one of the servers opens these too.

    All are held until the last is found, so none comes twice.
    """
    found: list[int] = []
    with contextlib.ExitStack() as held:

        def hold(port: int) -> int:
            listener = held.enter_context(socket.create_server(("127.0.0.1", port)))
            return int(listener.getsockname()[1])

        while len(found) < count:
            first = hold(0)
            with contextlib.suppress(OSError):  # one of them is taken
                hold(first + 1), hold(first + 2)
                found.append(first)
    return found


@contextlib.contextmanager
def running(server: Server) -> Iterator[Started]:
    """The server, started and greeting; it is ended afterwards, and has to say what it took."""
    if not server.command:
        yield Started(server, None)
        return
    if server.mailbox is not None:
        server.mailbox.parents[2].mkdir(parents=True, exist_ok=True)
    environment = os.environ | (server.environment or {})
    child = subprocess.Popen(server.command, stdout=subprocess.PIPE, env=environment, text=True)
    started = Started(server, psutil.Process(child.pid))
    try:
        _wait_for_greeting(server, child)
        yield started
    finally:
        said = _end(child)
    if server.counts and f"{_TAKEN}{started.confirmed} messages" not in said:
        sys.exit(f"{server.name}: {started.confirmed} messages were confirmed, and it says: {said}")


def _end(child: subprocess.Popen[str]) -> str:
    """End it; what it said."""
    child.send_signal(signal.SIGTERM)
    try:
        return child.communicate(timeout=10)[0]
    except subprocess.TimeoutExpired:
        child.kill()
        return child.communicate()[0]


def _wait_for_greeting(server: Server, child: subprocess.Popen[str]) -> None:
    """Return once the server says 220; end everything when it does not."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and child.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", server.port), timeout=5) as peer,
        ):
            if peer.recv(3) == b"220":
                return
        time.sleep(0.05)
    sys.exit(f"{server.name} does not greet: {' '.join(server.command)}")
