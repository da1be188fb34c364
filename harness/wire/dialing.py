"""Connecting: a wire to an address, or words about why there is none."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import trio

from harness.errors import TargetUnreachable
from harness.target import Address
from harness.wire.log import Log
from harness.wire.wire import Wire

_WORDS = {
    errno.ECONNREFUSED: "nobody listens there (connection refused)",
    errno.EHOSTUNREACH: "there is no way to that host",
    errno.ENETUNREACH: "there is no way to that network",
    errno.ETIMEDOUT: "no answer to the connection request",
}


async def dial(address: Address, log: Log, patience: float, name: str = "") -> Wire:
    """A wire to the address, TLS not yet begun; raises TargetUnreachable."""
    return Wire(await connect(address, log, patience, name), log, name=name)


async def connect(address: Address, log: Log, patience: float, name: str = "") -> trio.SocketStream:
    """A connection to the address, which the log is told of; raises TargetUnreachable."""
    with trio.move_on_after(patience) as waiting:
        try:
            stream = await trio.open_tcp_stream(address.host, address.port)
        except OSError as problem:
            raise TargetUnreachable(f"{address.endpoint}: {_words(problem)}") from problem
    if waiting.cancelled_caught:
        raise TargetUnreachable(
            f"{address.endpoint}: no answer to the connection request within {patience:g} s"
        )
    here = _endpoint(stream.socket.getsockname())
    log.happened(f"connected from {here} to {_peer(stream, address)}", name)
    return stream


def _peer(stream: trio.SocketStream, address: Address) -> str:
    try:
        return _endpoint(stream.socket.getpeername())
    except OSError:  # it has gone again already
        return address.endpoint


def _words(problem: OSError) -> str:
    causes = list(_leaves(problem))
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return f"no such host ({cause.strerror})"
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno:
            return _WORDS.get(cause.errno, cause.strerror or str(cause))
    return str(problem)


def _leaves(problem: BaseException) -> Iterator[BaseException]:
    """The errors of the single attempts, which trio puts into a group below one OSError."""
    if isinstance(problem, BaseExceptionGroup):
        for inner in problem.exceptions:
            yield from _leaves(inner)
    elif problem.__cause__ is not None:
        yield from _leaves(problem.__cause__)
    yield problem


def _endpoint(name: tuple[str, int]) -> str:
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
