"""Refusals are answers: each is counted by stage and code, and nobody storms a server with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.cli.serving import serving
from tests.cli.loads import short
from tests.loadtests.servers import aiosmtpd

pytestmark = pytest.mark.slow

USERS = 3
STORM = 60  # tries of three users in 1.5 s; without pauses there would be thousands
SENDING = ["--to", "bob@example.test", "--timeout", "500ms"]
SERVER = ["--port", "0", "--discard", "--user", "bob", "--domain", "example.test"]


def lockstep(*more: str) -> str:
    return short("thresholds: [failures < 100%]", "pipelining: off", *more, users=USERS)


# what a server does -> what is counted; each try fails in the same way
FAULTS = {
    "{at: MAIL, reply: 451 4.7.1 slow down}": ("MAIL", "451 4.7.1"),
    "{at: RCPT, reply: 450 4.2.1 full of mail}": ("RCPT", "450 4.2.1"),
    "{at: ., reply: 452 4.3.1 no room}": ("dot", "452 4.3.1"),
    "{at: greeting, reply: 421 4.3.2 busy}": ("greeting", "421 4.3.2"),
    "{at: EHLO, reply: 421 4.7.0 too many}": ("hello", "421 4.7.0"),
    "{at: connect, drop: close}": ("greeting", "closed"),
    "{at: ., drop: close}": ("dot", "closed"),
    "{at: EHLO, silent: yes}": ("hello", "silent"),
    "{at: MAIL, silent: yes}": ("MAIL", "silent"),
}


@pytest.mark.parametrize(("fault", "kind"), FAULTS.items(), ids=FAULTS)
def test_who_is_refused_says_where_and_how_and_waits(
    load: Any, tmp_path: Path, fault: str, kind: tuple[str, str]
):
    (tmp_path / "faults.yaml").write_text(fault)
    words = [*SERVER, "--faults", str(tmp_path / "faults.yaml")]
    with serving(words, tmp_path / "err") as (at,):
        done = load(at, *SENDING, profile=lockstep())
    found = done.result

    assert done.status == (1 if found.messages.begun else 3)
    assert "MISSED failures < 100% (found 100.000%)" in done.said
    assert done.troubles == {kind}
    assert USERS <= found.failures < STORM
    assert found.messages.accepted == 0
    ended = found.messages.refused + found.messages.unanswered
    assert ended == found.messages.begun


def test_a_rate_limit_is_met_and_obeyed(load: Any, tmp_path: Path):
    (tmp_path / "faults.yaml").write_text("{at: MAIL, rate: 20/s, reply: 451 4.7.1 slow down}")
    words = [*SERVER, "--faults", str(tmp_path / "faults.yaml")]
    with serving(words, tmp_path / "err") as (at,):
        done = load(at, *SENDING, profile=lockstep())

    assert done.troubles == {("MAIL", "451 4.7.1")}
    assert done.result.messages.accepted >= 20
    assert done.result.failures < STORM


def test_as_many_messages_as_were_wanted_are_sent_to_who_hangs_up_at_a_dot_now_and_then(
    load: Any, tmp_path: Path
):
    (tmp_path / "faults.yaml").write_text("{at: ., every: 10, drop: yes}")
    words = [*SERVER, "--faults", str(tmp_path / "faults.yaml")]
    with serving(words, tmp_path / "err") as (at,):
        done = load(at, *SENDING, profile=short("messages: 100", users=USERS, duration="60s"))
    messages = done.result.messages

    assert (messages.begun, messages.accepted) == (100, 90)
    assert (messages.unanswered, done.troubles) == (10, {("dot", "closed")})


def test_a_certificate_that_nobody_vouches_for_is_trouble_of_tls(load: Any, tmp_path: Path):
    starttls = lockstep("tls: starttls")
    with serving([*SERVER, "--tls-self-signed"], tmp_path / "err") as (at,):
        done = load(at, *SENDING, profile=starttls)
        found = done.troubles
        assert USERS <= done.result.failures < STORM
        trusting = load(at, *SENDING, "--insecure", profile=starttls).result

    (stage, what), *others = found
    assert (stage, others) == ("TLS", [])
    assert "certificate" in what
    assert (trusting.failures, trusting.messages.accepted > 0) == (0, True)


def test_a_server_without_starttls_gets_no_mail_in_the_clear(load: Any):
    with aiosmtpd() as (address, taker):
        done = load(address, profile=lockstep("tls: starttls"))

    assert done.troubles == {("STARTTLS", "not offered")}
    assert taker.taken == []
    assert done.result.failures < STORM
