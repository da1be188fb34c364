"""`load --delivery` and `load --sink`: what was accepted is found, what is missing is named."""

from __future__ import annotations

import contextlib
import json
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.accounting.receipts import MOST_TIMES
from harness.cli.serving import serving
from harness.load_results import Accounting
from tests.cli.loads import Load, Loaded, short, work, written
from tests.ports import reserved_port

pytestmark = pytest.mark.slow

PATIENCE = ("--timeout", "2s")
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


def spoiled_by(fault: str, folder: Path, load: Any) -> tuple[Loaded, Accounting, int]:
    """A run against a server with this fault, its account, and how often that has happened."""
    with spoiling(folder, fault) as (address, control):
        maildir = folder / "spool" / "mail" / "alice"
        words = (address, *PATIENCE, "--to", ALICE, "--delivery", f"maildir:{maildir}")
        # Fewer than receipts keep the moments of, and so many as there is time for.
        run = load(*words, profile=short(f"messages: {MOST_TIMES - 100}", duration="30s"))
        spoiled = done(control)
    account = run.result.accounting
    assert account is not None
    assert spoiled > 0
    return run, account, spoiled


FAULTS = {
    "lose": ("{at: ., odds: 1/20, lose: yes}", "lost"),
    "duplicate": ("{at: ., odds: 1/20, duplicate: yes}", "duplicates"),
    "alter": ("{at: ., odds: 1/20, alter: 1}", "altered"),
}


@pytest.mark.parametrize(("fault", "count"), FAULTS.values(), ids=FAULTS)
def test_all_that_a_server_spoils_is_found_and_named(tmp_path, load, fault, count):
    run, account, spoiled = spoiled_by(fault, tmp_path, load)
    assert {name: getattr(account, name) for _, name in FAULTS.values()} == {
        **dict.fromkeys(("lost", "duplicates", "altered"), 0),
        count: spoiled,
    }
    assert len(account.named) == min(spoiled, 100)
    assert account.accepted == run.result.messages.accepted
    assert account.accepted == account.delivered + account.lost
    assert account.latency.count == account.delivered
    assert account.named[0].token in run.said


def test_a_recipient_who_is_refused_makes_up_for_nobody(tmp_path, load):
    with spoiling(tmp_path, "{at: ., every: 10, lose: yes}") as (address, control):
        where = f"maildir:{tmp_path / 'spool' / 'mail' / 'alice'}"
        words = ("--to", "nobody@example.test", "--to", ALICE, "--delivery", where)
        run = load(address, *PATIENCE, *words, profile=short("recipients: 2", duration="1s"))
        spoiled = done(control)
    account = run.result.accounting
    assert account is not None
    assert spoiled > 0
    assert (account.accepted, account.lost) == (run.result.messages.accepted, spoiled)
    assert account.accepted == account.delivered + account.lost
    assert {(it.kind, it.recipient) for it in account.named} == {("lost", ALICE)}


KEPT = {
    "nobody answered": ("{at: ., every: 20, drop: yes, keep: yes}", {"unanswered", "unsure"}),
    "nobody answered, and it is gone": ("{at: ., every: 20, drop: yes}", {"unanswered"}),
    "the answer was no": ("{at: ., every: 20, reply: 451 later, keep: yes}", {"unknown"}),
}
NOT_ACCEPTED = ("unanswered", "unsure", "unknown")


@pytest.mark.parametrize(("fault", "counts"), KEPT.values(), ids=KEPT)
def test_what_was_not_accepted_is_counted_by_what_became_of_it(tmp_path, load, fault, counts):
    run, account, spoiled = spoiled_by(fault, tmp_path, load)
    assert {name: getattr(account, name) for name in NOT_ACCEPTED} == {
        name: spoiled if name in counts else 0 for name in NOT_ACCEPTED
    }
    assert (account.lost, account.duplicates, account.altered) == (0, 0, 0)
    assert account.delivered == account.accepted == run.result.messages.accepted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_is_tired_of_waiting_is_told_what_was_measured(tmp_path, number):
    profile = written(tmp_path, short(duration="1s"))
    with spoiling(tmp_path, "{at: NOOP, drop: yes}") as (address, _), reserved_port() as sink:
        words = (address, "-p", profile, "--to", ALICE, "--sink", sink, "--timeout", "60s")
        with Load(tmp_path, *words, on_terminal=True) as waiting:
            waiting.wait_until_shown("waiting for mail: 0 of ")  # it stays where it was delivered
            waiting.send(number)
            run = waiting.end()
    assert run.status == 128 + number
    assert "messages accepted in" in run.said
    assert "copies accepted" not in run.said


def test_an_account_that_cannot_be_made_takes_nothing_of_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where the generator notes what was accepted
    profile = written(tmp_path, short())
    report = tmp_path / "junit.xml"
    with spoiling(tmp_path, "{at: NOOP, drop: yes}") as (address, _), reserved_port() as sink:
        words = (address, "-p", profile, "--to", ALICE, "--sink", sink, *PATIENCE)
        with Load(tmp_path, *words, "--report", f"junit:{report}") as loading:
            loading.wait_until(lambda known: known.messages.accepted > 0)
            (scratch,) = tmp_path.glob("smtp-harness-load-*")
            with (scratch / "receipts").open("a") as receipts:
                receipts.write("what is this?\n")
            run = loading.end()
    assert run.status == 2
    assert "this is no line of receipts: 'what is this?" in run.said
    assert "messages accepted in" in run.said
    assert run.result.messages.accepted > 0
    assert run.result.accounting is None
    assert run.result.thresholds[-1].found == "it could not be looked for"
    assert "it could not be looked for" in report.read_text()


MANNERS = {
    "files, as they are": "contents: [mail]\n",
    "files, in chunks": "contents: [mail]\nchunking: yes\n",
    "many sizes, lock-step": "size: 600..40KiB\npipelining: off\n",
    "two recipients": "recipients: 2\n",
}


@pytest.mark.parametrize("manner", MANNERS.values(), ids=MANNERS)
def test_whatever_is_sent_is_found_as_it_was_sent(tmp_path, load, manner):
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
        found = load(address, *PATIENCE, *words, profile=short(manner, duration="1s")).result
    account = found.accounting
    assert account is not None
    assert account.accepted >= found.messages.accepted > 0
    assert account.delivered == account.accepted
    assert account.named == ()


def test_where_mail_cannot_be_read_in_the_end_the_rest_is_told(tmp_path, load):
    flag = tmp_path / "read"
    # It prints nothing when it is asked first, and fails from then on.
    command = f"sh -c 'test ! -e {flag} && touch {flag}'"
    with spoiling(tmp_path, "{at: NOOP, drop: yes}") as (address, _):
        words = (address, *PATIENCE, "--to", ALICE, "--delivery", f"command:{command}")
        run = load(*words, profile=short(duration="1s"))
    assert run.result.messages.accepted > 0
    assert run.result.accounting is None
    assert "messages accepted in" in run.said
    assert "sh: exit status 1" in run.said


def test_what_a_server_relays_to_our_sink_is_accounted_for(tmp_path, load):
    with reserved_port() as sink:
        config = tmp_path / "serve.yaml"
        config.write_text(
            f"relay:\n  networks: [127.0.0.1]\n  routes: {{elsewhere.test: '127.0.0.1:{sink}'}}\n"
        )
        fault = "{at: ., every: 10, lose: yes}"
        with spoiling(tmp_path, fault, "--config", str(config)) as (address, control):
            words = (address, *PATIENCE, "--to", "bob@elsewhere.test", "--sink", sink)
            found = load(*words, profile=short(duration="1s")).result
            spoiled = done(control)
    account = found.accounting
    assert account is not None
    assert account.where == f"sink:127.0.0.1:{sink}"
    assert spoiled > 0
    assert (account.lost, account.duplicates, account.altered) == (spoiled, 0, 0)
    assert account.accepted == found.messages.accepted == account.delivered + spoiled
    assert {it.recipient for it in account.named} == {"bob@elsewhere.test"}


def test_a_master_accounts_for_what_workers_elsewhere_sent(tmp_path):
    profile = written(tmp_path, short(duration="1s"))
    with spoiling(tmp_path, "{at: NOOP, drop: yes}") as (address, _), reserved_port() as port:
        words = (address, "-p", profile, "--to", ALICE, "--master-port", port)
        maildir = tmp_path / "spool" / "mail" / "alice"
        with Load(tmp_path, *words, "--master", "--delivery", f"maildir:{maildir}") as master:
            worker = work(*words)
            run = master.end()

    assert worker.returncode == 0, worker.stderr
    assert worker.stderr == (
        f"waiting for a master at 127.0.0.1:{port}\nworking for the master at 127.0.0.1:{port}\n"
    )
    account = run.result.accounting
    assert account is not None
    assert account.accepted == account.delivered == run.result.messages.accepted > 0
    assert account.named == ()
