"""One server for all peers of a process, and what stands between it and them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.recording import Recorder, recording
from tests.peers.serving import Mailbox, Served, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Served]:
    """The reference server with its usual options."""
    with serving() as served:
        yield served


@pytest.fixture
def recorder(server: Served) -> Iterator[Recorder]:
    """A recorder in front of it."""
    with recording(server.port) as between:
        yield between


@pytest.fixture
def mailbox(server: Served) -> Mailbox:
    """Alice's mailbox, from now on."""
    return server.mailbox()
