"""A real Postfix under load, which relays to our sink: where is every message that it accepted?

How many there are is told by SMTP_HARNESS_MAIL; `make nightly` sends 100,000.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.load_results import LoadResult, read
from tests.peers.relaying import relaying, run_script, wait_until
from tests.peers.serving import Served
from tests.ports import deserted_port, reserved_port

pytestmark = pytest.mark.peer

MAIL = int(os.environ.get("SMTP_HARNESS_MAIL", "5000"))
DOMAIN = "many.example.test"
TARGETS = os.environ.get("SMTP_HARNESS_TARGETS", str(Path.home() / ".cache/smtp-harness/targets"))
GONE = "nobody@example.test"  # whom our own server refuses
SPOOL = Path(TARGETS) / "postfix-relay" / "spool"
QUEUES = " ".join(f"{SPOOL}/{name}" for name in ("incoming", "active", "deferred"))
ON_DISK = f'sh -c "find {QUEUES} -type f | wc -l"'
TARGET = f"""\
address: 127.0.0.1:{{port}}
domain: {DOMAIN}
sender: sender@{DOMAIN}
recipients: [{{recipients}}]
queue: {{queue}}
timeouts: {{{{delivery: {{patience}}s}}}}
"""
PROFILE = """\
about: as much as is wanted
users: {users}
duration: {duration}
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

    def load(
        self,
        folder: Path,
        messages: int,
        *to: str,
        patience: float = 20,
        duration: str = "30m",
        queue: str = ON_DISK,
        meanwhile: Callable[[], None] | None = None,
    ) -> LoadResult:
        """Send so many messages, each to all of these, and account for them."""
        target, profile, result = (folder / name for name in ("t.yaml", "p.yaml", "r.json"))
        target.write_text(
            TARGET.format(port=self.port, recipients=", ".join(to), patience=patience, queue=queue)
        )
        profile.write_text(
            PROFILE.format(
                users=min(20, messages), messages=messages, recipients=len(to), duration=duration
            )
        )
        words = ("load", target, "-p", profile, "--sink", self.sink, "--json", result)
        command = [sys.executable, "-m", "harness.cli", *map(str, words)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            try:
                if meanwhile is not None:
                    # A line for each second: some have been accepted, and more will be.
                    wait_until(lambda: lines_of(result) > 2, "it is under way")
                    meanwhile()
                said, _ = run.communicate(timeout=120 + MAIL / 20)
            except BaseException:
                run.kill()
                raise
        print(said)  # pytest shows it if something is wrong, and `make nightly` always
        assert result.is_file()
        return read(result)


def lines_of(result: Path) -> int:
    return result.read_bytes().count(b"\n") if result.exists() else 0


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


UNDER_WAY = 20  # messages that Postfix hands on at once to one destination, as it comes
THREE = [f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol")]


def test_nothing_that_postfix_accepts_is_lost(postfix, tmp_path):
    found = postfix.load(tmp_path, MAIL, *THREE)
    account = found.accounting
    assert account is not None
    assert found.messages.accepted == MAIL
    assert account.accepted == 3 * MAIL
    assert (account.delivered, account.lost, account.queued, account.bounced) == (3 * MAIL, 0, 0, 0)
    assert (account.duplicates, account.altered, account.unknown, account.foreign) == (0, 0, 0, 0)
    assert account.latency.count > 0
    assert account.latency.percentile(50) >= found.phases["dot"].least


def test_what_a_killed_postfix_took_is_there_when_it_is_back(postfix, tmp_path):
    def kill_and_go_on() -> None:
        run_script("postfix-relay", "kill")
        run_script("postfix-relay", "again", str(postfix.port))

    found = postfix.load(tmp_path, 1_000_000, *THREE, duration="8s", meanwhile=kill_and_go_on)
    account = found.accounting
    assert account is not None
    assert found.messages.unanswered > 0
    assert account.accepted == account.delivered == 3 * found.messages.accepted > 0
    assert (account.lost, account.queued, account.altered) == (0, 0, 0)
    # What it had handed on and not noted before it was killed comes twice: RFC 5321 6.1 wants no
    # loss, and 4.5.3.2.6 says how a message may be delivered twice.
    assert account.duplicates <= 3 * UNDER_WAY
    assert 0 <= account.unsure <= account.unanswered <= 3 * found.messages.unanswered
    assert account.unknown == 0


# How the queue is told -> where that is which a Postfix accepted that is no more.
KILLED = {"from its disk": (ON_DISK, "queued"), "not at all": ("echo 0", "lost")}


@pytest.mark.parametrize(("queue", "kind"), KILLED.values(), ids=KILLED)
def test_what_a_killed_postfix_did_not_deliver_is_named(postfix, tmp_path, queue, kind):
    def kill() -> None:
        run_script("postfix-relay", "kill")

    found = postfix.load(
        tmp_path, 1_000_000, *THREE, duration="6s", patience=1, queue=queue, meanwhile=kill
    )
    on_disk = sum(path.is_file() for name in QUEUES.split() for path in Path(name).rglob("*"))
    run_script("postfix-relay", "again", str(postfix.port))  # the other tests want it
    account = found.accounting
    assert account is not None
    missing = account.accepted - account.delivered
    counts = {name: getattr(account, name) for name in ("bounced", "queued", "lost")}
    assert counts == {"bounced": 0, "queued": 0, "lost": 0, kind: missing}
    assert {it.kind for it in account.named} == {kind}
    assert account.unknown == 0
    # It syncs before it says 250: what was accepted and has not come lies there, and what nobody
    # answered may lie there too.
    assert 0 < missing <= 3 * on_disk
    assert len(account.named) >= min(missing, 100)
    assert 0 < account.unanswered <= 3 * found.messages.unanswered


def test_what_postfix_gives_up_comes_back_and_is_found(postfix, tmp_path):
    account = postfix.load(tmp_path, 100, f"alice@{DOMAIN}", GONE).accounting
    assert account is not None
    assert (account.accepted, account.delivered, account.bounced) == (200, 100, 100)
    assert account.misfortunes == 0
    assert account.named == ()


def test_what_postfix_keeps_trying_is_queued_and_not_lost(postfix, tmp_path):
    account = postfix.load(
        tmp_path, 50, f"alice@{DOMAIN}", f"stuck@{DOMAIN}", patience=1
    ).accounting
    assert account is not None
    assert (account.accepted, account.delivered) == (100, 50)
    assert (account.queued, account.lost) == (50, 0)
