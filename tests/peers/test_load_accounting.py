"""A real Postfix under load, which relays to our sink: where is every message that it accepted?

How many there are is told by SMTP_HARNESS_MAIL; `make nightly` sends 100,000.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.load_results import LoadResult, read
from tests.peers.relaying import relaying
from tests.peers.serving import Served
from tests.ports import deserted_port, reserved_port

pytestmark = pytest.mark.peer

MAIL = int(os.environ.get("SMTP_HARNESS_MAIL", "5000"))
DOMAIN = "many.example.test"
TARGETS = os.environ.get("SMTP_HARNESS_TARGETS", str(Path.home() / ".cache/smtp-harness/targets"))
GONE = "nobody@example.test"  # whom our own server refuses
SPOOL = Path(TARGETS) / "postfix-relay" / "spool"
QUEUES = " ".join(f"{SPOOL}/{name}" for name in ("incoming", "active", "deferred"))
TARGET = f"""\
address: 127.0.0.1:{{port}}
domain: {DOMAIN}
sender: sender@{DOMAIN}
recipients: [{{recipients}}]
queue: sh -c "find {QUEUES} -type f | wc -l"
timeouts: {{{{delivery: {{patience}}s}}}}
"""
PROFILE = """\
about: as much as is wanted
users: {users}
duration: 30m
messages: {messages}
recipients: {recipients}
size: 1KiB
thresholds: [message max < 5min]
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """One that relays to the sink what is for anybody at DOMAIN, `stuck` excepted."""

    port: int
    sink: int

    def load(self, folder: Path, messages: int, *to: str, patience: float = 20) -> LoadResult:
        """Send so many messages, each to all of these, and account for them."""
        target, profile, result = (folder / name for name in ("t.yaml", "p.yaml", "r.json"))
        target.write_text(
            TARGET.format(port=self.port, recipients=", ".join(to), patience=patience)
        )
        profile.write_text(
            PROFILE.format(users=min(20, messages), messages=messages, recipients=len(to))
        )
        words = ("load", target, "-p", profile, "--sink", self.sink, "--json", result)
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli", *map(str, words)],
            capture_output=True,
            text=True,
            timeout=120 + MAIL / 20,
        )
        print(done.stdout)  # pytest shows it if something is wrong, and `make nightly` always
        assert result.is_file(), done.stderr
        return read(result)


@pytest.fixture(scope="module")
def postfix(server: Served) -> Iterator[Postfix]:
    with ExitStack() as stack:
        sink = stack.enter_context(reserved_port())
        nobody = stack.enter_context(deserted_port())
        routes = [
            f"{GONE}=busy:[127.0.0.1]:{server.port}",
            f"stuck@{DOMAIN}=busy:[127.0.0.1]:{nobody}",
            f"{DOMAIN}=busy:[127.0.0.1]:{sink}",
        ]
        port = stack.enter_context(relaying("postfix-relay", server.ca, "alice:secret", *routes))
        yield Postfix(port, sink)


def test_nothing_that_postfix_accepts_is_lost(postfix, tmp_path):
    found = postfix.load(tmp_path, MAIL, f"alice@{DOMAIN}")
    account = found.accounting
    assert account is not None
    assert account.accepted == found.messages.accepted == MAIL
    assert (account.delivered, account.lost, account.queued, account.bounced) == (MAIL, 0, 0, 0)
    assert (account.duplicates, account.altered, account.unknown) == (0, 0, 0)
    assert account.latency.count > 0
    assert account.latency.percentile(50) >= found.phases["dot"].least


def test_what_postfix_gives_up_comes_back_and_is_found(postfix, tmp_path):
    account = postfix.load(tmp_path, 100, f"alice@{DOMAIN}", GONE).accounting
    assert account is not None
    assert (account.accepted, account.delivered, account.bounced) == (200, 100, 100)
    assert account.balanced
    assert account.named == ()


def test_what_postfix_keeps_trying_is_queued_and_not_lost(postfix, tmp_path):
    account = postfix.load(
        tmp_path, 50, f"alice@{DOMAIN}", f"stuck@{DOMAIN}", patience=1
    ).accounting
    assert account is not None
    assert (account.accepted, account.delivered) == (100, 50)
    assert (account.queued, account.lost) == (50, 0)
