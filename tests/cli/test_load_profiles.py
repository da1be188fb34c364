"""Profiles against the reference server: what a behaviour says is what it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.loads import short

pytestmark = pytest.mark.slow

EVERYBODY = """\
about: all that a sender can do, at once
users: 14
duration: 2500ms
mix:
  bulk: {share: 30%, chunking: yes, recipients: 1..5, size: 1KiB..16KiB}
  web-mail: {share: 14%, think: 100ms..300ms, messages_per_connection: 1..3}
  submission: {share: 14%, think: 50ms}
  files: {share: 14%, like: web-mail, contents: two.mbox, think: 10ms}
  bounce-prone: {share: 14%, think: 50ms, messages_per_connection: 3}
  implicit: {share: 14%, like: bulk, tls: implicit, listener: smtps, messages_per_connection: 5,
             resume: 50%}
thresholds:
  - failures < 70%
"""
MBOX = b"""\
From a@example.test Thu Jan  1 00:00:00 2026
Subject: one

.dot

From b@example.test Thu Jan  1 00:00:00 2026
Subject: two
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

gr\xc3\xbcn
"""


def test_everybody_of_a_mix_sends_and_all_of_it_arrives_as_it_was(load: Any, tmp_path: Path):
    (tmp_path / "two.mbox").write_bytes(MBOX)
    done = load("--account", profile=EVERYBODY)
    found = done.result

    assert done.status == 0, done.said
    assert found.accounting is not None
    assert found.accounting.misfortunes == 0
    assert found.accounting.accepted == found.accounting.delivered > found.messages.accepted
    assert {"AUTH", "STARTTLS", "TLS"} <= set(found.phases)
    assert found.phases["TLS"].count > found.phases["STARTTLS"].count > 0
    assert found.resumed > 0
    assert done.troubles == {("RCPT", "550 5.1.1")}


def test_the_same_messages_go_out_by_lmtp(load: Any):
    done = load("--account", profile=short("listener: lmtp", "recipients: 2"))
    found = done.result

    assert done.status == 0, done.said
    assert found.accounting is not None
    assert found.accounting.delivered == 2 * found.messages.accepted > 0


@pytest.mark.parametrize("name", ["tls", "mixed", "large", "step-to-breaking-point"])
def test_a_profile_that_is_shipped_holds_what_it_promises(load: Any, name: str):
    done = load("--duration", "2s", profile=name)

    assert done.status == 0, done.said
    assert done.result.messages.accepted > 0
    assert (done.result.resumed > 0) == (name == "tls")
