"""`load --delivery` and `load --sink`: what was accepted is found, what is missing is named."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cli.serving import serving
from harness.load_results import Accounting, LoadResult, read
from tests.ports import reserved_port

pytestmark = pytest.mark.slow

PROFILE = "about: for tests\nusers: 3\nduration: 1s\n"
ALICE = "alice@example.test"


@contextlib.contextmanager
def spoiling(folder: Path, fault: str, *options: str) -> Iterator[tuple[str, str]]:
    """A server with this fault: where it takes mail, and where its counters are."""
    (folder / "faults.yaml").write_text(fault)
    with reserved_port() as control:
        words = [
            *("--port", "0", "--domain", "example.test", "--user", "alice", "--no-sync"),
            *("--spool", str(folder / "spool"), "--faults", str(folder / "faults.yaml")),
            *("--control", str(control), *options),
        ]
        with serving(words, folder / "stderr") as (address,):
            yield address, f"http://127.0.0.1:{control}"


def done(control: str) -> int:
    """How often the one fault has happened."""
    with urllib.request.urlopen(f"{control}/counters") as answer:
        (row,) = json.load(answer)["faults"].values()
    return int(row["done"])


@pytest.fixture
def loaded(invoke: Any, tmp_path: Path) -> Any:
    def loaded(address: str, *words: object, more: str = "") -> LoadResult:
        profile, result = tmp_path / "short.yaml", tmp_path / "result.json"
        profile.write_text(PROFILE + more)
        command = ("load", address, "-p", profile, "--timeout", "2s")
        loaded.said = invoke(*command, "--json", result, *words).output  # type: ignore[attr-defined]
        return read(result)

    return loaded


def spoiled_by(fault: str, folder: Path, loaded: Any) -> tuple[LoadResult, Accounting, int]:
    """A run against a server with this fault, its account, and how often that has happened."""
    with spoiling(folder, fault) as (address, control):
        maildir = folder / "spool" / "mail" / "alice"
        found = loaded(address, "--to", ALICE, "--delivery", f"maildir:{maildir}")
        spoiled = done(control)
    assert found.accounting is not None
    assert spoiled > 0
    return found, found.accounting, spoiled


FAULTS = {
    "lose": ("{at: ., odds: 1/20, lose: yes}", "lost"),
    "duplicate": ("{at: ., odds: 1/20, duplicate: yes}", "duplicates"),
    "alter": ("{at: ., odds: 1/20, alter: 1}", "altered"),
}


@pytest.mark.parametrize(("fault", "count"), FAULTS.values(), ids=FAULTS)
def test_all_that_a_server_spoils_is_found_and_named(tmp_path, loaded, fault, count):
    found, account, spoiled = spoiled_by(fault, tmp_path, loaded)
    assert {name: getattr(account, name) for _, name in FAULTS.values()} == {
        **dict.fromkeys(("lost", "duplicates", "altered"), 0),
        count: spoiled,
    }
    assert len(account.named) == min(spoiled, 100)
    assert account.accepted == found.messages.accepted
    assert account.accepted == account.delivered + account.lost
    assert account.latency.count == account.delivered
    assert account.named[0].token in loaded.said


KEPT = {
    "nobody answered": ("{at: ., every: 20, drop: yes, keep: yes}", "unsure"),
    "the answer was no": ("{at: ., every: 20, reply: 451 later, keep: yes}", "unknown"),
}


@pytest.mark.parametrize(("fault", "count"), KEPT.values(), ids=KEPT)
def test_what_arrives_without_having_been_accepted_is_counted(tmp_path, loaded, fault, count):
    found, account, spoiled = spoiled_by(fault, tmp_path, loaded)
    assert {name: getattr(account, name) for name in ("unsure", "unknown")} == {
        **dict.fromkeys(("unsure", "unknown"), 0),
        count: spoiled,
    }
    assert (account.lost, account.duplicates, account.altered) == (0, 0, 0)
    assert account.delivered == account.accepted == found.messages.accepted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_is_tired_of_waiting_is_told_what_was_measured(tmp_path, number):
    profile = tmp_path / "short.yaml"
    profile.write_text(PROFILE)
    with spoiling(tmp_path, "{at: NOOP, drop: yes}") as (address, _), reserved_port() as sink:
        words = (address, "-p", profile, "--to", ALICE, "--sink", sink, "--timeout", "60s")
        terminal, theirs = pty.openpty()
        waiting = subprocess.Popen(
            [sys.executable, "-m", "harness.cli", "load", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
        )
        shown = ""
        while "waiting for mail: 0 of " not in shown:  # for it stays where it was delivered
            assert select.select([terminal], [], [], 30)[0]
            shown += os.read(terminal, 10_000).decode()
        waiting.send_signal(number)
        said, _ = waiting.communicate(timeout=30)
        os.close(terminal)
        os.close(theirs)
    assert waiting.returncode == 128 + number
    assert "MISSED all mail is accounted for" in said
    assert "messages accepted in" in said
    assert "copies accepted" not in said


MANNERS = {
    "files, as they are": "contents: [mail]\n",
    "files, in chunks": "contents: [mail]\nchunking: yes\n",
    "many sizes, lock-step": "size: 600..40KiB\npipelining: off\n",
    "two recipients": "recipients: 2\n",
}


@pytest.mark.parametrize("manner", MANNERS.values(), ids=MANNERS)
def test_whatever_is_sent_is_found_as_it_was_sent(tmp_path, loaded, manner):
    mail = tmp_path / "mail"
    mail.mkdir()
    (mail / "1.eml").write_bytes(b"Subject: one\n\n.\n..\nno end")
    (mail / "2.eml").write_bytes("Subject: two\r\n\r\nGr\u00fc\u00dfe\r\n".encode())
    (mail / "3.eml").write_bytes(b"no header, only text\r\n")
    with spoiling(tmp_path, "{at: NOOP, drop: yes}", "--user", "bob") as (address, _):
        words = ["--to", ALICE, "--to", "bob@example.test"]
        for name in ("alice", "bob"):
            where = tmp_path / "spool" / "mail" / name
            words += ["--delivery", f"{name}@example.test=maildir:{where}"]
        found = loaded(address, *words, more=manner)
    account = found.accounting
    assert account is not None
    assert account.accepted >= found.messages.accepted > 0
    assert account.delivered == account.accepted
    assert account.named == ()


def test_where_mail_cannot_be_read_in_the_end_the_rest_is_told(tmp_path, loaded):
    flag = tmp_path / "read"
    # It prints nothing when it is asked first, and fails from then on.
    command = f"sh -c 'test ! -e {flag} && touch {flag}'"
    with spoiling(tmp_path, "{at: NOOP, drop: yes}") as (address, _):
        found = loaded(address, "--to", ALICE, "--delivery", f"command:{command}")
    assert found.messages.accepted > 0
    assert found.accounting is None
    assert "messages accepted in" in loaded.said
    assert "sh: exit status 1" in loaded.said


def test_what_a_server_relays_to_our_sink_is_accounted_for(tmp_path, loaded):
    with reserved_port() as sink:
        config = tmp_path / "serve.yaml"
        config.write_text(
            f"relay:\n  networks: [127.0.0.1]\n  routes: {{elsewhere.test: '127.0.0.1:{sink}'}}\n"
        )
        fault = "{at: ., every: 10, lose: yes}"
        with spoiling(tmp_path, fault, "--config", str(config)) as (address, control):
            found = loaded(address, "--to", "bob@elsewhere.test", "--sink", sink)
            spoiled = done(control)
    account = found.accounting
    assert account is not None
    assert account.where == f"sink:127.0.0.1:{sink}"
    assert spoiled > 0
    assert (account.lost, account.duplicates, account.altered) == (spoiled, 0, 0)
    assert account.accepted == found.messages.accepted == account.delivered + spoiled
    assert {it.recipient for it in account.named} == {"bob@elsewhere.test"}
