"""Ports for programs that must be told one, and ports where nobody listens.

A port that was free a moment ago is nobody's: another run of these tests on this machine may be
given the same, or the system hands it out to a connection.  So what is reserved lies below the
ports that systems hand out, and a lock tells other runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

_OURS = range(20_000, 30_000)  # Linux hands out ports from 32768 on, macOS from 49152


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """A port of loopback that is ours as long as the context lasts, for a program to listen on."""
    locks = Path(tempfile.gettempdir()) / f"smtp-harness-ports-{os.getuid()}"
    locks.mkdir(exist_ok=True)
    while True:
        port = random.SystemRandom().choice(_OURS)  # a test may have seeded the other one
        with open(locks / str(port), "wb") as lock:
            if _takes(lock.fileno()) and _is_free(port):
                yield port
                return


@contextlib.contextmanager
def deserted_port() -> Iterator[int]:
    """A port of loopback where nobody listens, as long as the context lasts."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen: whoever connects is refused
        yield int(bound.getsockname()[1])


def _takes(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
