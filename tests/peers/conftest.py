"""One server for all peers of a process, and what stands between it and them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.peers.browsing import FLAGS
from tests.peers.programs import program
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


@pytest.fixture(scope="module")  # not longer: while it is there, nobody else may have a loop
def browser() -> Iterator[Browser]:
    """A browser; started once, for that takes longer than all that it is asked."""
    with sync_playwright() as playwright:
        path = program("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()
