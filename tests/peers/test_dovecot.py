"""Delivery readers and a real store: Dovecot takes mail by LMTP, and shows it by POP3 and IMAP."""

from __future__ import annotations

import contextlib
import json
import os
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from harness.certificates import self_signed
from harness.errors import PeerError
from tests.delivery.reading import octets_of, opened
from tests.peers.messages import EIGHT_BIT, SEVEN_BIT
from tests.peers.relaying import run_script
from tests.peers.serving import PATIENCE
from tests.ports import reserved_port

pytestmark = pytest.mark.peer

LONG = b"Subject: long\r\n\r\n" + b"x" * 9_000 + b"\r\n.\r\n..\r\n\r\n"
KINDS = ("lmtp", "pop3", "pop3s", "imap", "imaps")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("dovecot")


@pytest.fixture(scope="module")
def ports(folder) -> Iterator[dict[str, int]]:
    certificate, key = self_signed(["localhost"], folder)
    with contextlib.ExitStack() as stack:
        found = {kind: stack.enter_context(reserved_port()) for kind in KINDS}
        stack.callback(run_script, "dovecot", "down")
        run_script("dovecot", "up", str(certificate), str(key), *map(str, found.values()))
        yield found


def deliver(port: int, *contents: bytes) -> None:
    with smtplib.LMTP("127.0.0.1", port, "client.example.test", timeout=PATIENCE) as client:
        for content in contents:
            client.sendmail("a@b.test", ["alice@example.test"], content, ["BODY=8BITMIME"])


@pytest.mark.parametrize("kind", KINDS[1:])
async def test_what_was_delivered_is_read_octet_for_octet(kind, ports, folder, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "secret")
    url = f"{kind}://{{local}}:env:MAIL_PASSWORD@127.0.0.1:{ports[kind]}"
    await trio.to_thread.run_sync(deliver, ports["lmtp"], b"Subject: old\r\n\r\n")
    reader = await opened(url, ca=folder / "cert.pem")
    assert await octets_of(reader) == []

    contents = (SEVEN_BIT, EIGHT_BIT, LONG)
    await trio.to_thread.run_sync(deliver, ports["lmtp"], *contents)
    found = await octets_of(reader)
    assert len(found) == len(contents)
    for octets, content in zip(found, contents, strict=True):
        on_top = octets.removesuffix(content)
        assert on_top != octets
        assert on_top.startswith(b"Return-Path: <a@b.test>\r\n")
    assert await octets_of(reader) == found


@pytest.mark.parametrize("kind", KINDS[1:])
async def test_a_wrong_password_is_told(kind, ports, folder, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "wonderland")
    url = f"{kind}://alice:env:MAIL_PASSWORD@127.0.0.1:{ports[kind]}"
    with pytest.raises(PeerError, match=r"127\.0\.0\.1:\d+: .*\[?AUTH"):
        await opened(url, ca=folder / "cert.pem")


# IMAP cannot carry NUL (RFC 3501 9), and Dovecot gives 0x80 for it.
UNMET = {"pop3s": [], "imaps": ["rfc5321/4.5.2/every-character/nul"]}


@pytest.mark.parametrize("kind", UNMET)
def test_a_run_reads_back_what_it_delivered(kind, ports, folder):
    target = folder / f"{kind}.yaml"
    target.write_text(
        f"address: lmtp://127.0.0.1:{ports['lmtp']}\n"
        "recipients: [alice@example.test]\n"
        "tls: {ca: cert.pem, server_name: localhost}\n"
        f"delivery: '{kind}://{{local}}:env:MAIL_PASSWORD@127.0.0.1:{ports[kind]}'\n"
    )
    result = folder / f"{kind}.json"
    words = ("run", target, "-s", "rfc5321/4.5.2", "--json", result)
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", *words],
        env=os.environ | {"MAIL_PASSWORD": "secret"},
        capture_output=True,
        text=True,
        timeout=PATIENCE * 4,
    )
    cases = json.loads(result.read_text())["outcomes"]
    assert {case["verdict"] for case in cases} <= {"met", "fail"}, done.stdout
    assert [case["address"] for case in cases if case["verdict"] == "fail"] == UNMET[kind]
