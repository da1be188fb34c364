from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.cli import embedded as module
from harness.cli.embedded import embedded, known_faults
from harness.errors import HarnessError, UsageError


def test_it_listens_on_loopback_and_knows_its_users(server):
    assert server.is_ours
    with smtplib.SMTP(server.address.host, server.address.port) as client:
        client.ehlo()
        client.mail("a@b.test")
        assert client.rcpt(server.recipient)[0] == 250
        assert client.rcpt(server.unknown_recipient)[0] == 550
        assert client.rcpt(server.many.replace("{n}", "7"))[0] == 250
        assert client.rcpt(server.foreign_recipient)[0] == 550


def test_what_it_delivers_can_be_read(server):
    with smtplib.SMTP(server.address.host, server.address.port) as client:
        client.sendmail("a@b.test", [server.recipient], "Subject: seen\n\nhello\n")

    folder = Path(server.delivery_of(server.recipient).removeprefix("maildir:"))
    assert any(b"Subject: seen" in path.read_bytes() for path in (folder / "new").iterdir())


def test_its_certificate_is_trusted_and_its_login_right(server):
    from harness.certificates import client_context

    context = client_context(ca=server.tls.ca)
    with smtplib.SMTP(server.tls.server_name, server.address.port) as client:
        client.starttls(context=context)
        client.login(server.login.user, server.login.password.reveal())


@pytest.mark.slow
def test_it_lies_on_request_and_ends_with_its_context():
    with embedded("no-rset") as target:
        assert target.arguments == ("--fault", "no-rset")
        with smtplib.SMTP(target.address.host, target.address.port) as client:
            client.helo()
            assert client.rset()[0] == 502
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(target.address.host, target.address.port)


def test_an_unknown_fault_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'no-unstuff'"), embedded("no-unstuf"):
        pass
    with pytest.raises(UsageError, match="--list-faults"), embedded("xyzzy"):
        pass
    assert known_faults()["no-rset"] == "RSET is not implemented"


@pytest.mark.slow
def test_a_server_that_does_not_start_says_why(monkeypatch):
    monkeypatch.setattr(module, "DOMAIN", "no domain")

    with pytest.raises(HarnessError, match=r"did not start: .*no domain"), embedded():
        pass


@pytest.mark.slow
def test_it_does_not_outlive_us():
    script = (
        "import sys\n"
        "from harness.cli.embedded import embedded\n"
        "with embedded() as target:\n"
        "    print(target.address.port, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    us = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent.parent,
    )
    port = int(us.stdout.readline())
    os.kill(us.pid, signal.SIGKILL)
    us.communicate()

    give_up = time.monotonic() + 5
    while True:
        try:
            smtplib.SMTP("127.0.0.1", port).close()
        except OSError:
            return
        assert time.monotonic() < give_up, "the server is still there"
