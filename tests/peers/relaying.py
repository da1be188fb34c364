"""Relays, theirs and ours: brought up, given mail, and waited for."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import smtplib
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.peers.serving import (
    DOMAIN,
    PASSWORD,
    PATIENCE,
    SENDER,
    USER,
    Delivered,
    Mailbox,
    Served,
    serving,
)
from tests.ports import reserved_port

OURS = "relay.test"  # the domain of our own relay
RELAYS = Path(__file__).parents[2] / "ci" / "peers"

_RECEIVED = re.compile(rb"Received: .*\r\n(?:\t.*\r\n)*")


def run_script(relay: str, script: str, *words: str) -> None:
    """One of its scripts; a relay that cannot be had here is a failure."""
    done = subprocess.run(
        [RELAYS / relay / script, *words], capture_output=True, text=True, timeout=PATIENCE * 4
    )
    if done.returncode:
        pytest.fail(f"{relay}/{script} ended with status {done.returncode}:\n{done.stderr}")


@contextlib.contextmanager
def relaying(relay: str, *words: str) -> Iterator[int]:
    """The relay, up for as long as the context lasts; gives the port that it takes mail on.

    There is one of each on a machine: another file's tests wait until it is down.
    """
    lock = Path(tempfile.gettempdir()) / f"smtp-harness-{os.getuid()}-{relay}.lock"
    with lock.open("wb") as file, reserved_port() as port:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            run_script(relay, "up", str(port), *words)
            yield port
        finally:
            run_script(relay, "down")


def hand_over(
    port: int,
    to: Sequence[str],
    *contents: bytes,
    mail: Sequence[str] = ("BODY=8BITMIME",),
    rcpt: Sequence[str] = (),
    sender: str = SENDER,
) -> None:
    """Give the relay messages, on one connection."""
    with smtplib.SMTP("127.0.0.1", port, "client.example.test", PATIENCE) as client:
        client.ehlo()
        for content in contents:
            assert client.sendmail(sender, to, content, mail, rcpt) == {}


def our_relay(folder: Path, next_hop: int) -> contextlib.AbstractContextManager[Served]:
    """A reference server of its own that relays what users give it to the next hop."""
    file = folder / "serve.yaml"
    file.write_text(f"relay: {{routes: {{many.{DOMAIN}: '127.0.0.1:{next_hop}'}}}}\n")
    return serving("--config", str(file), domain=OURS)


def submit(server: Served, to: Sequence[str], *contents: bytes) -> None:
    """Give our relay messages as its user does, on one connection."""
    with smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=PATIENCE) as client:
        client.starttls(context=ssl.create_default_context(cafile=server.ca))
        client.login(USER, PASSWORD)
        for content in contents:
            assert client.sendmail(f"{USER}@{OURS}", to, content, ["BODY=8BITMIME"]) == {}


def arrived(mailbox: Mailbox, count: int) -> list[Delivered]:
    """So many messages, once they have come; the relay takes the time that it takes."""
    messages: list[Delivered] = []

    def are_there() -> bool:
        messages.extend(mailbox.fresh())
        return len(messages) >= count

    wait_until(are_there, f"{count} messages have come")
    return messages


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Look again and again: other programs take the time that they take."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, f"after {PATIENCE:.0f} s it is not so that {what}"
        time.sleep(0.02)


def as_handed_over(message: Delivered, *, relays: int = 1) -> bytes:
    """The content without the trace line that each relay must put on top (RFC 5321 4.4)."""
    content = message.content
    for _ in range(relays):
        match = _RECEIVED.match(content)
        assert match is not None, f"a relay left no trace: {content[:200]!r}"
        content = content[match.end() :]
    return content
