"""Our own suites find nothing on our own server, at any grade, however the octets are cut."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from harness.cli.children import environment
from tests.peers.serving import ALICE, BOB, DOMAIN, PASSWORD, PATIENCE, USER, Served, serving

pytestmark = pytest.mark.peer

TARGET = """\
address: {kind}://127.0.0.1:{port}
always: [{always}]
listeners: {{{listeners}}}
domain: {domain}
recipients: [{recipients}]
many: user{{n}}@many.{domain}
unknown_recipient: nobody@{domain}
alias: team@{domain}
mailing_list: list@{domain}
foreign_recipient: someone@elsewhere.test
login: {{user: {user}, password_env: PEER_PASSWORD}}
tls: {{ca: {ca}, server_name: localhost}}
delivery: maildir:{mail}
"""
ALWAYS = {"submission": "tls, auth", "submissions": "auth"}  # what the door wants first
CUTS = ("whole", "lines", "bytes", "random:1", "random:2", "random:3")


def judged(server: Served, folder, *words: str, kind: str = "smtp") -> str:
    """The summary of a run in which even a warning would fail."""
    file = folder / "target.yaml"
    file.write_text(
        TARGET.format(
            kind=kind,
            port=server.ports[kind],
            always=ALWAYS.get(kind, ""),
            listeners=", ".join(
                f"{name}: '{name}://127.0.0.1:{port}'"
                for name, port in server.ports.items()
                if not name.startswith("pop3")
            ),
            domain=DOMAIN,
            recipients=f"{ALICE}, {BOB}",
            user=USER,
            ca=server.ca,
            mail=server.spool / "mail",
        )
    )
    words = ("run", str(file), "--level", "should", "-j", "4", *words)
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", *words],
        capture_output=True,
        text=True,
        env=environment() | {"PEER_PASSWORD": PASSWORD},
        timeout=PATIENCE * 4,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def counts(told: str) -> dict[str, int]:
    """The verdicts of a run: {"met": 111}."""
    summary = told.partition("cases judged in")[2]
    return {word: int(count) for count, word in re.findall(r"^ +(\d+) (\w+)", summary, re.M)}


@pytest.fixture(scope="module")
def server():
    with serving(every_mechanism=True) as complete:
        yield complete


@pytest.mark.parametrize("cut", CUTS)
def test_however_the_octets_are_cut(server, tmp_path, cut):
    found = counts(judged(server, tmp_path, "--segment", cut))
    assert set(found) == {"met"}
    assert found["met"] > 100


@pytest.mark.parametrize("kind", ["smtps", "submission", "submissions"])
def test_at_each_door(server, tmp_path, kind):
    found = counts(judged(server, tmp_path, kind=kind))
    assert set(found) <= {"met", "skip"}
    assert found["met"] > 100


def test_when_every_message_waits_for_the_disk(tmp_path):
    with serving("--sync", every_mechanism=True) as careful:
        assert set(counts(judged(careful, tmp_path, "--slow"))) == {"met"}


def test_a_warning_would_have_been_found(tmp_path):
    with serving("--fault", "crlf-dot-lf") as liar, pytest.raises(AssertionError, match="warn"):
        judged(liar, tmp_path, "-s", "smuggling")
