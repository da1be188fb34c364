"""A POP3 server in a thread of its own, for commands that run a loop of theirs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio

from reference_server.doors.door import Door, Kind
from reference_server.pop3.session import serve_pop3
from reference_server.server import Server
from tests.reference_server.connecting import server_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Popping:
    """A server that listens, and where its mail is."""

    server: Server
    spool: Path
    ports: dict[Kind, int]

    def url(self, user: str = "alice", kind: Kind = Kind.POP3S) -> str:
        return f"{kind}://{user}@localhost:{self.ports[kind]}"

    def deliver(self, name: str, octets: bytes, user: str = "alice") -> None:
        (self.spool / "mail" / user / "new" / name).write_bytes(octets)

    def mailbox(self, user: str = "alice") -> list[str]:
        return sorted(path.name for path in (self.spool / "mail" / user / "new").iterdir())


@contextmanager
def popping(spool: Path, **changed: object) -> Iterator[Popping]:
    """The server, for as long as the context lasts."""
    server = server_in(spool, tls_self_signed=True, **changed)
    told: queue.Queue[tuple[trio.lowlevel.TrioToken, trio.CancelScope, dict[Kind, int]]]
    told = queue.Queue()

    async def serve() -> None:
        ports: dict[Kind, int] = {}
        async with trio.open_nursery() as tasks:
            for kind in (Kind.POP3, Kind.POP3S):
                listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
                ports[kind] = listeners[0].socket.getsockname()[1]
                tasks.start_soon(trio.serve_listeners, partial(talk, kind), listeners)
            told.put((trio.lowlevel.current_trio_token(), tasks.cancel_scope, ports))

    async def talk(kind: Kind, stream: trio.SocketStream) -> None:
        await serve_pop3(server, stream, "127.0.0.1", Door(kind))

    thread = threading.Thread(target=partial(trio.run, serve))
    thread.start()
    token, scope, ports = told.get(timeout=10)
    try:
        yield Popping(server=server, spool=spool, ports=ports)
    finally:
        token.run_sync_soon(scope.cancel)
        thread.join()
