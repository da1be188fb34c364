"""Mail systems that relay to the server under test: brought up, given mail, and waited for."""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.peers.serving import PATIENCE, SENDER, Delivered, Mailbox

RELAYS = Path(__file__).parents[2] / "ci" / "peers"

_RECEIVED = re.compile(rb"Received: .*\r\n(?:\t.*\r\n)*")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def run_script(relay: str, script: str, *words: str) -> None:
    """One of its scripts; a relay that cannot be had here is a failure."""
    done = subprocess.run(
        [RELAYS / relay / script, *words], capture_output=True, text=True, timeout=PATIENCE * 4
    )
    if done.returncode:
        pytest.fail(f"{relay}/{script} ended with status {done.returncode}:\n{done.stderr}")


@contextlib.contextmanager
def relaying(relay: str, *words: str) -> Iterator[int]:
    """The relay, up for as long as the context lasts; gives the port that it takes mail on."""
    port = free_port()
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


def arrived(mailbox: Mailbox, count: int) -> list[Delivered]:
    """So many messages, once they have come; the relay takes the time that it takes."""
    deadline = time.monotonic() + PATIENCE
    messages: list[Delivered] = []
    while len(messages) < count:
        assert time.monotonic() < deadline, f"{len(messages)} of {count} messages have come"
        messages += mailbox.fresh()
        time.sleep(0.02)
    return messages


def as_handed_over(message: Delivered) -> bytes:
    """The content without the one trace line that a relay must put on top (RFC 5321 4.4)."""
    match = _RECEIVED.match(message.content)
    assert match is not None, f"the relay left no trace: {message.content[:200]!r}"
    return message.content[match.end() :]
